package queue

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// taskLog sends what asynq says to slog: the same complaint once a minute, not at every poll, without stacks.
type taskLog struct {
	log *slog.Logger

	mu   sync.Mutex
	said map[string]time.Time
}

func newTaskLog(log *slog.Logger) *taskLog { return &taskLog{log: log, said: map[string]time.Time{}} }

const (
	repeatAfter  = time.Minute
	maxSaidBytes = 200
	maxKinds     = 50
)

func (l *taskLog) say(level slog.Level, args []any) {
	text := fmt.Sprint(args...)
	text, _, _ = strings.Cut(text, "\n")
	text = text[:min(len(text), maxSaidBytes)]
	if l.first(strings.Fields(text + " -")[0]) {
		l.log.Log(context.Background(), level, "message queue: asynq", "says", text)
	}
}

// first reports whether complaints that begin alike have been quiet for a while.
func (l *taskLog) first(kind string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if last, known := l.said[kind]; known && now.Sub(last) < repeatAfter {
		return false
	}
	if len(l.said) >= maxKinds {
		clear(l.said)
	}
	l.said[kind] = now
	return true
}

func (l *taskLog) Debug(...any)     {}
func (l *taskLog) Info(...any)      {}
func (l *taskLog) Warn(args ...any) { l.say(slog.LevelWarn, args) }

func (l *taskLog) Error(args ...any) { l.say(slog.LevelError, args) }

// Fatal does not end the process: that is not a library's decision.
func (l *taskLog) Fatal(args ...any) { l.say(slog.LevelError, args) }
