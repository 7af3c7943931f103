package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// echo is a stand-in with nothing behind it but a counter.
type echo struct {
	*faultBoard
	done chan struct{} // one token per request carried out
}

const echoAnswer = `{"success":true,"openid":"o1","data":{"_count":1,"_dataList":[{"id":"7","amount":"12.50","name":"雪"}]}}`

func (e echo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.serve(w, r, r.Method+" "+r.URL.Path, func(w http.ResponseWriter, _ *http.Request) {
		e.done <- struct{}{}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, echoAnswer)
	})
}

func newEcho(t *testing.T, faults ...Fault) (e echo, url string) {
	t.Helper()
	e = echo{newFaultBoard(), make(chan struct{}, 1000)}
	e.SetFaults(faults...)
	return e, serve(t, e)
}

func TestFaultSlowWaitsThenAnswers(t *testing.T) {
	_, url := newEcho(t, Fault{Kind: "slow", Delay: 40 * time.Millisecond}, Fault{Kind: "slow", Delay: 20 * time.Millisecond})
	start := time.Now()
	got := ask(t, plainClient(t), "GET", url, nil)
	if took := time.Since(start); took < 60*time.Millisecond || string(got.body) != echoAnswer {
		t.Errorf("after %v: %s", took, got.body)
	}
}

func TestFaultHangHoldsUntilTheClientLeaves(t *testing.T) {
	e, url := newEcho(t, Fault{Kind: "hang"})
	ctx, leave := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer leave()
	if _, err := tryAsk(ctx, plainClient(t), "POST", url, m{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if len(e.done) != 0 {
		t.Error("a hanging request was carried out")
	}
}

func TestFaultHangEndsWhenTheStandInCloses(t *testing.T) {
	e, url := newEcho(t, Fault{Kind: "hang", Times: 1})
	c := plainClient(t)
	answered := make(chan error, 1)
	go func() {
		_, err := tryAsk(context.Background(), c, "GET", url, nil)
		answered <- err
	}()
	eventually(t, "the request is held", func() bool { return len(e.Faults()) == 0 })
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-answered:
		if err == nil {
			t.Error("a held request was answered")
		}
	case <-time.After(patience):
		t.Error("the request is held after Close")
	}
}

func TestFaultsEndWhenTheStandInCloses(t *testing.T) {
	for _, f := range []Fault{{Kind: "slow", Delay: time.Hour}, {Kind: "late", Delay: time.Hour}, {Kind: "drip", Delay: time.Hour}, {Kind: "hang"}, {Kind: "huge"}} {
		e, url := newEcho(t, f)
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := tryAsk(t.Context(), plainClient(t), "GET", url, nil); err == nil {
			t.Errorf("%s: a whole answer from a closed stand-in", f.Kind)
		}
	}
}

func TestFaultResetIsAnRST(t *testing.T) {
	for kind, done := range map[string]int{"reset": 0, "lost": 1} {
		e, url := newEcho(t, Fault{Kind: kind})
		_, err := tryAsk(t.Context(), plainClient(t), "POST", url, m{"a": 1})
		if !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("%s: %v", kind, err)
		}
		if len(e.done) != done {
			t.Errorf("%s: carried out %d times, want %d", kind, len(e.done), done)
		}
	}
}

// TestFaultLateIsCarriedOutWithoutItsClient: what a slow system does with a write that nobody
// waits for any more.
func TestFaultLateIsCarriedOutWithoutItsClient(t *testing.T) {
	e, url := newEcho(t, Fault{Kind: "late", Delay: 300 * time.Millisecond, Times: 1})
	c := plainClient(t)
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan struct{})
	go func() {
		defer close(left)
		_, _ = tryAsk(ctx, c, "POST", url, m{})
	}()
	eventually(t, "the request is there", func() bool { return len(e.Faults()) == 0 })
	leave()
	<-left
	eventually(t, "the request is carried out", func() bool { return len(e.done) == 1 })
	e.SetFaults(Fault{Kind: "late", Delay: time.Millisecond})
	if got := ask(t, c, "POST", url, m{}); string(got.body) != echoAnswer {
		t.Errorf("whoever waits gets %s", got.body)
	}
}

