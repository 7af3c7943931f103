package tracing

import (
	"fmt"
	"math/rand/v2"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// lottery draws for each request whether it is traced, and then traces all of it or nothing. A caller's traceparent names
// the trace, but decides nothing: who may call us may be a stranger, and one who sets the "sampled" flag on every request, or
// chooses trace ids that a sampler by id would always take, must not make us trace everything. So the draw is our own, with
// the flag as without it, and by no id.
type lottery struct{ ratio float64 }

// ShouldSample implements sdktrace.Sampler.
func (l lottery) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	parent := trace.SpanContextFromContext(p.ParentContext)
	taken := rand.Float64() < l.ratio //nolint:gosec // chooses what is looked at; nothing secret depends on it
	if parent.IsValid() && !parent.IsRemote() {
		taken = parent.IsSampled()
	}
	decision := sdktrace.Drop
	if taken {
		decision = sdktrace.RecordAndSample
	}
	return sdktrace.SamplingResult{Decision: decision, Tracestate: parent.TraceState()}
}

// Description implements sdktrace.Sampler.
func (l lottery) Description() string { return fmt.Sprintf("lottery{%g}", l.ratio) }
