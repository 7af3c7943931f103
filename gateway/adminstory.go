package gateway

import (
	"sync"
	"time"

	"snowgate/erpclient"
)

const (
	maxStories  = 2000 // calls that this replica can tell of
	maxAttempts = 64   // of one of them; a detail page makes about a dozen
)

// story is how one call went, for a console's waterfall. It holds nothing of what was asked or answered.
type story struct {
	Method    string           `json:"method"`
	Route     string           `json:"route"`
	Code      int              `json:"code"`
	At        string           `json:"at"`
	Source    erpclient.Source `json:"source"` // "" where the answer is not the ERP's
	Coalesced bool             `json:"coalesced"`
	TookMS    float64          `json:"tookMs"`
	Attempts  []storyAttempt   `json:"attempts"`

	began time.Time // At is written for those who ask
}

// storyAttempt is one call at the ERP, or one that was refused before it left.
type storyAttempt struct {
	Op      string  `json:"op"`
	Channel string  `json:"channel"`
	Kind    string  `json:"kind"`    // ok, or the kind of failure
	StartMS float64 `json:"startMs"` // since the request came in
	TookMS  float64 `json:"tookMs"`
}

// storyOf tells a finished call.
func (s *Server) storyOf(c *call, method, template string, took time.Duration, trail erpclient.Trail) story {
	told := story{
		Method: method, Route: template, Code: c.record.code, began: c.record.start, Source: c.record.source,
		Coalesced: trail.Coalesced, TookMS: milliseconds(took),
		Attempts: make([]storyAttempt, 0, min(len(trail.Attempts), maxAttempts)),
	}
	for _, a := range trail.Attempts[:min(len(trail.Attempts), maxAttempts)] {
		kind := "ok"
		if a.Kind != "" {
			kind = string(a.Kind)
		}
		start := max(a.Started.Sub(c.record.start), 0)
		told.Attempts = append(told.Attempts, storyAttempt{a.Op, a.Channel, kind, milliseconds(start), milliseconds(a.Took)})
	}
	return told
}

// stories are the last calls of this replica by request id; of several with one id, the last. Safe for concurrent use.
type stories struct {
	mu    sync.Mutex
	ring  [maxStories]toldOf // in the order in which they came
	next  int
	place map[string]int // of an id in the ring
}

// toldOf is a story and whose it is.
type toldOf struct {
	id string
	story
}

func (l *stories) add(id string, s story) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.place == nil {
		l.place = make(map[string]int, maxStories)
	}
	if oldest := l.ring[l.next].id; oldest != "" && l.place[oldest] == l.next {
		delete(l.place, oldest)
	}
	l.ring[l.next] = toldOf{id, s}
	l.place[id] = l.next
	l.next = (l.next + 1) % maxStories
}

// find is nil for a call that is not remembered here.
func (l *stories) find(id string) *story {
	l.mu.Lock()
	defer l.mu.Unlock()
	if at, ok := l.place[id]; ok {
		found := l.ring[at].story
		return &found
	}
	return nil
}
