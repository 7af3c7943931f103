package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"snowgate/internal/servertest"
)

func TestCommandsExitCodeBecomesOurs(t *testing.T) {
	tests := map[string]struct {
		args []string
		code int
		ok   bool
	}{
		"success":         {[]string{"true"}, 0, true},
		"failure":         {[]string{"sh", "-c", "exit 7"}, 7, true},
		"ended by signal": {[]string{"sh", "-c", "kill -KILL $$"}, 137, true},
		"no such command": {[]string{"no-such-command-here"}, 1, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			code, err := command(tt.args, nil)
			if code != tt.code || (err == nil) != tt.ok {
				t.Errorf("got %d, %v, want %d", code, err, tt.code)
			}
		})
	}
}

func TestNothingToRunIsRefused(t *testing.T) {
	if code, err := run([]string{"--"}); code != 2 || err == nil {
		t.Errorf("got %d, %v, want 2 and the usage", code, err)
	}
}

func TestCommandLearnsOfBothServers(t *testing.T) {
	for _, launch := range []func(testing.TB) *servertest.Server{servertest.Redis, servertest.MariaDB} {
		launch(t) // skips where one is not installed
	}
	out := filepath.Join(t.TempDir(), "env")
	code, err := run([]string{"--", "sh", "-c", `echo "$` + servertest.EnvRedis + ` $` + servertest.EnvMySQL + `" > "$0"`, out})
	if code != 0 || err != nil {
		t.Fatalf("got %d, %v", code, err)
	}
	got, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	redis, mysql, _ := strings.Cut(strings.TrimSpace(string(got)), " ")
	if !strings.HasPrefix(redis, "redis://127.0.0.1:") || !strings.HasPrefix(mysql, "mysql://u:test@127.0.0.1:") {
		t.Errorf("got %q and %q, want both addresses", redis, mysql)
	}
}
