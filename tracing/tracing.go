// Package tracing makes OpenTelemetry traces of requests and hands them to a collector by OTLP over HTTP. Open gives the
// Tracers that the rooms are handed as interfaces of OpenTelemetry's API, the hook of a Redis client and the wrapper of a
// database's connections.
//
// It never holds up a request: what a collector does not take in time is dropped. What leaves is on a list (names of routes,
// operations and commands, kinds of failures, parameterised statements): no value, no error's text, no address and no
// header is on it, whatever a library puts into a span. Without an endpoint there is no Provider, and all that is left of
// tracing is a comparison with nil.
package tracing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

const (
	serviceName = "snowgate"
	// maxWaiting spans are kept for the collector; further ones are dropped. That is some hundred requests, and a few MiB.
	maxWaiting = 4096
	maxBatch   = 512
	// batchEvery is how old a span gets before it leaves.
	batchEvery = 2 * time.Second
	// exportWithin is what a collector has for one batch.
	exportWithin = 5 * time.Second
	// closeWithin is what the last spans have to leave at the end of the process.
	closeWithin = 2 * time.Second
)

// limits bound a span, whatever a library or a caller puts into it.
var limits = sdktrace.SpanLimits{
	AttributeValueLengthLimit: 1024, AttributeCountLimit: 32,
	EventCountLimit: 16, AttributePerEventCountLimit: 8, LinkCountLimit: 16, AttributePerLinkCountLimit: 8,
}

// Config says where traces go. The zero value of a field means its default.
type Config struct {
	// Endpoint is the collector's base URL, such as http://127.0.0.1:4318; "/v1/traces" is added. "" is off.
	Endpoint string
	// SampleRatio is the share of requests that are traced, 0 to 1; 0 is none.
	SampleRatio float64
	// Instance and Version tell replicas and releases apart; default none.
	Instance, Version string
	// Logger hears, at most once a minute, that spans were lost; default slog.Default().
	Logger *slog.Logger
}

// Provider gives out Tracers. All methods of a nil Provider do nothing: it stands for "off". Safe for concurrent use.
type Provider struct {
	sdk       *sdktrace.TracerProvider
	collector *collector
}

// Open makes a Provider, or nil where no endpoint is configured. It contacts nobody: a collector that is away is no reason
// not to start. The error is that of an endpoint that is no URL.
func Open(ctx context.Context, cfg Config) (*Provider, error) {
	if cfg.Endpoint == "" {
		return nil, nil
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	c, err := newCollector(cfg.Endpoint)
	if err != nil {
		return nil, err
	}
	wire, err := otlptrace.New(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("tracing: %w", err)
	}
	lost := &complaints{log: cfg.Logger, now: time.Now}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { lost.add(0, err) })) // the SDK's own would print past slog
	return &Provider{collector: c, sdk: sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(listed{wire, lost}, sdktrace.WithMaxQueueSize(maxWaiting), sdktrace.WithMaxExportBatchSize(maxBatch),
			sdktrace.WithBatchTimeout(batchEvery), sdktrace.WithExportTimeout(exportWithin)),
		sdktrace.WithSampler(lottery{cfg.SampleRatio}), sdktrace.WithRawSpanLimits(limits), sdktrace.WithResource(identity(cfg)),
	)}, nil
}

// identity is what every span says of its process.
func identity(cfg Config) *resource.Resource {
	attrs := []attribute.KeyValue{attribute.String("service.name", serviceName)}
	for key, value := range map[string]string{"service.version": cfg.Version, "service.instance.id": cfg.Instance} {
		if value != "" {
			attrs = append(attrs, attribute.String(key, value))
		}
	}
	return resource.NewSchemaless(attrs...)
}

// Door is the Tracer of the way in: its spans begin traces, or go on with the caller's.
func (p *Provider) Door() trace.Tracer {
	if p == nil {
		return nil
	}
	return p.sdk.Tracer(serviceName)
}

// Inside is the Tracer of everything further in. Its spans only ever go on with one that is being recorded: what a poller
// or a background worker does on its own makes no traces.
func (p *Provider) Inside() trace.Tracer {
	if p == nil {
		return nil
	}
	return within{Tracer: p.sdk.Tracer(serviceName)}
}

// Propagator writes traceparent and tracestate for the ERP; of a nil Provider it is nil. There is no baggage: what a stranger
// packs must not travel on.
func (p *Provider) Propagator() propagation.TextMapPropagator {
	if p == nil {
		return nil
	}
	return propagation.TraceContext{}
}

// Close hands the last spans over, for two seconds at most; a collector that does not take them by then does not get them,
// which is told to the Logger and is no error.
func (p *Provider) Close() error {
	if p == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeWithin)
	defer cancel()
	err := p.sdk.Shutdown(ctx)
	p.collector.hangUp()
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("tracing: close: %w", err)
	}
	return nil
}
