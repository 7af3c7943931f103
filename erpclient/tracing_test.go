package erpclient_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"snowgate/erpclient"
	"snowgate/erpclient/erptest"
)

// spans are what a client with a Tracer has told, by name.
type spans struct {
	recorder *tracetest.SpanRecorder
	tracer   trace.Tracer
}

func newSpans() *spans {
	r := tracetest.NewSpanRecorder()
	return &spans{r, sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(r)).Tracer("test")}
}

func (s *spans) on(cfg *erpclient.Config) { cfg.Tracer = s.tracer }

func (s *spans) named(name string) (found []sdktrace.ReadOnlySpan) {
	for _, span := range s.recorder.Ended() {
		if span.Name() == name {
			found = append(found, span)
		}
	}
	return found
}

// one is the only span of a name.
func (s *spans) one(t *testing.T, name string) sdktrace.ReadOnlySpan {
	t.Helper()
	found := s.named(name)
	if len(found) != 1 {
		t.Fatalf("got %d spans %q, want 1", len(found), name)
	}
	return found[0]
}

func attributeOf(span sdktrace.ReadOnlySpan, key attribute.Key) string {
	for _, a := range span.Attributes() {
		if a.Key == key {
			return a.Value.String()
		}
	}
	return ""
}

func isBelow(child, parent sdktrace.ReadOnlySpan) bool {
	return child.Parent().SpanID() == parent.SpanContext().SpanID() && child.Parent().TraceID() == parent.SpanContext().TraceID()
}

// TestEachAttemptIsASpanBelowItsQuestion keeps: what was tried is seen one by one, and the driver is called within the span
// of its attempt.
func TestEachAttemptIsASpanBelowItsQuestion(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w, s := newWorld(), newSpans()
		failing := true
		var seen []trace.SpanID
		w.erp.Script(func(ctx context.Context, op string) error {
			if op != erptest.OpSearchOrders {
				return nil
			}
			seen = append(seen, trace.SpanContextFromContext(ctx).SpanID())
			if failing {
				failing = false
				return erpclient.Errorf(op, erpclient.KindUnavailable, "a text of the ERP's")
			}
			return nil
		})
		c := w.client(s.on)
		mustSearch(t, c, alice, "sled")
		question, attempts := s.one(t, "ERP search_orders"), s.named("ERP attempt search_orders")
		if len(attempts) != 2 || !isBelow(attempts[0], question) || !isBelow(attempts[1], question) {
			t.Fatalf("got %d attempts, want 2 below their question", len(attempts))
		}
		if !isBelow(s.one(t, "ERP attempt login"), attempts[0]) {
			t.Error("the login is not below the first attempt")
		}
		for i, want := range []struct {
			kind string
			code codes.Code
		}{{"unavailable", codes.Error}, {"", codes.Unset}} {
			a := attempts[i]
			if attributeOf(a, "snowgate.erp.kind") != want.kind || a.Status().Code != want.code || a.Status().Description != "" ||
				attributeOf(a, "snowgate.erp.attempt") != []string{"1", "2"}[i] || attributeOf(a, "snowgate.erp.channel") != "primary" || seen[i] != a.SpanContext().SpanID() {
				t.Errorf("attempt %d: got %v %v", i+1, a.Attributes(), a.Status())
			}
		}
		if attributeOf(question, "snowgate.erp.attempts") != "2" || attributeOf(question, "snowgate.source") != "live" || question.Status().Code != codes.Unset {
			t.Errorf("question: got %v %v", question.Attributes(), question.Status())
		}
	})
}

// TestAJoinerIsLinkedToWhoLed keeps: a caller whose question was answered by another's flight finds the attempt there.
func TestAJoinerIsLinkedToWhoLed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w, s := newWorld(), newSpans()
		w.erp.Script(func(ctx context.Context, op string) error { return erptest.Slow(ctx, op, 20*time.Millisecond) })
		c := w.client(s.on)
		var all sync.WaitGroup
		for range 2 {
			all.Go(func() { mustSearch(t, c, alice, "sled") })
		}
		all.Wait()
		leader, joiner := s.named("ERP search_orders")[0], s.named("ERP search_orders")[1]
		if attributeOf(leader, "snowgate.erp.coalesced") == "true" {
			leader, joiner = joiner, leader
		}
		if attributeOf(joiner, "snowgate.erp.coalesced") != "true" || len(joiner.Links()) != 1 || len(joiner.Events()) != 1 ||
			joiner.Links()[0].SpanContext.SpanID() != leader.SpanContext().SpanID() {
			t.Errorf("got %v, links %v, want a link to %v", joiner.Attributes(), joiner.Links(), leader.SpanContext())
		}
		if !isBelow(s.one(t, "ERP attempt search_orders"), leader) {
			t.Error("the attempt is not below who led")
		}
	})
}

// TestAWriteIsASpanToo keeps: also where its caller does not wait for the outcome.
func TestAWriteIsASpanToo(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w, s := newWorld(), newSpans()
		c := w.client(s.on)
		entry := erpclient.StockEntry{ProductID: "p1", WarehouseID: "w1", Quantity: "1", Direction: erpclient.StockIn, Reference: "r1"}
		if _, err := c.RecordStock(t.Context(), alice, entry); err != nil {
			t.Fatal(err)
		}
		if !isBelow(s.one(t, "ERP attempt record_stock"), s.one(t, "ERP record_stock")) {
			t.Error("the attempt is not below its question")
		}
		hang := make(chan struct{})
		w.erp.Script(func(context.Context, string) error { <-hang; return nil })
		short, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		entry.Reference = "r2"
		_, err := c.RecordStock(short, alice, entry)
		wantKind(t, err, erpclient.KindOutcomeUnknown)
		close(hang)
		if q := s.named("ERP record_stock"); len(q) != 2 || attributeOf(q[1], "snowgate.erp.kind") != "outcome_unknown" || q[1].Status().Code != codes.Error {
			t.Errorf("got %d questions", len(q))
		}
	})
}
