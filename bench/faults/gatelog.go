package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"
)

// turn is one change of one circuit breaker.
type turn struct {
	Time    time.Time `json:"time"`
	Breaker string    `json:"breaker"` // channel/class
	To      string    `json:"to"`
}

// gateLog reads the gateway's log while it is written. It is safe for concurrent use.
type gateLog struct {
	listening chan string

	mu      sync.Mutex
	partial []byte
	last    []string
	turns   []turn
	defects []string // lines of level ERROR
}

const keptLines = 40

// Write takes any piece of the log.
func (l *gateLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := append(l.partial, p...)
	for {
		line, rest, whole := bytes.Cut(text, []byte("\n"))
		if !whole {
			break
		}
		l.line(line)
		text = rest
	}
	l.partial = append([]byte(nil), text...)
	return len(p), nil
}

// line looks at one line. Most are calls, told apart without decoding them: there are thousands in a second.
func (l *gateLog) line(line []byte) {
	if bytes.Contains(line, []byte(`"msg":"call"`)) && !bytes.Contains(line, []byte(`"level":"ERROR"`)) {
		return
	}
	l.last = append(l.last, string(line))
	l.last = l.last[max(len(l.last)-keptLines, 0):]
	var said struct {
		turn
		Level  string `json:"level"`
		Msg    string `json:"msg"`
		Listen string `json:"listen"`
	}
	if json.Unmarshal(line, &said) != nil {
		return
	}
	switch {
	case said.Msg == "listening":
		l.listening <- said.Listen
	case said.Msg == "circuit breaker changed":
		l.turns = append(l.turns, said.turn)
	case said.Level == "ERROR":
		l.defects = append(l.defects, string(line))
	}
}

// explain adds the end of the log to an error; nil stays nil.
func (l *gateLog) explain(err error) error {
	if err == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return fmt.Errorf("%w; the gateway's log ends:\n%s", err, strings.Join(l.last, "\n"))
}

// defectFigures is a missed figure where the gateway logged an error: whatever the ERP does, that is a defect of ours.
func (l *gateLog) defectFigures() []figure {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.defects) == 0 {
		return nil
	}
	return []figure{
		atMost("errors in the gateway's log", float64(len(l.defects)), 0, ""),
		told("first of them", "`%s`", l.defects[0]),
	}
}

// turnsOf are the changes of one breaker since a moment, oldest first.
func (l *gateLog) turnsOf(breaker string, since time.Time) (turns []turn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range l.turns {
		if t.Breaker == breaker && t.Time.After(since) {
			turns = append(turns, t)
		}
	}
	return turns
}

// opened is when the breaker opened first since a moment; ok is false when it did not.
func (l *gateLog) opened(breaker string, since time.Time) (at time.Time, ok bool) {
	for _, t := range l.turnsOf(breaker, since) {
		if t.To == "open" {
			return t.Time, true
		}
	}
	return at, false
}
