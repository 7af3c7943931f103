package erpclient

import (
	"errors"
	"fmt"
	"math"
	"testing"
	"time"
)

func TestRetryable(t *testing.T) {
	busy := &Error{Op: "order", Kind: KindBusy}
	tests := []struct {
		name  string
		class Class
		err   error
		want  bool
	}{
		{"a read from a busy ERP", ClassRead, busy, true},
		{"wrapped", ClassRead, fmt.Errorf("page: %w", busy), true},
		{"unavailable", ClassRead, &Error{Op: "order", Kind: KindUnavailable}, true},
		{"timeout", ClassRead, &Error{Op: "order", Kind: KindTimeout}, true},
		{"bad answer", ClassRead, &Error{Op: "order", Kind: KindBadAnswer}, true},
		{"a write", ClassWrite, busy, false},
		{"a write that was not sent", ClassWrite, &Error{Op: "record_stock", Kind: KindUnavailable, Unsent: true}, true},
		{"a write that had no time to connect", ClassWrite, &Error{Op: "record_stock", Kind: KindTimeout, Unsent: true}, true},
		{"a write that had no time", ClassWrite, &Error{Op: "record_stock", Kind: KindTimeout, Unsent: true, Err: errTimeUp}, false},
		{"a write that our own breaker refused", ClassWrite, &Error{Op: "record_stock", Kind: KindUnavailable, Unsent: true, Err: errBreakerOpen}, false},
		{"a write to an ERP that refuses its own sessions", ClassWrite, &Error{Op: "record_stock", Kind: KindBadAnswer, Unsent: true}, false},
		{"a write that was refused", ClassWrite, &Error{Op: "record_stock", Kind: KindConflict, Unsent: true}, false},
		{"a write whose outcome is unknown", ClassWrite, &Error{Op: "record_stock", Kind: KindOutcomeUnknown}, false},
		{"a login on the way of a write", ClassWrite, &Error{Op: opLogin, Kind: KindUnavailable, Unsent: true}, false},
		{"a login that was not sent", ClassLogin, &Error{Op: opLogin, Kind: KindUnavailable, Unsent: true}, false},
		{"a login", ClassLogin, busy, false},
		{"a login on the way of a read", ClassRead, &Error{Op: opLogin, Kind: KindTimeout}, false},
		{"our own breaker", ClassRead, &Error{Op: "order", Kind: KindUnavailable, Err: errBreakerOpen}, false},
		{"our own bulkhead", ClassRead, &Error{Op: "order", Kind: KindBusy, Err: errBulkheadFull}, false},
		{"not found", ClassRead, &Error{Op: "order", Kind: KindNotFound}, false},
		{"a lost session", ClassRead, &Error{Op: "order", Kind: KindSessionExpired}, false},
		{"the store's own error", ClassRead, errors.New("redis is down"), false},
		{"no error", ClassRead, nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := retryable(tt.class, tt.err); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestBackoff(t *testing.T) {
	almostOne := math.Nextafter(1, 0)
	tests := []struct {
		name       string
		n          int
		retryAfter time.Duration
		random     float64
		want       time.Duration
	}{
		{"may be nothing", 0, 0, 0, 0},
		{"first ceiling", 0, 0, 0.5, 25 * time.Millisecond},
		{"second ceiling", 1, 0, 0.5, 50 * time.Millisecond},
		{"third ceiling", 2, 0, 0.5, 100 * time.Millisecond},
		{"highest ceiling", 3, 0, 0.5, 200 * time.Millisecond},
		{"stays there", 4, 0, 0.5, 200 * time.Millisecond},
		{"no overflow", 1 << 30, 0, 0.5, 200 * time.Millisecond},
		{"never less than asked for", 0, time.Second, 0.5, time.Second},
		{"more than asked for", 3, time.Millisecond, 0.5, 200 * time.Millisecond},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := backoff(tt.n, tt.retryAfter, tt.random); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
	for n := range 20 {
		if got := backoff(n, 0, almostOne); got > backoffMax {
			t.Errorf("retry %d waits %s, more than %s", n, got, backoffMax)
		}
	}
}

func TestFits(t *testing.T) {
	tests := []struct {
		wait, left time.Duration
		want       bool
	}{
		{0, 50 * time.Millisecond, true}, {0, 49 * time.Millisecond, false}, {time.Second, 1050 * time.Millisecond, true},
		{time.Second, 1049 * time.Millisecond, false}, {0, -time.Second, false},
	}
	for _, tt := range tests {
		if got := fits(tt.wait, tt.left); got != tt.want {
			t.Errorf("%s into %s: got %v, want %v", tt.wait, tt.left, got, tt.want)
		}
	}
}

func TestAttemptTime(t *testing.T) {
	tests := []struct {
		name         string
		left         time.Duration
		attemptsLeft int
		usual, want  time.Duration
	}{
		{"an even split", 2 * time.Second, 4, 100 * time.Millisecond, 500 * time.Millisecond},
		{"more for a slow ERP", 2 * time.Second, 4, 300 * time.Millisecond, 900 * time.Millisecond},
		{"never more than is left", 2 * time.Second, 4, time.Second, 2 * time.Second},
		{"the last attempt has all", 700 * time.Millisecond, 1, 100 * time.Millisecond, 700 * time.Millisecond},
		{"no retries configured", 2 * time.Second, 0, 100 * time.Millisecond, 2 * time.Second},
		{"nothing left", 0, 3, 100 * time.Millisecond, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := attemptTime(tt.left, tt.attemptsLeft, tt.usual); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
