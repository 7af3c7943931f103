package wxmsg

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

// TestACallIsASpanWithoutItsSecrets keeps: a span has the path and not the query, and WeChat hears of no trace.
func TestACallIsASpanWithoutItsSecrets(t *testing.T) {
	var header http.Header
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header = r.Header
		_, _ = w.Write([]byte(`{"openid":"o1","session_key":"k"}`))
	}))
	defer server.Close()
	recorder := tracetest.NewSpanRecorder()
	tracer := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder)).Tracer("test")
	c, err := New(Config{BaseURL: server.URL, AppID: "wx1", AppSecret: "the-app-secret", Tracer: tracer})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Code2Session(t.Context(), "the-login-code"); err != nil {
		t.Fatal(err)
	}
	server.Close()
	_, _ = c.Code2Session(t.Context(), "the-login-code")
	spans := recorder.Ended()
	if len(spans) != 2 || spans[0].Name() != "WeChat /sns/jscode2session" {
		t.Fatalf("got %d spans, want 2", len(spans))
	}
	for _, span := range spans {
		text := fmt.Sprint(span.Name(), span.Attributes(), span.Events(), span.Status())
		if strings.Contains(text, "the-") {
			t.Errorf("a secret is in %s", text)
		}
	}
	if header.Get("Traceparent") != "" || header.Get("Tracestate") != "" {
		t.Errorf("WeChat got %v", header)
	}
}
