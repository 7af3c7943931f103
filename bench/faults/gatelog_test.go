package main

import (
	"testing"
	"time"
)

// TestTheLogIsReadInWhateverPiecesItComes keeps: a line cut in two by a write is one line.
func TestTheLogIsReadInWhateverPiecesItComes(t *testing.T) {
	const text = `{"time":"2026-11-20T10:00:00Z","level":"INFO","msg":"listening","listen":"127.0.0.1:4711"}
{"time":"2026-11-20T10:00:01Z","level":"INFO","msg":"call","code":200}
{"time":"2026-11-20T10:00:02Z","level":"WARN","msg":"circuit breaker changed","breaker":"primary/login","from":"closed","to":"open"}
{"time":"2026-11-20T10:00:03Z","level":"WARN","msg":"circuit breaker changed","breaker":"primary/read","from":"closed","to":"open"}
not JSON
{"time":"2026-11-20T10:00:04Z","level":"WARN","msg":"circuit breaker changed","breaker":"primary/read","from":"open","to":"half-open"}
{"time":"2026-11-20T10:00:05Z","level":"WARN","msg":"circuit breaker changed","breaker":"primary/read","from":"half-open","to":"open"}
`
	begin := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	for _, size := range []int{1, 7, 100, len(text)} {
		l := &gateLog{listening: make(chan string, 1)}
		for rest := []byte(text); len(rest) > 0; {
			n, err := l.Write(rest[:min(size, len(rest))])
			if err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if got := <-l.listening; got != "127.0.0.1:4711" {
			t.Errorf("pieces of %d: listens on %q", size, got)
		}
		if got := len(l.turnsOf("primary/read", begin)); got != 3 {
			t.Errorf("pieces of %d: %d changes, want 3", size, got)
		}
		first, ok := l.opened("primary/read", begin)
		second, _ := l.opened("primary/read", first)
		if !ok || !first.Equal(begin.Add(3*time.Second)) || !second.Equal(begin.Add(5*time.Second)) {
			t.Errorf("pieces of %d: opened at %s and %s", size, first, second)
		}
		if _, ok := l.opened("primary/write", begin); ok {
			t.Errorf("pieces of %d: a breaker that never changed has opened", size)
		}
	}
}
