package tracing

import (
	"context"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// exported are the attributes that may leave. Each is bounded, or made of what we wrote ourselves: never a value that a user,
// an ERP or a database gave.
var exported = []attribute.Key{
	"http.request.method", "http.route", "http.response.status_code",
	"snowgate.request_id", "snowgate.code", "snowgate.error", "snowgate.outcome", "snowgate.source",
	"snowgate.erp.system", "snowgate.erp.operation", "snowgate.erp.channel", "snowgate.erp.attempt", "snowgate.erp.attempts",
	"snowgate.erp.kind", "snowgate.erp.refused", "snowgate.erp.coalesced",
	"db.system.name", "db.operation.name", "db.operation.batch.size", "db.query.text",
	"url.path", "error.type", "exception.type",
}

// listed exports what is on the list. Errors are told and end here.
type listed struct {
	*otlptrace.Exporter
	lost *complaints
}

// ExportSpans implements sdktrace.SpanExporter.
func (l listed) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	shown := make([]sdktrace.ReadOnlySpan, len(spans))
	for i, span := range spans {
		shown[i] = public{span}
	}
	if err := l.Exporter.ExportSpans(ctx, shown); err != nil {
		l.lost.add(len(spans), err)
	}
	return nil
}

// public is a span without what is not on the list.
type public struct{ sdktrace.ReadOnlySpan }

// Attributes are those on the list.
func (p public) Attributes() []attribute.KeyValue { return onList(p.ReadOnlySpan.Attributes()) }

// Events keep their names; a recorded error's text, which quotes values and addresses, stays here.
func (p public) Events() []sdktrace.Event {
	events := slices.Clone(p.ReadOnlySpan.Events())
	for i := range events {
		events[i].Attributes = onList(events[i].Attributes)
	}
	return events
}

// Status is without its description, which is an error's text as well.
func (p public) Status() sdktrace.Status { return sdktrace.Status{Code: p.ReadOnlySpan.Status().Code} }

func onList(attrs []attribute.KeyValue) []attribute.KeyValue {
	return slices.DeleteFunc(slices.Clone(attrs), func(a attribute.KeyValue) bool { return !slices.Contains(exported, a.Key) })
}
