package gateway

import (
	"net/http"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"snowgate/erpclient"
)

const (
	phonesTrace  = "4bf92f3577b34da6a3ce929d0e0e4736"
	phonesParent = "00-" + phonesTrace + "-00f067aa0ba902b7-01"
)

// traced is a world that records, unless it is to drop everything.
func traced(t *testing.T, options ...sdktrace.TracerProviderOption) (*world, *tracetest.SpanRecorder) {
	t.Helper()
	recorder := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(append(options, sdktrace.WithSpanProcessor(recorder))...)
	return newWorld(t, func(c *Config, _ *Deps) { c.Tracer = provider.Tracer("test") }), recorder
}

func attributesOf(span sdktrace.ReadOnlySpan) map[attribute.Key]string {
	all := map[attribute.Key]string{}
	for _, a := range span.Attributes() {
		all[a.Key] = a.Value.String()
	}
	return all
}

// TestACallIsASpanBelowTheCallers keeps: its name is the route's template, its words are those of metrics and log, and the
// log line and the exemplar name the trace.
func TestACallIsASpanBelowTheCallers(t *testing.T) {
	w, recorder := traced(t)
	token := w.loginBound(alice)
	recorder.Reset()
	w.get("/api/orders/"+anOrder+"?keyword=kw-7", token, "Traceparent", phonesParent, "Baggage", "openid="+alice, "X-Request-Id", "req-7").ok(t)
	w.erp.fail(&erpclient.Error{Op: "order", Kind: erpclient.KindUnavailable})
	w.get("/api/orders/"+anOrder+"/status", token).is(t, http.StatusServiceUnavailable, "erp_unavailable")
	w.get("/api/orders/search", "no-token").is(t, http.StatusUnauthorized, "session_expired")
	w.get("/api/made/up", "")
	spans := recorder.Ended()
	if len(spans) != 4 {
		t.Fatalf("got %d spans, want 4", len(spans))
	}
	for i, want := range []struct {
		name, status, fault, outcome string
		code                         codes.Code
	}{
		{"GET /api/orders/:id", "200", "", "ok", codes.Unset},
		{"GET /api/orders/:id/status", "503", "erp_unavailable", "failed", codes.Error},
		{"GET /api/orders/search", "401", "session_expired", "refused", codes.Unset},
		{"GET (unmatched)", "404", "not_found", "refused", codes.Unset},
	} {
		got := attributesOf(spans[i])
		if spans[i].Name() != want.name || got["http.response.status_code"] != want.status || got["snowgate.error"] != want.fault ||
			got["snowgate.outcome"] != want.outcome || got["snowgate.code"] != want.status || spans[i].Status().Code != want.code || spans[i].SpanKind() != trace.SpanKindServer {
			t.Errorf("got %s %v %v, want %+v", spans[i].Name(), got, spans[i].Status(), want)
		}
		for _, v := range got {
			if strings.Contains(v, "kw-7") || strings.Contains(v, anOrder) {
				t.Errorf("%s: %v", spans[i].Name(), got)
			}
		}
	}
	if first := spans[0]; first.SpanContext().TraceID().String() != phonesTrace || !first.Parent().IsRemote() || attributesOf(first)["snowgate.request_id"] != "req-7" {
		t.Errorf("got %v below %v, want the phone's", first.SpanContext(), first.Parent())
	}
	if spans[1].Parent().IsValid() {
		t.Error("a call without a traceparent has a parent")
	}
	if !strings.Contains(w.output.String(), `"request_id":"req-7","method":"GET","route":"/api/orders/:id","code":200`) ||
		!strings.Contains(w.output.String(), `"trace_id":"`+phonesTrace+`"`) {
		t.Error("the log line does not name the trace")
	}
	exposition := w.send(authorized(request(http.MethodGet, "/metrics", "", "Accept", "application/openmetrics-text; version=1.0.0"), adminToken)).raw
	if !strings.Contains(exposition, `trace_id="`+phonesTrace+`"`) {
		t.Error("no exemplar names the trace")
	}
}

// TestWhatIsPolledIsNoTrace keeps: probes and scrapers begin none.
func TestWhatIsPolledIsNoTrace(t *testing.T) {
	w, recorder := traced(t)
	for _, path := range []string{"/livez", "/readyz", "/api/health/check", "/api/erp/status", "/metrics"} {
		w.get(path, adminToken)
	}
	if n := len(recorder.Started()); n != 0 {
		t.Errorf("%d spans", n)
	}
}

// TestACallThatIsNotRecordedSaysNothing keeps: no trace id of a trace that nobody will find.
func TestACallThatIsNotRecordedSaysNothing(t *testing.T) {
	dropped, _ := traced(t, sdktrace.WithSampler(sdktrace.NeverSample()))
	for name, w := range map[string]*world{"off": newWorld(t), "dropped": dropped} {
		w.get("/api/orders/search", w.loginBound(alice), "Traceparent", phonesParent).ok(t)
		if strings.Contains(w.output.String(), "trace_id") {
			t.Errorf("%s: the log names a trace", name)
		}
	}
}
