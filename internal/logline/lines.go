package logline

import (
	"io"
	"sync"
	"time"
)

const (
	// flushEvery is how long a line may wait: what a crash can take of the log, and of nothing but the log.
	flushEvery = 100 * time.Millisecond
	// flushBytes is how much may wait.
	flushBytes = 32 << 10
)

// Lines gathers lines and writes them together: a write(2) for each cost a request as much as making the line. Safe for
// concurrent use. Flush it before the program ends.
type Lines struct {
	mu    sync.Mutex
	out   io.Writer
	held  []byte
	alarm *time.Timer
	due   bool // the alarm is set
}

// Gather returns lines on their way to out.
func Gather(out io.Writer) *Lines { return &Lines{out: out} }

// Write takes whole lines.
func (l *Lines) Write(lines []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held = append(l.held, lines...)
	if len(l.held) >= flushBytes {
		return len(lines), l.flush()
	}
	if !l.due {
		l.due = true
		l.setAlarm()
	}
	return len(lines), nil
}

func (l *Lines) setAlarm() {
	if l.alarm == nil {
		l.alarm = time.AfterFunc(flushEvery, l.Flush)
		return
	}
	l.alarm.Reset(flushEvery)
}

// Flush writes what is held. There is nobody to tell when that fails.
func (l *Lines) Flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.due = false
	_ = l.flush()
}

func (l *Lines) flush() error {
	if len(l.held) == 0 {
		return nil
	}
	_, err := l.out.Write(l.held)
	l.held = l.held[:0]
	return err
}
