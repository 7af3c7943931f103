package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// gate is the program under test, started as main starts it.
type gate struct {
	t      *testing.T
	url    string
	stdout lockedBuffer
	stderr lockedBuffer
	stop   context.CancelFunc
	exit   chan int
	ended  sync.Once
	code   int
}

// lockedBuffer is a buffer that may be read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

var listening = regexp.MustCompile(`msg"?[:=]"?listening"?.*?listen"?[:=]"?([0-9.:]+)`)

// start runs the program on a free port with these variables, and waits until it is ready.
func start(t *testing.T, environ ...string) *gate {
	t.Helper()
	return startWith(t, nil, environ...)
}

// startWith is start with arguments.
func startWith(t *testing.T, args []string, environ ...string) *gate {
	t.Helper()
	g := listens(t, args, environ...)
	eventually(t, "the program is ready", func() bool { return g.readiness() == http.StatusOK })
	return g
}

// listens runs the program and waits until it listens.
func listens(t *testing.T, args []string, environ ...string) *gate {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	g := &gate{t: t, stop: cancel, exit: make(chan int, 1)}
	environ = append([]string{"SNOWGATE_SERVER__LISTEN=127.0.0.1:0"}, environ...)
	if slices.Contains(environ, "SNOWGATE_MODE=sandbox") {
		environ = append(environ, "SNOWGATE_REDIS__TIMEOUT=3s") // a busy machine is no outage
	}
	go func() { g.exit <- run(ctx, args, environ, &g.stdout, &g.stderr) }()
	t.Cleanup(func() {
		g.end()
		if t.Failed() {
			t.Logf("stderr:\n%s", g.stderr.String())
		}
	})
	eventually(t, "the program listens", func() bool {
		found := listening.FindStringSubmatch(g.stderr.String())
		if found != nil {
			g.url = "http://" + found[1]
		}
		return found != nil
	})
	return g
}

// readiness is the status of /readyz, 0 while nobody answers.
func (g *gate) readiness() int {
	res, err := http.Get(g.url + "/readyz")
	if err != nil {
		return 0
	}
	defer func() { _ = res.Body.Close() }()
	return res.StatusCode
}

// end interrupts the program and returns its exit code.
func (g *gate) end() int {
	g.stop()
	g.ended.Do(func() {
		select {
		case g.code = <-g.exit:
		case <-time.After(20 * time.Second):
			g.t.Error("the program did not end within 20 s")
			g.code = -1
		}
	})
	return g.code
}

// eventually polls until ok, or fails the test after 15 s.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(15 * time.Second)
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for !ok() {
		select {
		case <-deadline:
			t.Fatalf("waited 15 s in vain: %s", what)
		case <-look.C:
		}
	}
}

// reply is one answer with its envelope.
type reply struct {
	status int
	header http.Header
	raw    string
	Code   int            `json:"code"`
	Error  string         `json:"error"`
	Data   map[string]any `json:"data"`
}

// ask sends one request as a mini-program would; body "" is none.
func (g *gate) ask(method, path, token, body string, headers ...string) reply {
	g.t.Helper()
	req, err := http.NewRequestWithContext(g.t.Context(), method, g.url+path, strings.NewReader(body))
	if err != nil {
		g.t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		g.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		g.t.Fatalf("%s %s: %v", method, path, err)
	}
	r := reply{status: res.StatusCode, header: res.Header, raw: string(raw)}
	if err := json.Unmarshal(raw, &r); err != nil {
		g.t.Fatalf("%s %s answers no envelope: %s", method, path, raw)
	}
	return r
}

var loginCounter int

// login logs a sandbox user in and returns the token.
func (g *gate) login(user string) string {
	g.t.Helper()
	loginCounter++
	r := g.ask("POST", "/api/auth/wx-login", "", fmt.Sprintf(`{"code":"test-%s-%d"}`, user, loginCounter))
	token, _ := r.Data["token"].(string)
	if r.Code != 0 || token == "" {
		g.t.Fatalf("login of %s: %s", user, r.raw)
	}
	return token
}

// bind binds and fails the test when that is refused.
func (g *gate) bind(token, body string) {
	g.t.Helper()
	if r := g.ask("POST", "/api/auth/erp-bind", token, body); r.Code != 0 || r.Data["bindStatus"] != true {
		g.t.Fatalf("bind: %s", r.raw)
	}
}

// firstOrder is the id of the first order the token may see.
func (g *gate) firstOrder(token string) string {
	g.t.Helper()
	r := g.ask("GET", "/api/orders/search", token, "")
	orders, _ := r.Data["orders"].([]any)
	if r.Code != 0 || len(orders) == 0 {
		g.t.Fatalf("orders: %s", r.raw)
	}
	return orders[0].(map[string]any)["id"].(string)
}

// readmeWalk is the shell block of README.md below the heading of the walk.
func readmeWalk(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "## The walk")
	_, rest, opened := strings.Cut(rest, "```sh\n")
	walk, _, closed := strings.Cut(rest, "```")
	if !found || !opened || !closed {
		t.Fatal("README.md has no shell block below '## The walk'")
	}
	return walk
}
