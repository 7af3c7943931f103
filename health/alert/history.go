package alert

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"time"
)

const (
	historyShared = 50             // of the latest entries are told to the other replicas
	historyTTL    = 72 * time.Hour // and stay there, also when this process has ended
)

// Entry is one thing that was told, or kept quiet.
type Entry struct {
	ID string `json:"id"`
	Message
	// Silenced is the maintenance window that kept it quiet; then nothing was sent.
	Silenced   string              `json:"silenced,omitempty"`
	Deliveries map[string]Delivery `json:"deliveries"` // by webhook
}

// Delivery is what became of an entry at one webhook.
type Delivery struct {
	State    string    `json:"state"` // pending, sent or dropped
	At       time.Time `json:"at"`    // of the last attempt
	Attempts int       `json:"attempts"`
	Error    string    `json:"error,omitempty"` // of the last attempt
}

// history keeps the last entries of this replica. Safe for concurrent use.
type history struct {
	mu      sync.Mutex
	limit   int
	entries []*Entry // oldest first
	changed bool     // since it was last shared
}

func (h *history) add(e Entry) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.entries) >= h.limit {
		h.entries = slices.Delete(h.entries, 0, 1)
	}
	h.entries = append(h.entries, &e)
	h.changed = true
}

// settle enters what became of an entry; one that is no longer there is nobody's concern.
func (h *history) settle(hook, entry, state, problem string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range slices.Backward(h.entries) {
		if e.ID != entry {
			continue
		}
		d := e.Deliveries[hook]
		d.State, d.Error, d.At = state, problem, time.Now()
		if state != stateDropped {
			d.Attempts++
		}
		e.Deliveries = maps.Clone(e.Deliveries) // others may read the old one
		e.Deliveries[hook] = d
		h.changed = true
		return
	}
}

// list returns copies, oldest first.
func (h *history) list() []Entry {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := make([]Entry, len(h.entries))
	for i, e := range h.entries {
		all[i] = *e
	}
	return all
}

// blob is what the others are told, if there is something new.
func (h *history) blob() ([]byte, bool, error) {
	h.mu.Lock()
	changed := h.changed
	h.changed = false
	h.mu.Unlock()
	if !changed {
		return nil, false, nil
	}
	all := h.list()
	blob, err := json.Marshal(all[max(0, len(all)-historyShared):])
	return blob, err == nil, err
}

// unshared makes the next blob tell everything again: the last one did not arrive.
func (h *history) unshared() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.changed = true
}

// History returns the last alerts, newest first, of all replicas, those that have ended within three days included. If the
// Board cannot be read it is that of this replica, with the error.
func (m *Manager) History(ctx context.Context) ([]Entry, error) {
	all := m.history.list()
	var failed error
	if m.cfg.Board != nil {
		ctx, cancel := context.WithTimeout(ctx, boardPatience)
		defer cancel()
		blobs, err := m.cfg.Board.Read(ctx, topicHistory)
		delete(blobs, m.member)
		for _, blob := range blobs {
			var theirs []Entry
			if json.Unmarshal(blob, &theirs) == nil {
				all = append(all, theirs...)
			}
		}
		failed = err
	}
	slices.SortStableFunc(all, func(a, b Entry) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.ID, a.ID)) })
	return all[:min(len(all), m.cfg.History)], failed
}
