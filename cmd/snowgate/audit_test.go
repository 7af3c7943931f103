package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// kills is how often the crash test kills the program; SNOWGATE_TEST_KILLS asks for more.
func kills() int {
	if n, err := strconv.Atoi(os.Getenv("SNOWGATE_TEST_KILLS")); err == nil {
		return n
	}
	return 4
}

// TestKillMinus9LosesNoAnsweredCall keeps: every call that was answered has exactly one row, however often the program is
// killed, and the chain of the rows is unbroken.
func TestKillMinus9LosesNoAnsweredCall(t *testing.T) {
	w := outside(t)
	binary := built(t)
	answered := map[string]bool{}
	token := ""
	for round := range kills() {
		p := w.spawn(binary)
		if token == "" {
			token = w.login("bob")
		}
		for id := range w.loadUntilKilled(p, token, round) {
			answered[id] = true
		}
	}
	last := w.spawn(binary)
	defer last.kill()
	eventually(t, "every answered call is in the log", func() bool {
		return w.rows(`SELECT count(*) FROM api_call_logs WHERE request_id LIKE 'kill-%'`) >= len(answered)
	})
	rows := w.countByRequest()
	for id := range answered {
		if rows[id] != 1 {
			t.Errorf("call %s was answered and has %d rows", id, rows[id])
		}
	}
	t.Logf("%d calls answered around %d kills", len(answered), kills())
	if code, said := w.command("audit", "verify"); code != exitOK {
		t.Errorf("audit verify: %s", said)
	}
}

// built is the program's binary.
func built(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "snowgate")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".").CombinedOutput(); err != nil { //nolint:gosec // our own program
		t.Fatalf("build: %v\n%s", err, out)
	}
	return binary
}

// process is the program as a process of its own, so that it can be killed.
type process struct {
	cmd *exec.Cmd
	t   *testing.T
}

func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// spawn starts the binary, points the world at it and waits until it is ready.
func (w *world) spawn(binary string) *process {
	w.t.Helper()
	cmd := exec.CommandContext(w.t.Context(), binary)
	cmd.Env = append([]string{"SNOWGATE_SERVER__LISTEN=127.0.0.1:0", "PATH=" + os.Getenv("PATH")}, w.environ...)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	found := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(stderr)
		for lines.Scan() {
			if m := listening.FindStringSubmatch(lines.Text()); m != nil {
				found <- "http://" + m[1]
			}
		}
	}()
	select {
	case w.url = <-found:
	case <-time.After(15 * time.Second):
		w.t.Fatal("the process does not listen")
	}
	eventually(w.t, "the process is ready", func() bool { return w.readiness() == http.StatusOK })
	return &process{cmd: cmd, t: w.t}
}

// loadUntilKilled asks from 8 sides, kills the process after 200 answers in the midst of it, and returns the ids of the
// calls whose answer arrived whole.
func (w *world) loadUntilKilled(p *process, token string, round int) map[string]bool {
	const enough = 200
	var mu sync.Mutex
	answered := map[string]bool{}
	reached := make(chan struct{})
	ctx, stop := context.WithCancel(w.t.Context())
	defer stop()
	var all sync.WaitGroup
	for side := range 8 {
		all.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				id := fmt.Sprintf("kill-%d-%d-%d", round, side, n)
				if !w.answersWhole(ctx, id, token) {
					return
				}
				mu.Lock()
				if answered[id] = true; len(answered) == enough {
					close(reached)
				}
				mu.Unlock()
			}
		})
	}
	<-reached
	p.kill()
	stop()
	all.Wait()
	return answered
}

func (w *world) answersWhole(ctx context.Context, id, token string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url+"/api/user/profile", nil)
	if err != nil {
		return false
	}
	req.Header.Set("X-Request-Id", id)
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer func() { _ = res.Body.Close() }()
	_, err = io.Copy(io.Discard, res.Body)
	return err == nil && res.StatusCode == http.StatusOK
}

func (w *world) countByRequest() map[string]int {
	w.t.Helper()
	db := w.database()
	defer func() { _ = db.Close() }()
	var ids []string
	if err := db.Select(&ids, `SELECT request_id FROM api_call_logs WHERE request_id LIKE 'kill-%'`); err != nil {
		w.t.Fatal(err)
	}
	count := map[string]int{}
	for _, id := range ids {
		count[id]++
	}
	return count
}

// command runs one of the program's commands in the world.
func (w *world) command(args ...string) (code int, said string) {
	var stdout, stderr lockedBuffer
	code = run(w.t.Context(), args, w.environ, &stdout, &stderr)
	return code, stdout.String() + stderr.String()
}

// TestAuditVerifyNamesWhatWasChanged keeps: a row that was changed or taken out is named, with exit code 1.
func TestAuditVerifyNamesWhatWasChanged(t *testing.T) {
	tests := []struct {
		name, change, want string
	}{
		{"nothing", "", ""},
		{"a status", `UPDATE api_call_logs SET response_status = 500 WHERE chain_seq = 3`, "link 3"},
		{"an answer", `UPDATE api_call_logs SET response_data = '{}' WHERE chain_seq = 4`, "link 4"},
		{"a row taken out", `DELETE FROM api_call_logs WHERE chain_seq = 3`, "link 4"},
		{"a person forgotten", `UPDATE api_call_logs SET openid = NULL`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := production(t)
			token := w.login("alice")
			for range 6 {
				w.ask("GET", "/api/user/profile", token, "")
			}
			eventually(t, "the calls are in the log", func() bool { return w.rows(`SELECT count(*) FROM api_call_logs`) >= 7 })
			if tt.change != "" {
				db := w.database()
				db.MustExec(tt.change)
				_ = db.Close()
			}
			code, said := w.command("audit", "verify")
			if wantCode := map[bool]int{true: exitOK, false: exitFailure}[tt.want == ""]; code != wantCode || !strings.Contains(said, tt.want) {
				t.Errorf("exit code %d, want %d and %q: %s", code, wantCode, tt.want, said)
			}
		})
	}
}

