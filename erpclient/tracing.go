package erpclient

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// Spans of OpenTelemetry, where Config.Tracer makes some: one for each question, below it one for each attempt, and one for
// each login. Without a Tracer every span here is nil.

// beginQuestion starts the span of one question.
func (c *Client) beginQuestion(ctx context.Context, op string) (context.Context, trace.Span) {
	if c.cfg.Tracer == nil {
		return ctx, nil
	}
	return c.cfg.Tracer.Start(ctx, "ERP "+op, trace.WithAttributes(
		attribute.String("snowgate.erp.system", c.systemName()), attribute.String("snowgate.erp.operation", op),
	))
}

// endQuestion tells how a question ended. One that was answered by another caller's flight is linked to where the
// attempts are.
func endQuestion(span trace.Span, trail *Trail, led trace.Span, err error) {
	if span == nil {
		return
	}
	span.SetAttributes(attribute.String("snowgate.source", string(trail.Source)), attribute.Int("snowgate.erp.attempts", len(trail.Attempts)))
	if trail.Coalesced {
		span.SetAttributes(attribute.Bool("snowgate.erp.coalesced", true))
		span.AddEvent("joined another caller's flight")
		if led != nil && led.SpanContext().IsValid() {
			span.AddLink(trace.Link{SpanContext: led.SpanContext()})
		}
	}
	endSpan(span, OutcomeOf(err))
}

// beginAttempt starts the span of attempt n, from 1, on a channel. What the driver sends below it bears its traceparent.
func (c *Client) beginAttempt(ctx context.Context, op string, ch *channel, n int) (context.Context, trace.Span) {
	return startAttempt(ctx, c.cfg.Tracer, op, ch.name, n)
}

func startAttempt(ctx context.Context, tracer trace.Tracer, op, channel string, n int) (context.Context, trace.Span) {
	if tracer == nil {
		return ctx, nil
	}
	return tracer.Start(ctx, "ERP attempt "+op, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		attribute.String("snowgate.erp.operation", op), attribute.String("snowgate.erp.channel", channel), attribute.Int("snowgate.erp.attempt", n),
	))
}

// endAttempt tells how an attempt ended: by its kind, never by its error's text.
func endAttempt(span trace.Span, made Attempt) {
	if span == nil {
		return
	}
	if made.Refused {
		span.SetAttributes(attribute.Bool("snowgate.erp.refused", true))
	}
	endSpan(span, made.Kind)
}

// endLogin is endAttempt of a login.
func endLogin(span trace.Span, err error) {
	if span != nil {
		endSpan(span, OutcomeOf(err))
	}
}

func endSpan(span trace.Span, kind Kind) {
	if kind != "" {
		span.SetAttributes(attribute.String("snowgate.erp.kind", string(kind)))
	}
	if kind.Unhealthy() || kind == KindOutcomeUnknown || kind == KindStore {
		span.SetStatus(codes.Error, "")
	}
	span.End()
}

func (c *Client) systemName() string {
	if c.cfg.Name == "" {
		return MainSystem
	}
	return c.cfg.Name
}
