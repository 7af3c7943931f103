package main

import (
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"snowgate/tracing/tracetest"
)

const (
	phonesTrace  = "4bf92f3577b34da6a3ce929d0e0e4736"
	phonesSpan   = "00f067aa0ba902b7"
	phonesParent = "00-" + phonesTrace + "-" + phonesSpan + "-01"
)

// headers are those of tracing that an outside system was sent, by path.
type headers struct {
	mu   sync.Mutex
	sent []string
}

func (h *headers) note(r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, name := range []string{"Traceparent", "Tracestate", "Baggage"} {
		h.sent = append(h.sent, r.Header.Values(name)...)
	}
}

func (h *headers) all() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.sent)
}

// listen puts a note-taker in front of a stand-in.
func (h *headers) listen(t *testing.T, stand http.Handler) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.note(r)
		stand.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// tracedWorld is production with notes of what ERP and WeChat are sent. endpoint "" is off.
func tracedWorld(t *testing.T, endpoint string, more ...string) (w *world, erp, wechat *headers) {
	t.Helper()
	w, erp, wechat = outside(t), &headers{}, &headers{}
	w.environ = append(w.environ, "SNOWGATE_ERP__ORIGIN="+erp.listen(t, w.erp), "SNOWGATE_WECHAT__BASE_URL="+wechat.listen(t, w.wechat),
		"SNOWGATE_TRACING__ENDPOINT="+endpoint)
	w.environ = append(w.environ, more...)
	w.gate = start(t, w.environ...)
	return w, erp, wechat
}

// tree finds the spans of one trace by their ids.
type tree map[string]*tracepb.Span

func treeOf(spans []*tracepb.Span, trace string) tree {
	found := tree{}
	for _, s := range spans {
		if hex.EncodeToString(s.TraceId) == trace {
			found[hex.EncodeToString(s.SpanId)] = s
		}
	}
	return found
}

// way are the names from a span up to the one below the phone's.
func (tr tree) way(s *tracepb.Span) (names []string) {
	for range len(tr) + 1 {
		names = append(names, s.Name)
		parent := hex.EncodeToString(s.ParentSpanId)
		if parent == phonesSpan {
			return names
		}
		if s = tr[parent]; s == nil {
			break
		}
	}
	return append(names, "(nobody)")
}

// TestOneTraceFromThePhoneToTheERPRedisAndSQL keeps: whatever the phone's requests lead to is in the phone's trace, each span
// below the one that led to it, and nothing secret or personal is in any byte that leaves.
func TestOneTraceFromThePhoneToTheERPRedisAndSQL(t *testing.T) {
	collector := tracetest.New(t)
	w, erp, wechat := tracedWorld(t, collector.URL())
	token := w.login("alice")
	w.bind(token, `{"erpUsername":"alice.chen","erpPassword":"snow-alice-1"}`)
	keyword := w.erp.Orders("501")[0].Code
	eventually(t, "the schema is there", func() bool { return w.rows(`SELECT count(*) FROM api_call_logs`) > 0 })
	for _, path := range []string{"/api/orders/search?keyword=" + keyword, "/api/user/export"} {
		if r := w.ask("GET", path, token, "", "Traceparent", phonesParent, "Tracestate", "phone=1", "Baggage", "who=somebody"); r.Code != 0 {
			t.Fatalf("%s: %s", path, r.raw)
		}
	}
	if code := w.end(); code != exitOK {
		t.Fatalf("exit code %d", code)
	}
	tr := treeOf(collector.Spans(), phonesTrace)
	ways := map[string]bool{}
	for _, s := range tr {
		ways[strings.Join(tr.way(s), " < ")] = true
	}
	for _, want := range []string{
		"GET /api/orders/search", "GET /api/user/export",
		"ERP search_orders < GET /api/orders/search",
		"ERP attempt search_orders < ERP search_orders < GET /api/orders/search",
		"sql.conn.query < GET /api/user/export",
	} {
		if !ways[want] {
			t.Errorf("missing: %s", want)
		}
	}
	redisSeen := false
	for way := range ways {
		redisSeen = redisSeen || strings.HasPrefix(way, "redis ") && strings.HasSuffix(way, "GET /api/orders/search")
		if strings.Contains(way, "(nobody)") {
			t.Errorf("a span hangs in the air: %s", way)
		}
	}
	if !redisSeen || t.Failed() {
		t.Errorf("Redis seen %t; all: %v", redisSeen, ways)
	}
	w.checkSent(tr, erp.all(), wechat.all())
	w.checkRoots(collector.Spans())
	w.checkPrivacy(collector.Raw(), token, keyword)
	if log := w.stderr.String(); !strings.Contains(log, `"trace_id":"`+phonesTrace+`"`) {
		t.Error("no log line names the trace")
	}
}

