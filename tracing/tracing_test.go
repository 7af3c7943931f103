package tracing

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"modernc.org/sqlite"

	"snowgate/tracing/tracetest"
)

func open(t *testing.T, cfg Config) *Provider {
	t.Helper()
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	p, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

func closed(t *testing.T, p *Provider) {
	t.Helper()
	if err := p.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

func TestOffCostsNothingAndDoesNothing(t *testing.T) {
	p, err := Open(t.Context(), Config{SampleRatio: 1})
	if p != nil || err != nil {
		t.Fatalf("got %v, %v, want no provider", p, err)
	}
	if p.Door() != nil || p.Inside() != nil || p.Propagator() != nil || p.SQL() != nil || p.RedisWait() != nil || p.Close() != nil {
		t.Error("a provider that is off gives something out")
	}
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"})
	defer func() { _ = client.Close() }()
	p.Redis(client)
}

func TestAnEndpointIsAURL(t *testing.T) {
	for endpoint, want := range map[string]string{
		"http://127.0.0.1:4318": "http://127.0.0.1:4318/v1/traces", "https://otel.example/base/": "https://otel.example/base/v1/traces",
		"127.0.0.1:4318": "", "ftp://host": "", "http://": "", "http://user:secret-word@host": "", "http://host?x=1": "", "::": "",
	} {
		c, err := newCollector(endpoint)
		if want == "" {
			if err == nil || strings.Contains(err.Error(), "secret-word") {
				t.Errorf("%s: got %v, want an error that quotes nothing", endpoint, err)
			}
			continue
		}
		if err != nil || c.url != want {
			t.Errorf("%s: got %v, %v, want %s", endpoint, c, err, want)
		}
	}
}

func TestSpansArriveWithTheirProcess(t *testing.T) {
	collector := tracetest.New(t)
	p := open(t, Config{Endpoint: collector.URL(), SampleRatio: 1, Instance: "replica-1", Version: "v1"})
	ctx, root := p.Door().Start(t.Context(), "GET /api/orders/:id", trace.WithSpanKind(trace.SpanKindServer))
	_, child := p.Inside().Start(ctx, "ERP order")
	child.End()
	root.End()
	closed(t, p)
	spans := collector.Spans()
	if len(spans) != 2 || string(spans[0].ParentSpanId) != string(spans[1].SpanId) || spans[1].Kind != tracepb.Span_SPAN_KIND_SERVER {
		t.Fatalf("got %v, want a child and its parent", spans)
	}
	for key, want := range map[string]string{"service.name": "snowgate", "service.instance.id": "replica-1", "service.version": "v1"} {
		if got := collector.Resource()[key]; got != want {
			t.Errorf("%s: got %q, want %q", key, got, want)
		}
	}
}

// TestWhatIsNotOnTheListStaysHere keeps: whatever a library puts into a span, no value and no error's text leaves.
func TestWhatIsNotOnTheListStaysHere(t *testing.T) {
	collector := tracetest.New(t)
	p := open(t, Config{Endpoint: collector.URL(), SampleRatio: 1})
	_, span := p.Door().Start(t.Context(), "GET /api")
	span.SetAttributes(attribute.String("db.statement", "get openid-word"), attribute.String("http.route", "/api"))
	span.RecordError(errors.New("Duplicate entry 'openid-word'"))
	span.SetStatus(codes.Error, "openid-word")
	span.End()
	closed(t, p)
	if strings.Contains(collector.Raw(), "openid-word") {
		t.Error("a value has left")
	}
	spans := collector.Spans()
	if len(spans) != 1 || tracetest.Attribute(spans[0], "http.route") != "/api" || spans[0].Status.GetCode() != tracepb.Status_STATUS_CODE_ERROR {
		t.Errorf("got %v, want the route and an error without a text", spans)
	}
}

// TestAStrangerDoesNotDecide keeps: the sampled flag of a caller, and a trace id that is always taken by samplers by id, do
// not decide what is recorded; without the flag, we may record all the same.
func TestAStrangerDoesNotDecide(t *testing.T) {
	for _, flag := range []string{"00", "01"} {
		for ratio, want := range map[float64]bool{0: false, 1: true} {
			p := open(t, Config{Endpoint: "http://127.0.0.1:1", SampleRatio: ratio})
			carrier := propagation.MapCarrier{"traceparent": "00-00000000000000010000000000000001-00f067aa0ba902b7-" + flag}
			ctx, span := p.Door().Start(propagation.TraceContext{}.Extract(t.Context(), carrier), "GET")
			if span.IsRecording() != want {
				t.Errorf("flag %s, ratio %g: recording %t", flag, ratio, span.IsRecording())
			}
			if got := span.SpanContext().TraceID().String(); want && got != "00000000000000010000000000000001" {
				t.Errorf("got trace %s, want the caller's", got)
			}
			if _, inner := p.Inside().Start(ctx, "inner"); inner.IsRecording() != want {
				t.Errorf("flag %s, ratio %g: what is inside is recorded %t", flag, ratio, inner.IsRecording())
			}
		}
	}
	taken := 0
	p := open(t, Config{Endpoint: "http://127.0.0.1:1", SampleRatio: 0.5})
	for range 2000 {
		if _, span := p.Door().Start(t.Context(), "GET"); span.IsRecording() {
			taken++
		}
	}
	if taken < 800 || taken > 1200 {
		t.Errorf("%d of 2000 were taken, want about a half", taken)
	}
}

func TestNothingInsideBeginsATrace(t *testing.T) {
	p := open(t, Config{Endpoint: "http://127.0.0.1:1", SampleRatio: 1})
	ctx, span := p.Inside().Start(t.Context(), "a poller's")
	if span.IsRecording() || ctx != t.Context() {
		t.Error("a poller has begun a trace")
	}
	span.SetStatus(codes.Error, "")
	span.End()
}

func TestRedisCommandsAreSeenWithoutTheirKeys(t *testing.T) {
	collector := tracetest.New(t)
	p := open(t, Config{Endpoint: collector.URL(), SampleRatio: 1})
	server := miniredis.RunT(t)
	client := redis.NewClient(&redis.Options{Addr: server.Addr(), DisableIdentity: true})
	defer func() { _ = client.Close() }()
	p.Redis(client)
	client.Set(t.Context(), "alone", 1, 0) // in no trace
	ctx, root := p.Door().Start(t.Context(), "GET")
	client.Set(ctx, "key-word", "value-word", 0)
	client.Get(ctx, "key-missing")
	client.LPush(ctx, "key-word", "value-word")
	_, _ = client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		pipe.Get(ctx, "key-word")
		return pipe.Set(ctx, "key-other", "value-word", 0).Err()
	})
	p.RedisWait()(ctx, "evalsha")(context.DeadlineExceeded)
	root.End()
	closed(t, p)
	want := map[string]string{"redis set": "", "redis get": "", "redis lpush": "WRONGTYPE", "redis pipeline": "", "redis evalsha": "timeout"}
	spans := slices.DeleteFunc(collector.Spans(), func(s *tracepb.Span) bool { return s.Name == "redis hello" }) // of a new connection
	if len(spans) != len(want)+1 {
		t.Fatalf("got %d spans, want %d and the root", len(spans), len(want))
	}
	for _, span := range spans[:len(spans)-1] {
		kind, ok := want[span.Name]
		if !ok || tracetest.Attribute(span, "error.type") != kind || string(span.ParentSpanId) != string(spans[len(spans)-1].SpanId) {
			t.Errorf("got %v", span)
		}
	}
	for _, word := range []string{"key-", "value-word", server.Addr()} {
		if strings.Contains(collector.Raw(), word) {
			t.Errorf("%q has left", word)
		}
	}
}

