package tracing

import (
	"context"
	"errors"
	"net"
	"strings"

	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// redisotel, which go-redis offers, asks for no parent, and writes every argument of a pipeline out before it throws the
// text away: under a sample of one in a hundred, the other ninety-nine pay for that. These are the lines that are needed.

// Redis has a client's commands seen as spans of the requests they belong to: the commands' names, no key and no value.
func (p *Provider) Redis(client redis.UniversalClient) {
	if p != nil {
		client.AddHook(redisHook{p.Inside()})
	}
}

// RedisWait is for a caller whose question travels in a pipeline of somebody else's: it begins a span of the caller's
// own, which the returned function ends. Of a nil Provider it is nil.
func (p *Provider) RedisWait() func(ctx context.Context, command string) func(error) {
	if p == nil {
		return nil
	}
	tracer := p.Inside()
	return func(ctx context.Context, command string) func(error) {
		if !recording(ctx) {
			return func(error) {}
		}
		_, span := startRedis(ctx, tracer, command, 1)
		return func(err error) { endRedis(span, err) }
	}
}

type redisHook struct{ tracer trace.Tracer }

// DialHook implements redis.Hook.
func (redisHook) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessHook implements redis.Hook.
func (h redisHook) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if !recording(ctx) {
			return next(ctx, cmd)
		}
		ctx, span := startRedis(ctx, h.tracer, cmd.Name(), 1)
		err := next(ctx, cmd)
		endRedis(span, err)
		return err
	}
}

// ProcessPipelineHook implements redis.Hook.
func (h redisHook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if !recording(ctx) {
			return next(ctx, cmds)
		}
		ctx, span := startRedis(ctx, h.tracer, "pipeline", len(cmds))
		err := next(ctx, cmds)
		endRedis(span, err)
		return err
	}
}

func startRedis(ctx context.Context, tracer trace.Tracer, command string, size int) (context.Context, trace.Span) {
	return tracer.Start(ctx, "redis "+command, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		attribute.String("db.system.name", "redis"), attribute.String("db.operation.name", command), attribute.Int("db.operation.batch.size", size),
	))
}

// endRedis ends a command's span. That there is nothing under a key is no error.
func endRedis(span trace.Span, err error) {
	if err != nil && !errors.Is(err, redis.Nil) {
		span.SetStatus(codes.Error, "")
		span.SetAttributes(attribute.String("error.type", redisError(err)))
	}
	span.End()
}

// redisError is an error in one word: Redis' own begin with one, such as NOSCRIPT.
func redisError(err error) string {
	var answer redis.Error
	var network net.Error
	switch {
	case errors.As(err, &answer):
		word, _, _ := strings.Cut(answer.Error(), " ")
		if word == strings.ToUpper(word) && len(word) <= 20 {
			return word
		}
		return "ERR"
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return "timeout"
	default:
		return "unavailable"
	}
}