// TestAFullSpoolRefusesBindsAndServesReads keeps: with the spool's disk full, reads go on, what has to be recorded is
// refused before anything is done, health says so, and all is well again by itself.
func TestAFullSpoolRefusesBindsAndServesReads(t *testing.T) {
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("no small disk can be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) })
	w := production(t, "SNOWGATE_AUDIT__SPOOL_DIR="+filepath.Join(disk, "spool"), "SNOWGATE_HEALTH__INTERVAL=1s")
	token := w.login("alice")
	w.bind(token, `{"inviteCode":"SNOW-2026-A"}`)

	filler := filepath.Join(disk, "filler")
	if err := os.WriteFile(filler, make([]byte, 2<<20), 0o600); err == nil {
		t.Fatal("the disk has more room than it should")
	}
	eventually(t, "binds are refused", func() bool {
		w.firstOrder(token) // reads go on
		r := w.ask("POST", "/api/auth/erp-bind", token, `{"inviteCode":"SNOW-2026-A"}`)
		return r.Code == http.StatusServiceUnavailable && r.Error == "audit_unavailable"
	})
	eventually(t, "health is degraded", func() bool {
		return w.ask("GET", "/api/health/check", "", "").Data["status"] == "degraded"
	})
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	eventually(t, "binds are taken again", func() bool {
		return w.ask("POST", "/api/auth/erp-bind", token, `{"inviteCode":"SNOW-2026-A"}`).Code == 0
	})
	if metrics := w.metrics(); !strings.Contains(metrics, `snowgate_audit_records_total{state="dropped"}`) ||
		strings.Contains(metrics, `snowgate_audit_records_total{state="dropped"} 0`) {
		t.Error("drops are not counted")
	}
}

func (w *world) metrics() string {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.url+"/metrics", nil)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+testAdminToken)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

// TestAPersonCanSeeAndEraseWhatIsHeld keeps PIPL's access, copy and erasure.
func TestAPersonCanSeeAndEraseWhatIsHeld(t *testing.T) {
	w := production(t)
	token, other := w.login("alice"), w.login("alice")
	w.bind(token, `{"inviteCode":"SNOW-2026-A"}`)
	w.firstOrder(token)
	eventually(t, "the copy holds the calls", func() bool {
		r := w.ask("GET", "/api/user/export", token, "")
		rows, _ := r.Data["rows"].(map[string]any)
		calls, _ := rows["calls"].([]any)
		return r.Code == 0 && len(calls) >= 3
	})
	if r := w.ask("DELETE", "/api/user", token, ""); r.Code != 0 || r.Data["erased"] != true {
		t.Fatalf("erase: %s", r.raw)
	}
	for _, gone := range []string{token, other} {
		if r := w.ask("GET", "/api/user/profile", gone, ""); r.Code != http.StatusUnauthorized {
			t.Errorf("a session lives on: %s", r.raw)
		}
	}
	eventually(t, "no row names the person", func() bool {
		return w.rows(`SELECT count(*) FROM api_call_logs WHERE openid IS NOT NULL`) == 0 &&
			w.rows(`SELECT count(*) FROM user_sessions WHERE openid NOT LIKE 'erased%'`) == 0
	})
	again := w.login("alice")
	if r := w.ask("GET", "/api/user/profile", again, ""); r.Data["bound"] != false {
		t.Errorf("the binding came back: %s", r.raw)
	}
	if code, said := w.command("audit", "verify"); code != exitOK {
		t.Errorf("forgetting broke the chain: %s", said)
	}
}

// TestAdminsFindAndExportCalls walks the search and the export.
func TestAdminsFindAndExportCalls(t *testing.T) {
	w := production(t)
	token := w.login("alice")
	w.ask("GET", "/api/user/profile", token, "", "X-Request-Id", "find-me-1")
	w.ask("GET", "/api/orders/search", token, "", "X-Request-Id", "find-me-2")
	found := func(query string) []any {
		calls, _ := w.ask("GET", "/api/admin/calls?"+query, testAdminToken, "").Data["calls"].([]any)
		return calls
	}
	eventually(t, "the call is found by its request id", func() bool { return len(found("requestId=find-me-1")) == 1 })
	if calls := found("status=403&route=/api/orders/search"); len(calls) != 1 {
		t.Errorf("by status and route: %v", calls)
	}
	for _, format := range []string{"csv", "jsonl"} {
		if code, said := w.command("audit", "export", "--format", format); code != exitOK || !strings.Contains(said, "find-me-2") || !strings.Contains(said, "100%") {
			t.Errorf("export as %s: exit code %d: %s", format, code, said)
		}
	}
	if code, said := w.command("audit", "export", "--format", "xml"); code != exitUsage {
		t.Errorf("exit code %d for an unknown format: %s", code, said)
	}
}
