package gateway

import (
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Spans of OpenTelemetry, where Config.Tracer makes some: one for each call of the API, which everything it leads to is
// below. What load balancers and scrapers ask every few seconds is left out.

// follow begins a call's span, below the one that its traceparent names. A caller's baggage is not read, and so goes
// nowhere. Whether the call is recorded is the Tracer's decision alone.
func (s *Server) follow(c *call) {
	r := c.Request()
	if s.cfg.Tracer == nil || !isAPI(c) || isVital(r.URL.Path) {
		return
	}
	ctx := propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
	ctx, span := s.cfg.Tracer.Start(ctx, knownMethod(r.Method), trace.WithSpanKind(trace.SpanKindServer))
	if !span.IsRecording() {
		span.End()
		return
	}
	c.span = span
	c.SetRequest(r.WithContext(ctx))
}

// endSpan says what the call was and how it ended, in words of the metrics' labels: the route's template, never the path.
func (c *call) endSpan() {
	if c.span == nil {
		return
	}
	method, route := knownMethod(c.Request().Method), c.record.route
	if route == "" {
		route = unmatched
	}
	c.span.SetName(method + " " + route)
	c.span.SetAttributes(
		attribute.String("http.request.method", method), attribute.String("http.route", route),
		attribute.Int("http.response.status_code", c.Response().Status), attribute.Int("snowgate.code", c.record.code),
		attribute.String("snowgate.request_id", c.id), attribute.String("snowgate.outcome", outcomeOf(c.record.code)),
	)
	if c.record.fault != "" {
		c.span.SetAttributes(attribute.String("snowgate.error", c.record.fault))
	} else if c.record.source != "" {
		c.span.SetAttributes(attribute.String("snowgate.source", string(c.record.source)))
	}
	if c.record.code >= http.StatusInternalServerError {
		c.span.SetStatus(codes.Error, "")
	}
	c.span.End()
}

// outcomeOf tells whose fault a code is: nobody's, the caller's, or ours and that of those we ask.
func outcomeOf(code int) string {
	switch {
	case code >= http.StatusInternalServerError:
		return "failed"
	case code >= http.StatusBadRequest:
		return "refused"
	default:
		return "ok"
	}
}

// traceID is that of a call that is recorded, or "".
func (c *call) traceID() string {
	if c.span == nil {
		return ""
	}
	return c.span.SpanContext().TraceID().String()
}
