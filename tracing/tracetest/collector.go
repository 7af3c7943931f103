// Package tracetest is a collector for tests: it takes what is exported by OTLP over HTTP and shows it. Only tests import it.
package tracetest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Collector keeps every span it was sent. Safe for concurrent use.
type Collector struct {
	server *httptest.Server
	held   chan struct{}

	mu    sync.Mutex
	hangs bool
	asked int
	raw   []byte
	sent  []*tracepb.ResourceSpans
}

// New starts a Collector that ends with the test.
func New(t testing.TB) *Collector {
	t.Helper()
	c := &Collector{held: make(chan struct{})}
	c.server = httptest.NewServer(http.HandlerFunc(c.take))
	t.Cleanup(func() {
		close(c.held)
		c.server.Close()
	})
	return c
}

// URL is the endpoint to configure.
func (c *Collector) URL() string { return c.server.URL }

// Hang has every later export wait for the end of the test.
func (c *Collector) Hang() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hangs = true
}

func (c *Collector) take(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var data tracepb.TracesData
	if err != nil || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" || proto.Unmarshal(body, &data) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if c.keep(body, data.ResourceSpans) {
		select {
		case <-c.held:
		case <-r.Context().Done():
		}
	}
}

// keep reports whether the exporter is to wait.
func (c *Collector) keep(body []byte, spans []*tracepb.ResourceSpans) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked++
	if !c.hangs {
		c.raw, c.sent = append(c.raw, body...), append(c.sent, spans...)
	}
	return c.hangs
}

// Asked is how many exports have arrived.
func (c *Collector) Asked() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked
}

// Raw is everything that was sent, as it was on the wire.
func (c *Collector) Raw() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return string(c.raw)
}

// Resource are the attributes of the process that sent the first span.
func (c *Collector) Resource() map[string]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	attrs := map[string]string{}
	if len(c.sent) > 0 {
		for _, a := range c.sent[0].Resource.GetAttributes() {
			attrs[a.Key] = a.Value.GetStringValue()
		}
	}
	return attrs
}

// Spans are all that have arrived, in that order.
func (c *Collector) Spans() []*tracepb.Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	var spans []*tracepb.Span
	for _, resource := range c.sent {
		for _, scope := range resource.ScopeSpans {
			spans = append(spans, scope.Spans...)
		}
	}
	return spans
}

// Attribute is one of a span's, as text; "" where it is missing.
func Attribute(span *tracepb.Span, key string) string {
	for _, a := range span.Attributes {
		if a.Key == key && a.Value.GetStringValue() != "" {
			return a.Value.GetStringValue()
		}
	}
	return ""
}
