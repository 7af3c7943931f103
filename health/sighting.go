package health

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// sighting is one look as other replicas are told of it. It holds no moment, only durations: their clocks may differ.
type sighting struct {
	ID       string        `json:"id"` // unlike that of any other look
	State    State         `json:"state"`
	Kind     string        `json:"kind,omitempty"`
	Latency  time.Duration `json:"latency"`
	For      time.Duration `json:"for"` // in this state already
	Failures int           `json:"failures,omitempty"`
}

// errElsewhere stands for the error of a look that another replica took; its text is in that replica's log.
var errElsewhere = errors.New("seen by another replica")

// mine says whether this replica's own look came back to it.
func (s sighting) mine(replica string) bool { return strings.HasPrefix(s.ID, replica+"/") }

// post tells the others of a look. If that fails, the next meeting will find out why.
func (m *Monitor) post(parent context.Context, w *watch) {
	c := m.crew
	if c == nil || w.probe.Local || c.alone.Load() {
		return
	}
	s := w.current.Load()
	blob, err := json.Marshal(sighting{
		ID: c.replica + "/" + s.checkedAt.Format(time.RFC3339Nano), State: s.state, Kind: s.kind,
		Latency: s.latency, For: max(m.now().Sub(s.since), 0), Failures: s.failures,
	})
	if err != nil {
		m.log.Error("a look cannot be told", "probe", w.probe.Name, "error", err)
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(parent), boardPatience)
	defer cancel()
	if err := c.board.Publish(ctx, topicProbes, w.probe.Name, blob, m.stale(w)); err != nil {
		c.reach.report(err)
	}
}

// takeOver makes the looks of the replica that has the lease our own.
func (m *Monitor) takeOver(ctx context.Context) error {
	blobs, err := m.crew.board.Read(ctx, topicProbes)
	if err != nil {
		return err
	}
	for name, blob := range blobs {
		var s sighting
		w := m.byName[name]
		if w == nil || w.probe.Local || json.Unmarshal(blob, &s) != nil || s.State != Up && s.State != Down {
			continue // of another release, or configured otherwise
		}
		if !s.mine(m.crew.replica) {
			m.adopt(w, s)
		}
	}
	return nil
}

// adopt records another replica's look, once, as of now.
func (m *Monitor) adopt(w *watch, s sighting) {
	select {
	case <-w.turn:
	default:
		return // we are looking ourselves
	}
	fresh := s.ID != w.taken
	if fresh {
		w.taken = s.ID
		now := m.now()
		since := now.Add(-s.For)
		if before := m.result(w); before.State == s.State && before.Since.Before(since) {
			since = before.Since // we know it longer than the news needed to get here
		}
		after := &status{state: s.State, since: since, checkedAt: now, latency: s.Latency, kind: s.Kind, failures: s.Failures}
		m.settle(w, after, now.Add(-s.Latency), s.failure())
	}
	w.giveBack()
	m.announce(w)
	if fresh && w.probe.Heard != nil {
		w.probe.Heard(s.failure())
	}
}

func (s sighting) failure() error {
	if s.State == Up {
		return nil
	}
	return &Failure{s.Kind, errElsewhere}
}
