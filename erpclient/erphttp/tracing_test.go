package erphttp_test

import (
	"context"
	"net/http"
	"testing"

	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"snowgate/erpclient/erphttp"
)

// TestTheTraceTravelsWhereASpanIsRecorded keeps: its traceparent is on the request, and otherwise none is.
func TestTheTraceTravelsWhereASpanIsRecorded(t *testing.T) {
	recorded, span := sdktrace.NewTracerProvider().Tracer("test").Start(t.Context(), "attempt")
	defer span.End()
	dropped := trace.ContextWithRemoteSpanContext(t.Context(), span.SpanContext())
	sc := span.SpanContext()
	want := "00-" + sc.TraceID().String() + "-" + sc.SpanID().String() + "-01"
	for name, tt := range map[string]struct {
		on   bool
		want []string
	}{"on": {true, []string{want, "", ""}}, "off": {false, []string{"", "", ""}}} {
		var sent []string
		c := newClient(t, func(_ http.ResponseWriter, r *http.Request) {
			sent = append(sent, r.Header.Get("Traceparent"))
			if r.Header.Get("Baggage") != "" {
				t.Error("baggage has travelled")
			}
		}, func(cfg *erphttp.Config) {
			if tt.on {
				cfg.Propagator = propagation.TraceContext{}
			}
		})
		for _, ctx := range []context.Context{recorded, dropped, t.Context()} {
			if _, err := c.Do(ctx, "order", get("/")); err != nil {
				t.Fatal(err)
			}
		}
		for i := range tt.want {
			if sent[i] != tt.want[i] {
				t.Errorf("%s, %d: got %q, want %q", name, i, sent[i], tt.want[i])
			}
		}
	}
}
