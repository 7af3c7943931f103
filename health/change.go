package health

import (
	"errors"
	"log/slog"
)

// change is a probe's step from one state to another.
type change struct {
	from, to State
	err      error // why it is down; nil when it is up
}

// OnChange adds a function to call after every change of state, in the order of the changes of one probe, from the goroutine
// that looked and outside all locks: it may call any method of the Monitor. err is the whole error of the look (nil when the
// probe came up) and is not fit for the public. A slow function delays that probe's next look; a panic is logged and dropped.
func (m *Monitor) OnChange(fn func(name string, from, to State, err error)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.listeners = append(m.listeners[:len(m.listeners):len(m.listeners)], fn)
}

// queue remembers a change; the caller has the turn, so that the order is the order of the looks.
func (w *watch) queue(c change) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.changes = append(w.changes, c)
}

// next gives the oldest change to the one goroutine that announces, and ends the announcing when there is none.
func (w *watch) next() (change, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.changes) == 0 {
		w.telling = false
		return change{}, false
	}
	c := w.changes[0]
	w.changes = w.changes[1:]
	return c, true
}

// begin says whether the caller is the one to announce. If not, whoever is at it will come to the new change as well.
func (w *watch) begin() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.telling || len(w.changes) == 0 {
		return false
	}
	w.telling = true
	return true
}

// announce logs the queued changes of a probe and tells the listeners. The caller no longer has the turn: a listener that
// looks again would wait for itself.
func (m *Monitor) announce(w *watch) {
	if !w.begin() {
		return
	}
	for c, ok := w.next(); ok; c, ok = w.next() {
		m.logChange(w.probe.Name, c)
		m.mu.Lock()
		listeners := m.listeners
		m.mu.Unlock()
		for _, fn := range listeners {
			m.tell(fn, w.probe.Name, c)
		}
	}
}

func (m *Monitor) tell(fn func(string, State, State, error), name string, c change) {
	defer func() {
		if value := recover(); value != nil {
			m.log.Error("probe listener panicked", "probe", name, "panic", value)
		}
	}()
	fn(name, c.from, c.to, c.err)
}

func (m *Monitor) logChange(name string, c change) {
	attrs := []any{slog.String("probe", name), slog.String("from", string(c.from)), slog.String("to", string(c.to))}
	if c.err == nil {
		m.log.Info("probe changed state", attrs...)
		return
	}
	attrs = append(attrs, slog.String("kind", kindOf(c.err)), slog.String("error", logText(c.err)))
	var p *panicked
	if errors.As(c.err, &p) {
		attrs = append(attrs, slog.String("stack", string(p.stack)))
	}
	m.log.Warn("probe changed state", attrs...)
}
