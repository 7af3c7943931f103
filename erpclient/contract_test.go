package erpclient_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"snowgate/erpclient"
)

// drifting is a Contract with a clock to wind and what it has logged.
type drifting struct {
	*erpclient.Contract
	now     time.Time
	log     bytes.Buffer
	figures *prometheus.Registry
}

func newDrifting() *drifting {
	d := &drifting{now: time.Date(2026, 1, 31, 8, 0, 0, 0, time.UTC), figures: prometheus.NewRegistry()}
	d.Contract = erpclient.NewContract(slog.New(slog.NewTextHandler(&d.log, nil)), d.figures, func() time.Time { return d.now })
	return d
}

func (d *drifting) logged() int { return strings.Count(d.log.String(), "\n") }

var (
	amount  = erpclient.Drift{Op: "search_orders", Path: "orders.amount", Want: "number", Got: "object"}
	missing = erpclient.Drift{Op: "search_orders", Path: "orders.amount", Want: "number", Got: "missing"}
	number  = erpclient.Drift{Op: "order", Path: "orderNo", Want: "string", Got: "number"}
)

func TestADriftIsCountedEachTimeAndLoggedOnceAnHour(t *testing.T) {
	d := newDrifting()
	steps := []struct {
		pass   time.Duration
		drift  erpclient.Drift
		logged int
	}{
		{0, amount, 1},
		{time.Minute, amount, 1},
		{58 * time.Minute, amount, 1},
		{0, missing, 2}, // another type is another drift
		{0, number, 3},
		{time.Minute, amount, 4}, // an hour after its first line
		{59 * time.Minute, amount, 4},
		{0, missing, 5},
		{time.Minute, amount, 6},
	}
	for i, step := range steps {
		d.now = d.now.Add(step.pass)
		d.Report(step.drift)
		if got := d.logged(); got != step.logged {
			t.Errorf("step %d: %d lines are logged, want %d", i, got, step.logged)
		}
	}
	wantFigure(t, d.figures, `snowgate_erp_contract_drift_total{op="search_orders",path="orders.amount"}`, 8)
	wantFigure(t, d.figures, `snowgate_erp_contract_drift_total{op="order",path="orderNo"}`, 1)
	for _, want := range []string{"level=WARN", "op=search_orders", "path=orders.amount", "want=number", "got=object"} {
		if line, _, _ := strings.Cut(d.log.String(), "\n"); !strings.Contains(line, want) {
			t.Errorf("%q is not logged in %s", want, line)
		}
	}
}

func TestDriftsAreListedTheLatestFirst(t *testing.T) {
	d := newDrifting()
	first := d.now
	for _, drift := range []erpclient.Drift{missing, amount, number} {
		d.Report(drift)
	}
	d.now = d.now.Add(time.Minute)
	d.Report(number)
	want := []erpclient.DriftStatus{
		{Op: "order", Path: "orderNo", Want: "string", Got: "number", Count: 2, LastSeen: d.now},
		{Op: "search_orders", Path: "orders.amount", Want: "number", Got: "missing", Count: 1, LastSeen: first},
		{Op: "search_orders", Path: "orders.amount", Want: "number", Got: "object", Count: 1, LastSeen: first},
	}
	for range 10 { // maps have no order of their own
		if got := d.Status(); !reflect.DeepEqual(got, want) {
			t.Fatalf("got  %+v\nwant %+v", got, want)
		}
	}
	bubble(t, func(t *testing.T) {
		c := newWorld().client(func(cfg *erpclient.Config) { cfg.Contract = d.Contract })
		if got := c.Status().Contract; !reflect.DeepEqual(got, want) {
			t.Errorf("the client's status has %+v, want %+v", got, want)
		}
	})
}

func TestTheListOfDriftsIsBounded(t *testing.T) {
	d := newDrifting()
	for i := range 1000 {
		d.Report(erpclient.Drift{Op: "order", Path: "field-" + strconv.Itoa(i), Want: "string", Got: "number"})
	}
	if got := len(d.Status()); got != 256 {
		t.Errorf("%d drifts are remembered, want 256", got)
	}
	if got := d.logged(); got != 256 {
		t.Errorf("%d lines are logged, want 256", got)
	}
	d.Report(erpclient.Drift{Op: "order", Path: "field-0", Want: "string", Got: "number"})
	for _, status := range d.Status() {
		if status.Path == "field-0" && status.Count != 2 {
			t.Errorf("a drift that is known was counted %d times, want 2", status.Count)
		}
	}
	wantFigure(t, d.figures, `snowgate_erp_contract_drift_total{op="order",path="field-999"}`, 1)
}

func TestWithoutAContractThereIsAnEmptyList(t *testing.T) {
	var none *erpclient.Contract
	for name, got := range map[string][]erpclient.DriftStatus{"nil": none.Status(), "new": newDrifting().Status()} {
		if got == nil || len(got) != 0 {
			t.Errorf("%s: got %#v, want a list without drifts", name, got)
		}
	}
}

func TestDriftsAreReportedSideBySide(t *testing.T) {
	d := newDrifting()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := range 100 {
				d.Report(erpclient.Drift{Op: "order", Path: fmt.Sprint("field-", i%3)})
				_ = d.Status()
			}
		})
	}
	all.Wait()
	sum := 0
	for _, status := range d.Status() {
		sum += status.Count
	}
	if sum != 800 {
		t.Errorf("%d reports were counted, want 800", sum)
	}
}