func TestStatementsAreSeenWithoutTheirValues(t *testing.T) {
	collector := tracetest.New(t)
	p := open(t, Config{Endpoint: collector.URL(), SampleRatio: 1})
	connector, err := sqlite.NewConnector("file:" + t.TempDir() + "/x.db")
	if err != nil {
		t.Fatal(err)
	}
	db := p.SQL()("sqlite", connector)
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE people (name TEXT UNIQUE)"); err != nil { // in no trace
		t.Fatal(err)
	}
	ctx, root := p.Door().Start(t.Context(), "GET")
	for range 2 { // the second is refused, and the error quotes something
		_, _ = db.ExecContext(ctx, "INSERT INTO people (name) VALUES (?)", "value-word")
	}
	rows, err := db.QueryContext(ctx, "SELECT name FROM people WHERE name = ?", "value-word")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	if !rows.Next() || rows.Err() != nil {
		t.Fatalf("the row is not there: %v", rows.Err())
	}
	root.End()
	closed(t, p)
	texts, failed := map[string]int{}, 0
	for _, span := range collector.Spans() {
		texts[tracetest.Attribute(span, "db.query.text")]++
		if span.Status.GetCode() == tracepb.Status_STATUS_CODE_ERROR {
			failed++
		}
	}
	if texts["INSERT INTO people (name) VALUES (?)"] != 2 || texts["SELECT name FROM people WHERE name = ?"] != 1 || failed != 1 {
		t.Errorf("got %v, %d failed", texts, failed)
	}
	if strings.Contains(collector.Raw(), "value-word") || strings.Contains(collector.Raw(), "CREATE") {
		t.Error("a value, or a statement of no request, has left")
	}
}

