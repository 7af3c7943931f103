package alert

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"snowgate/health"
)

var errNoBoard = errors.New("board is out of reach")

// meeting is a place where the replicas of one test meet.
type meeting struct {
	mu     sync.Mutex
	away   bool
	claims map[string]time.Time
	topics map[string]map[string]blob
}

type blob struct {
	data []byte
	ends time.Time
}

func newMeeting() *meeting {
	return &meeting{claims: map[string]time.Time{}, topics: map[string]map[string]blob{}}
}

func (m *meeting) goAway(away bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.away = away
}

func (m *meeting) Claim(_ context.Context, key string, ttl time.Duration) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.away {
		return false, errNoBoard
	}
	if time.Now().Before(m.claims[key]) {
		return false, nil
	}
	m.claims[key] = time.Now().Add(ttl)
	return true, nil
}

func (m *meeting) Publish(_ context.Context, topic, member string, data []byte, ttl time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.away {
		return errNoBoard
	}
	if m.topics[topic] == nil {
		m.topics[topic] = map[string]blob{}
	}
	m.topics[topic][member] = blob{bytes.Clone(data), time.Now().Add(ttl)}
	return nil
}

func (m *meeting) Read(_ context.Context, topic string) (map[string][]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.away {
		return nil, errNoBoard
	}
	maps.DeleteFunc(m.topics[topic], func(_ string, b blob) bool { return !time.Now().Before(b.ends) })
	found := map[string][]byte{}
	for member, b := range m.topics[topic] {
		found[member] = b.data
	}
	return found, nil
}

// robot is a webhook without a network, which a bubble cannot have: it answers as it is told and keeps what it got.
type robot struct {
	mu     sync.Mutex
	answer string // "" for success
	err    error
	got    []received
}

type received struct {
	at   time.Time
	url  string
	body string
}

func (r *robot) RoundTrip(request *http.Request) (*http.Response, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	r.got = append(r.got, received{time.Now(), request.URL.String(), string(body)})
	if r.err != nil {
		return nil, r.err
	}
	answer := r.answer
	if answer == "" {
		answer = `{"errcode":0,"errmsg":"ok","code":0}`
	}
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(answer)), Header: http.Header{}}, nil
}

// become makes the robot fail, or heals it.
func (r *robot) become(answer string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer, r.err = answer, err
}

// all is every request, failed ones included.
func (r *robot) all() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]received(nil), r.got...)
}

// messages are the bodies as a json webhook reads them.
func (r *robot) messages(t *testing.T) (list []Message) {
	t.Helper()
	for _, g := range r.all() {
		var m Message
		if err := json.Unmarshal([]byte(g.body), &m); err != nil {
			t.Fatalf("%v in %s", err, g.body)
		}
		list = append(list, m)
	}
	return list
}

// told is what a robot was told, in short: "raised part.erp critical".
func (r *robot) told(t *testing.T) (list []string) {
	t.Helper()
	for _, m := range r.messages(t) {
		list = append(list, strings.TrimSpace(fmt.Sprintf("%s %s %s", m.Event, m.Key, m.Severity)))
	}
	return list
}

func hooks(t *testing.T, texts ...string) []*Webhook {
	t.Helper()
	list, err := Parse(texts)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// quiet is a config that tells a robot, as a json webhook, and logs nowhere.
func quiet(t *testing.T, r *robot) Config {
	t.Helper()
	return Config{
		Webhooks: hooks(t, "json:https://alerts.example.invalid/hook?token=T0KEN"), Transport: r,
		Logger: slog.New(slog.DiscardHandler), Zone: time.UTC,
	}
}

// start runs a manager until the test ends, or until stop. For use inside a bubble.
func start(t *testing.T, cfg Config) (m *Manager, stop func()) {
	t.Helper()
	m = New(cfg)
	return m, run(t, m.Run)
}

func run(t *testing.T, f func(context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- f(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v, want nil", err)
		}
	})
	t.Cleanup(stop)
	synctest.Wait()
	return stop
}

// pass lets time go by and everything settle.
func pass(d time.Duration) {
	<-time.After(d) // the bubble's own clock: nobody waits
	synctest.Wait()
}

// erpDown is an alert.
func erpDown() Alert {
	return Alert{
		Key: "part.erp", Severity: Critical,
		Title: health.Words{ZH: "ERP 主通道不可用", EN: "ERP primary channel is down"},
		Text:  health.Words{ZH: "探测失败：拒绝连接", EN: "the probe fails: connection refused"},
	}
}