func TestFaultStatus(t *testing.T) {
	for want, f := range map[string]Fault{
		"503 ":  {Kind: "status"},
		"429 7": {Kind: "status", Status: 429, RetryAfter: 7},
		"404 ":  {Kind: "status", Status: 404},
	} {
		e, url := newEcho(t, f)
		got := ask(t, plainClient(t), "GET", url, nil)
		if s := fmt.Sprintf("%d %s", got.status, got.header.Get("Retry-After")); s != want || len(e.done) != 0 {
			t.Errorf("got %q, want %q", s, want)
		}
	}
}

func TestFaultHTML(t *testing.T) {
	_, url := newEcho(t, Fault{Kind: "html"})
	got := ask(t, plainClient(t), "GET", url, nil)
	if got.status != 200 || !strings.HasPrefix(got.header.Get("Content-Type"), "text/html") || !strings.HasPrefix(string(got.body), "<!DOCTYPE html>") {
		t.Errorf("%d %s %s", got.status, got.header, got.body)
	}
}

func TestFaultBrokenJSONCutsTheRealAnswer(t *testing.T) {
	_, url := newEcho(t, Fault{Kind: "broken_json"})
	got := ask(t, plainClient(t), "GET", url, nil)
	if got.status != 200 || got.header.Get("Content-Type") != "application/json" || json.Valid(got.body) ||
		string(got.body) != echoAnswer[:len(echoAnswer)/2] {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestFaultWrongShapeIsValidJSONOfOtherTypes(t *testing.T) {
	_, url := newEcho(t, Fault{Kind: "wrong_shape"})
	got := ask(t, plainClient(t), "GET", url, nil).object(t)
	rows, isObject := object(got["data"])["_dataList"].(map[string]any)
	if !isObject {
		t.Fatalf("_dataList is still a list: %v", got)
	}
	if _, isObject := object(rows["0"])["amount"].(map[string]any); !isObject {
		t.Errorf("amount is %v", rows["0"])
	}
	if _, isObject := got["openid"].(map[string]any); !isObject || got["success"] != true {
		t.Errorf("openid is %v, success %v", got["openid"], got["success"])
	}
}

func TestWrongShapeOfAnswersWithNothingToBend(t *testing.T) {
	for in, want := range map[string]string{
		`{"success":true}`: `[{"success":true}]`,
		`no json`:          `["no json"]`,
		`[]`:               `{}`,
		`[[1]]`:            `{"0":{"0":1}}`,
	} {
		if got := string(bendJSON([]byte(in))); got != want {
			t.Errorf("%s bent to %s, want %s", in, got, want)
		}
	}
}

func TestFaultHugeIsValidJSONAbove16MiB(t *testing.T) {
	_, url := newEcho(t, Fault{Kind: "huge"})
	got := ask(t, plainClient(t), "GET", url, nil)
	if len(got.body) <= 16<<20 || !json.Valid(got.body) {
		t.Errorf("%d bytes, valid JSON: %v", len(got.body), json.Valid(got.body))
	}
}

func TestFaultDripSendsByteByByte(t *testing.T) {
	_, url := newEcho(t, Fault{Kind: "drip", Delay: time.Millisecond})
	start := time.Now()
	got := ask(t, plainClient(t), "GET", url, nil)
	if took := time.Since(start); took < time.Duration(len(echoAnswer))*time.Millisecond || string(got.body) != echoAnswer {
		t.Errorf("after %v: %s", took, got.body)
	}
}

func TestFaultDripCanBeLeft(t *testing.T) {
	_, url := newEcho(t, Fault{Kind: "drip"})
	ctx, leave := context.WithTimeout(t.Context(), 120*time.Millisecond)
	defer leave()
	_, err := tryAsk(ctx, plainClient(t), "GET", url, nil)
	if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestFaultOfUnknownKindIsLoud(t *testing.T) {
	_, url := newEcho(t, Fault{Kind: "slwo"})
	got := ask(t, plainClient(t), "GET", url, nil)
	if got.status != 500 || !strings.Contains(string(got.body), `"slwo"`) {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestFaultTimesMatchAndOrder(t *testing.T) {
	e, url := newEcho(t,
		Fault{Kind: "status", Status: 500, Match: "GET /a", Times: 2},
		Fault{Kind: "status", Status: 501, Match: "/a"},
		Fault{Kind: "status", Status: 502, Match: "POST"})
	c := plainClient(t)
	for i, step := range []struct {
		method, path string
		want         int
	}{
		{"GET", "/a", 500}, {"GET", "/b", 200}, {"POST", "/a", 501}, {"GET", "/a", 500}, {"GET", "/a", 501}, {"POST", "/b", 502},
	} {
		if got := ask(t, c, step.method, url+step.path, nil); got.status != step.want {
			t.Errorf("step %d: %s %s answered %d, want %d", i, step.method, step.path, got.status, step.want)
		}
	}
	if left := e.Faults(); len(left) != 2 {
		t.Errorf("in force: %+v", left)
	}
	e.ClearFaults()
	if got := ask(t, c, "POST", url+"/a", nil); got.status != 200 {
		t.Errorf("after ClearFaults: %d", got.status)
	}
}

func TestFaultShare(t *testing.T) {
	count := func(share float64) (hits int) {
		b := newFaultBoard()
		b.SetFaults(Fault{Kind: "reset", Share: share})
		for range 2000 {
			if f, _ := b.pick("GET /"); f.Kind != "" {
				hits++
			}
		}
		return hits
	}
	if got := count(0.3); got < 500 || got > 700 {
		t.Errorf("share 0.3 hit %d of 2000", got)
	}
	if first, again := count(0.3), count(0.3); first != again || count(1) != 2000 || count(0) != 2000 {
		t.Error("shares are not repeatable, or 1 and 0 do not mean all")
	}
}

func TestSlowCombinesWithAnotherFault(t *testing.T) {
	_, url := newEcho(t, Fault{Kind: "status", Status: 500}, Fault{Kind: "slow", Delay: 30 * time.Millisecond})
	start := time.Now()
	got := ask(t, plainClient(t), "GET", url, nil)
	if took := time.Since(start); took < 30*time.Millisecond || got.status != 500 {
		t.Errorf("%d after %v", got.status, took)
	}
}

func TestERPFaultsCanHitOneForm(t *testing.T) {
	e, c := service(t)
	e.SetFaults(Fault{Kind: "status", Match: "getBusinessPageList " + formLines})
	if got := c.raw("getBusinessPageList", m{"formId": 100185}); got.status != 503 {
		t.Errorf("lines: %d", got.status)
	}
	if got := c.raw("getBusinessPageList", m{"formId": formOrders}); got.status != 200 {
		t.Errorf("orders: %d", got.status)
	}
	e.SetFaults(Fault{Kind: "lost", Match: "updateBusiness"})
	order := e.Orders("501")[0]
	body := m{"appName": "SnowInventory-10001", "formId": formOrders, "action": 2, "id": order.ID, "data": m{"remark": "写了"}}
	if _, err := tryAsk(t.Context(), c.http, "POST", c.url+"/business/updateBusiness", body, "Cookie", "JSESSIONID="+c.app+"; sid="+c.sid); err == nil {
		t.Error("a lost answer arrived")
	}
	if got := c.data("getBusiness", m{"formId": formOrders, "id": order.ID}); got["remark"] != "写了" {
		t.Errorf("the update behind a lost answer was not carried out: %v", got["remark"])
	}
}