// TestACollectorThatHangsHoldsNobodyUp keeps: spans are dropped, not waited for, and the end comes within its bound.
func TestACollectorThatHangsHoldsNobodyUp(t *testing.T) {
	collector := tracetest.New(t)
	collector.Hang()
	p := open(t, Config{Endpoint: collector.URL(), SampleRatio: 1})
	began := time.Now()
	for range 4 * maxWaiting {
		_, span := p.Door().Start(t.Context(), "GET")
		span.End()
	}
	if took := time.Since(began); took > exportWithin/2 {
		t.Errorf("the spans took %s", took)
	}
	began = time.Now()
	closed(t, p)
	if took := time.Since(began); took > closeWithin+3*time.Second {
		t.Errorf("the end took %s, want about %s", took, closeWithin)
	}
	if collector.Asked() == 0 {
		t.Error("the collector was not asked at all")
	}
}

// TestLostSpansAreToldOnceAMinute keeps: a collector that refuses, or is away, does not fill the log.
func TestLostSpansAreToldOnceAMinute(t *testing.T) {
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }))
	defer refusing.Close()
	for name, endpoint := range map[string]string{"answers 503": refusing.URL, "connection refused": "http://127.0.0.1:1"} {
		var lines bytes.Buffer
		p := open(t, Config{Endpoint: endpoint, SampleRatio: 1, Logger: slog.New(slog.NewTextHandler(&lines, nil))})
		for range 3 {
			_, span := p.Door().Start(t.Context(), "GET")
			span.End()
			if err := p.sdk.ForceFlush(t.Context()); err != nil {
				t.Error(err)
			}
		}
		closed(t, p)
		if text := lines.String(); strings.Count(text, "traces not exported") != 1 || !strings.Contains(text, name) || strings.Contains(text, "/v1/traces") {
			t.Errorf("%s: got %s", name, text)
		}
	}
	now := time.Now()
	var lines bytes.Buffer
	c := complaints{log: slog.New(slog.NewTextHandler(&lines, nil)), now: func() time.Time { return now }}
	c.add(1, errors.ErrUnsupported)
	c.add(2, errors.ErrUnsupported)
	now = now.Add(complainEvery)
	c.add(3, errors.ErrUnsupported)
	if !strings.Contains(lines.String(), "spans=5") {
		t.Errorf("got %s, want the sum of what was not told", lines.String())
	}
}
