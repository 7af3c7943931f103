package erpclient_test

import (
	"reflect"
	"sync"
	"testing"
	"time"

	"snowgate/erpclient"
	"snowgate/erpclient/erptest"
)

func TestATraceCollectsEveryQuestionOfOneRequest(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		ctx, trace := erpclient.WithTrace(t.Context())
		if _, err := w.client(nil).OrderDetail(ctx, alice, "1"); err != nil {
			t.Fatal(err)
		}
		ops := map[string]int{}
		for _, a := range trace.Trail().Attempts {
			if a.Kind != "" || a.Channel != "primary" {
				t.Errorf("got attempt %+v, want a success on primary", a)
			}
			ops[a.Op]++
		}
		want := map[string]int{erptest.OpOrder: 1, erptest.OpDeliveries: 1, erptest.OpMaterials: 1}
		if !reflect.DeepEqual(ops, want) {
			t.Errorf("got attempts %v, want %v", ops, want)
		}
	})
}

func TestATrailIsACopy(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		c := w.client(nil)
		ctx, trace := erpclient.WithTrace(t.Context())
		_, _ = search(ctx, c, alice, "1")
		trail := trace.Trail()
		trail.Attempts[0].Op = "changed"
		if got := trace.Trail().Attempts[0].Op; got != erptest.OpSearchOrders {
			t.Errorf("got %q: the trace was changed through its copy", got)
		}
		var all sync.WaitGroup
		all.Go(func() { _, _ = search(ctx, c, alice, "2") })
		all.Go(func() { trace.Trail() })
		all.Wait()
	})
}

func TestTookAddsTheAttemptsUp(t *testing.T) {
	trail := erpclient.Trail{Attempts: []erpclient.Attempt{{Took: time.Second}, {Took: 2 * time.Second}}}
	if got := trail.Took(); got != 3*time.Second {
		t.Errorf("got %s, want 3s", got)
	}
	if got := (erpclient.Trail{}).Took(); got != 0 {
		t.Errorf("got %s for nothing, want 0", got)
	}
}
