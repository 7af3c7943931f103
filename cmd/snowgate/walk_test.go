package main

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
)

// TestTheReadmesWalkWorks starts the program as a newcomer does, without any configuration, pastes the README's walk
// into a shell, and sees every step answered with success.
func TestTheReadmesWalkWorks(t *testing.T) {
	for _, tool := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("the walk needs %s, which is not installed", tool)
		}
	}
	g := start(t)
	walk := strings.ReplaceAll(readmeWalk(t), "http://127.0.0.1:8080", g.url)
	out, err := exec.CommandContext(t.Context(), "bash", "-eu", "-o", "pipefail", "-c", walk).CombinedOutput() //nolint:gosec // the README is ours
	if err != nil {
		t.Fatalf("the walk failed: %v\n%s", err, out)
	}
	answers := 0
	for line := range strings.Lines(string(out)) {
		var envelope struct {
			Code *int `json:"code"`
		}
		if err := json.Unmarshal([]byte(line), &envelope); err != nil || envelope.Code == nil || *envelope.Code != 0 {
			t.Errorf("not an answer of success: %s", line)
		}
		answers++
	}
	if answers < 8 {
		t.Errorf("the walk printed %d answers, want at least 8:\n%s", answers, out)
	}
	if code := g.end(); code != exitOK {
		t.Errorf("exit code %d after Ctrl-C, want 0", code)
	}
}

func TestTheWelcomeNamesWhatANewcomerNeeds(t *testing.T) {
	g := start(t)
	welcome := g.stdout.String()
	for _, want := range []string{g.url, "SANDBOX", "Not for production", "SNOW-2026-A", "alice.chen / snow-alice-1",
		"sandbox-admin-token", "curl -s", "__sandbox/faults"} {
		if !strings.Contains(welcome, want) {
			t.Errorf("the welcome does not mention %q:\n%s", want, welcome)
		}
	}
	if strings.Contains(welcome, "SNOW-2026-D") {
		t.Error("the welcome offers the invite code of a disabled customer")
	}
}

func TestCommands(t *testing.T) {
	complete := []string{"SNOWGATE_MODE=sandbox"}
	tests := []struct {
		name    string
		args    []string
		environ []string
		code    int
		stdout  string
		stderr  string
	}{
		{"help", []string{"--help"}, nil, exitOK, "check-config", ""},
		{"help command", []string{"help"}, nil, exitOK, "Usage:", ""},
		{"version", []string{"version"}, nil, exitOK, "snowgate ", ""},
		{"version flag", []string{"--version"}, nil, exitOK, "snowgate ", ""},
		{"codes", []string{"codes"}, nil, exitOK, "erp_unavailable", ""},
		{"audit without a verb", []string{"audit"}, complete, exitUsage, "", `no command "audit"`},
		{"audit verify without a database", []string{"audit", "verify"}, complete, exitFailure, "", "sql.dsn"},
		{"audit verify of a strange day", []string{"audit", "verify", "--from", "yesterday"}, complete, exitUsage, "", "want a day"},
		{"check-config", []string{"check-config"}, complete, exitOK, "mode: sandbox", ""},
		{"check-config complains about everything", []string{"check-config"}, []string{"SNOWGATE_ERP__TIMEOUT=soon", "SNOWGATE_HEALTH__INTERVAL=7"},
			exitUsage, "", "erp.timeout"},
		{"a key that is nearly right", []string{"check-config"}, []string{"SNOWGATE_MODE=sandbox", "SNOWGATE_REDIS__URI=x"}, exitOK, "", "SNOWGATE_REDIS__URL"},
		{"unknown command", []string{"sing"}, nil, exitUsage, "", `no command "sing"`},
		{"unknown option", []string{"--loud"}, nil, exitUsage, "", "see snowgate help"},
		{"too many arguments", []string{"serve", "now"}, nil, exitUsage, "", "too many arguments"},
		{"migrate without a database", []string{"migrate"}, complete, exitFailure, "", "sql.dsn"},
		{"missing file", []string{"-c", "testdata/none.yaml", "check-config"}, nil, exitUsage, "", "none.yaml"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var stdout, stderr lockedBuffer
			if code := run(t.Context(), tt.args, tt.environ, &stdout, &stderr); code != tt.code {
				t.Errorf("exit code %d, want %d\n%s", code, tt.code, stderr.String())
			}
			if !strings.Contains(stdout.String(), tt.stdout) {
				t.Errorf("stdout does not contain %q:\n%s", tt.stdout, stdout.String())
			}
			if !strings.Contains(stderr.String(), tt.stderr) {
				t.Errorf("stderr does not contain %q:\n%s", tt.stderr, stderr.String())
			}
		})
	}
}

func TestMigrateIsRepeatable(t *testing.T) {
	environ := []string{"SNOWGATE_MODE=sandbox", "SNOWGATE_SQL__DSN=sqlite://" + t.TempDir() + "/log.db"}
	for _, want := range []string{"applied", "up to date"} {
		var stdout, stderr lockedBuffer
		if code := run(t.Context(), []string{"migrate"}, environ, &stdout, &stderr); code != exitOK {
			t.Fatalf("exit code %d: %s", code, stderr.String())
		}
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("got %q, want %q in it", stdout.String(), want)
		}
	}
}

func TestABusyPortIsAnError(t *testing.T) {
	g := start(t)
	var stdout, stderr lockedBuffer
	address := strings.TrimPrefix(g.url, "http://")
	if code := run(t.Context(), nil, []string{"SNOWGATE_SERVER__LISTEN=" + address}, &stdout, &stderr); code != exitFailure {
		t.Errorf("exit code %d, want %d", code, exitFailure)
	}
	if !strings.Contains(stderr.String(), "address already in use") {
		t.Errorf("stderr: %s", stderr.String())
	}
}
