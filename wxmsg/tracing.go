package wxmsg

import (
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// traced makes a span of each call to WeChat: method, path and status, never the query, which holds secrets. WeChat is told
// nothing of the trace.
type traced struct {
	below  http.RoundTripper
	tracer trace.Tracer
}

// withSpans is the transport, with spans where there is a tracer.
func withSpans(below http.RoundTripper, tracer trace.Tracer) http.RoundTripper {
	if tracer == nil {
		return below
	}
	return traced{below, tracer}
}

// RoundTrip implements http.RoundTripper.
func (t traced) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, span := t.tracer.Start(r.Context(), "WeChat "+r.URL.Path, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		attribute.String("http.request.method", r.Method), attribute.String("url.path", r.URL.Path),
	))
	defer span.End()
	answer, err := t.below.RoundTrip(r.WithContext(ctx))
	if err != nil {
		span.SetStatus(codes.Error, "")
		return answer, err
	}
	span.SetAttributes(attribute.Int("http.response.status_code", answer.StatusCode))
	return answer, nil
}

// CloseIdleConnections is what http.Client looks for.
func (t traced) CloseIdleConnections() {
	if below, ok := t.below.(interface{ CloseIdleConnections() }); ok {
		below.CloseIdleConnections()
	}
}
