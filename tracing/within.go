package tracing

import (
	"context"

	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// within is a Tracer that begins no traces.
type within struct{ trace.Tracer }

// Start implements trace.Tracer. Outside a recorded span the context stays as it is.
func (w within) Start(ctx context.Context, name string, options ...trace.SpanStartOption) (context.Context, trace.Span) {
	if !recording(ctx) {
		return ctx, noop.Span{}
	}
	return w.Tracer.Start(ctx, name, options...)
}

func recording(ctx context.Context) bool { return trace.SpanFromContext(ctx).IsRecording() }
