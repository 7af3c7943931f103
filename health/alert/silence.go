package alert

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"time"
)

// Errors of maintenance windows.
var (
	ErrWindow   = errors.New("alert: not a maintenance window") // wrapped with what is wrong with it
	ErrNoWindow = errors.New("alert: no such maintenance window")
	// ErrHereOnly says that a window holds on this replica, but the others could not be told.
	ErrHereOnly = errors.New("alert: the other replicas could not be told")
)

// longestWindow bounds a window: one that was forgotten would hide a year's outages.
const longestWindow = 7 * 24 * time.Hour

// Window is a stretch of time in which alerts are expected: they are in the history, but nobody is woken. What still lasts
// at its end is told then; what was told before it began is told as over.
type Window struct {
	ID      string    `json:"id"`
	From    time.Time `json:"from"`    // now if zero
	To      time.Time `json:"to"`      // at most 7 days after From
	Pattern string    `json:"pattern"` // of keys, with * and ?: "part.erp*"; "*" for all
	Note    string    `json:"note,omitempty"`
	By      string    `json:"by,omitempty"` // who wants it
	Stopped bool      `json:"stopped,omitempty"`
}

func (w Window) covers(key string, now time.Time) bool {
	matches, _ := path.Match(w.Pattern, key) // Silence has tried the pattern
	return matches && !w.Stopped && !now.Before(w.From) && now.Before(w.To)
}

func (w Window) valid(now time.Time) error {
	switch _, err := path.Match(w.Pattern, ""); {
	case err != nil || w.Pattern == "":
		return fmt.Errorf("%w: its pattern cannot be read", ErrWindow)
	case !w.To.After(w.From) || !w.To.After(now):
		return fmt.Errorf("%w: it ends before it begins, or has ended", ErrWindow)
	case w.To.Sub(w.From) > longestWindow:
		return fmt.Errorf("%w: it is longer than 7 days", ErrWindow)
	}
	return nil
}

// Silence opens a maintenance window on all replicas within some seconds, and returns it with its ID. Errors: ErrWindow, or
// ErrHereOnly with a window that holds on this replica and is told to the others when they can be reached.
func (m *Manager) Silence(ctx context.Context, w Window) (Window, error) {
	now := time.Now()
	if w.From.IsZero() {
		w.From = now
	}
	if err := w.valid(now); err != nil {
		return w, err
	}
	w.ID, w.Stopped = rand.Text()[:10], false
	return w, m.putWindow(ctx, w)
}

// Unsilence ends a window early, on all replicas within some seconds. Errors: ErrNoWindow, ErrHereOnly.
func (m *Manager) Unsilence(ctx context.Context, id string) error {
	m.mu.Lock()
	w, known := m.windows[id]
	m.mu.Unlock()
	if !known || w.Stopped {
		return ErrNoWindow
	}
	w.Stopped = true
	return m.putWindow(ctx, w)
}

// Windows returns the windows that are open or still to come, by their beginning.
func (m *Manager) Windows() []Window {
	now := time.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	list := []Window{}
	for _, w := range m.windows {
		if !w.Stopped && now.Before(w.To) {
			list = append(list, w)
		}
	}
	slices.SortFunc(list, func(a, b Window) int { return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.ID, b.ID)) })
	return list
}

func (m *Manager) putWindow(ctx context.Context, w Window) error {
	m.mu.Lock()
	m.windows[w.ID] = w
	m.mu.Unlock()
	m.nudge()
	if err := m.publishWindow(ctx, w); err != nil {
		return fmt.Errorf("%w: %w", ErrHereOnly, err)
	}
	return nil
}

func (m *Manager) publishWindow(ctx context.Context, w Window) error {
	if m.cfg.Board == nil {
		return nil
	}
	blob, err := json.Marshal(w)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, boardPatience)
	defer cancel()
	return m.cfg.Board.Publish(ctx, topicWindows, w.ID, blob, max(time.Until(w.To), time.Second))
}

// joinWindows brings the windows of all replicas together: one that was stopped anywhere is stopped.
func (m *Manager) joinWindows(ctx context.Context, blobs map[string][]byte) {
	theirs := map[string]Window{}
	for id, blob := range blobs {
		var w Window
		if json.Unmarshal(blob, &w) == nil && w.ID == id && w.valid(w.From) == nil {
			theirs[id] = w
		}
	}
	for _, w := range m.mergeWindows(theirs, time.Now()) {
		_ = m.publishWindow(ctx, w) // if it fails, the next step tries again
	}
}

// mergeWindows returns those the others do not know.
func (m *Manager) mergeWindows(theirs map[string]Window, now time.Time) (untold []Window) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, w := range theirs {
		if own, known := m.windows[id]; !known || !own.Stopped {
			m.windows[id] = w
		}
	}
	for id, w := range m.windows {
		switch their, known := theirs[id]; {
		case !now.Before(w.To):
			delete(m.windows, id)
		case !known || w.Stopped && !their.Stopped:
			untold = append(untold, w)
		}
	}
	return untold
}

// silencedBy is the window that covers a key now.
func (m *Manager) silencedBy(key string, now time.Time) (Window, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, w := range m.windows {
		if w.covers(key, now) {
			return w, true
		}
	}
	return Window{}, false
}