// checkSent holds the headers of outgoing calls against the attempts.
func (w *world) checkSent(tr tree, erp, wechat []string) {
	w.t.Helper()
	attempts := 0
	for _, value := range erp {
		if trace, rest, ok := strings.Cut(strings.TrimPrefix(value, "00-"), "-"); ok && trace == phonesTrace {
			span, _, _ := strings.Cut(rest, "-")
			if s := tr[span]; s == nil || !strings.HasPrefix(s.Name, "ERP attempt ") {
				w.t.Errorf("the ERP was sent %s, which is no attempt", value)
			}
			attempts++
		}
		if strings.Contains(value, "somebody") {
			w.t.Errorf("baggage has travelled: %s", value)
		}
	}
	if attempts == 0 || len(wechat) != 0 {
		w.t.Errorf("the ERP heard of the trace %d times, WeChat was sent %v", attempts, wechat)
	}
}

// checkRoots wants no trace of a poller's.
func (w *world) checkRoots(spans []*tracepb.Span) {
	w.t.Helper()
	for _, s := range spans {
		if len(s.ParentSpanId) == 0 && s.Kind != tracepb.Span_SPAN_KIND_SERVER {
			w.t.Errorf("%q has begun a trace", s.Name)
		}
	}
}

// checkPrivacy searches everything that was exported.
func (w *world) checkPrivacy(raw, token, keyword string) {
	w.t.Helper()
	private := append(w.wechat.SessionKeys(), token, keyword, openidOf(w, "alice"), "alice.chen", "snow-alice-1", "snow-staff-1", "staff.li",
		w.wechat.AppSecret(), w.wechat.AppID(), testAdminToken, "test-alice-", "somebody", "127.0.0.1")
	for i, word := range private {
		if strings.Contains(raw, word) {
			w.t.Errorf("word %d (%q) has left", i, word)
		}
	}
}

// TestACollectorThatIsAwayIsNotFelt keeps: requests are answered and the program ends within its bound, whether the collector
// hangs or is not there.
func TestACollectorThatIsAwayIsNotFelt(t *testing.T) {
	hanging := tracetest.New(t)
	hanging.Hang()
	for name, endpoint := range map[string]string{"hangs": hanging.URL(), "is not there": "http://127.0.0.1:1"} {
		t.Run(name, func(t *testing.T) {
			g := start(t, "SNOWGATE_MODE=sandbox", "SNOWGATE_TRACING__ENDPOINT="+endpoint, "SNOWGATE_AUDIT__SPOOL_DIR="+t.TempDir())
			token := g.login("alice")
			g.bind(token, `{"inviteCode":"SNOW-2026-A"}`)
			for range 20 {
				began := time.Now()
				g.firstOrder(token)
				if took := time.Since(began); took > 4*time.Second {
					t.Errorf("a request took %s", took)
				}
			}
			began := time.Now()
			if code := g.end(); code != exitOK {
				t.Errorf("exit code %d", code)
			}
			if took := time.Since(began); took > 15*time.Second {
				t.Errorf("the end took %s", took)
			}
			if name == "is not there" && strings.Count(g.stderr.String(), "traces not exported") != 1 {
				t.Errorf("the loss is not told once:\n%s", g.stderr.String())
			}
		})
	}
}

// TestWithoutTracingNothingIsPassedOn keeps: off is off, whatever the phone sends.
func TestWithoutTracingNothingIsPassedOn(t *testing.T) {
	w, erp, wechat := tracedWorld(t, "")
	token := w.login("bob")
	w.bind(token, `{"inviteCode":"SNOW-2026-B"}`)
	if r := w.ask("GET", "/api/orders/search", token, "", "Traceparent", phonesParent); r.Code != 0 {
		t.Fatal(r.raw)
	}
	if sent := append(erp.all(), wechat.all()...); len(sent) != 0 || strings.Contains(w.stderr.String(), "trace_id") {
		t.Errorf("sent %v", sent)
	}
}
