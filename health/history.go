package health

import (
	"slices"
	"sync"
	"time"
)

// keptFailures is how many failures outlive the ordinary history. Twenty looks are ten minutes; the failure somebody rings
// about at noon was often at nine.
const keptFailures = 10

// Outcome is one finished look.
type Outcome struct {
	At      time.Time     // when the look began
	State   State         // up or down
	Latency time.Duration // how long the check took
	Error   string        // the kind of the failure (see Failure), "" when up
}

// history keeps the last outcomes and, apart, the last failures that those have pushed out. Safe for concurrent use.
type history struct {
	mu     sync.Mutex
	limit  int
	recent []Outcome // oldest first, at most limit
	failed []Outcome // oldest first, all older than recent, at most keptFailures
}

func (h *history) add(o Outcome) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.recent) == h.limit {
		h.retire(h.recent[0])
		h.recent = slices.Delete(h.recent, 0, 1)
	}
	h.recent = append(h.recent, o)
}

// retire keeps the oldest outcome a while longer if it was a failure. The caller holds the lock.
func (h *history) retire(o Outcome) {
	if o.State != Down {
		return
	}
	if len(h.failed) == keptFailures {
		h.failed = slices.Delete(h.failed, 0, 1)
	}
	h.failed = append(h.failed, o)
}

// list returns a copy, oldest first.
func (h *history) list() []Outcome {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Concat(h.failed, h.recent)
}
