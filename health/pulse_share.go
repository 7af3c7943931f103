package health

import (
	"context"
	"encoding/json"
	"time"
)

// foreignPulses is what other replicas counted, as heard at one moment.
type foreignPulses struct {
	heard   time.Time
	members []map[string][][2]int // by part: calls and failures by second, the latest first
}

// sum adds up a part. What was heard has grown older since; that no replica's clock is trusted costs the time between its
// publishing and our reading, two seconds at most; what it counted after publishing comes two seconds later.
func (f *foreignPulses) sum(part string, now time.Time, seconds int) (calls, failures int) {
	older := int(now.Sub(f.heard) / time.Second)
	for _, m := range f.members {
		for age, c := range m[part] {
			if age+older < seconds {
				calls, failures = calls+counted(c[0]), failures+counted(c[1])
			}
		}
	}
	return calls, failures
}

// counted is a number of calls in one second as another replica tells it, if it can be one.
func counted(n int) int { return min(max(n, 0), 1e9) }

// share tells the other replicas how calls went here, and hears how they went there. Who has nothing to tell is silent.
func (p *Pulse) share(ctx context.Context, board Board, member string, ttl time.Duration) error {
	if p == nil {
		return nil
	}
	if own := p.beating(); len(own) > 0 {
		blob, err := json.Marshal(own)
		if err != nil {
			return err
		}
		if err := board.Publish(ctx, topicPulse, member, blob, ttl); err != nil {
			return err
		}
	}
	blobs, err := board.Read(ctx, topicPulse)
	if err != nil {
		return err
	}
	delete(blobs, member)
	p.hear(blobs)
	return nil
}

// beating is what this replica counted, without the parts that were quiet.
func (p *Pulse) beating() map[string][][2]int {
	all := map[string][][2]int{}
	for part := range *p.known.Load() {
		list := p.own(part, pulseSeconds)
		for _, c := range list {
			if c[0] > 0 {
				all[part] = list
				break
			}
		}
	}
	return all
}

// hear replaces what is known of the others. What cannot be read comes from another release and is left out.
func (p *Pulse) hear(blobs map[string][]byte) {
	f := &foreignPulses{heard: p.now()}
	for _, blob := range blobs {
		var m map[string][][2]int
		if json.Unmarshal(blob, &m) == nil {
			f.members = append(f.members, m)
		}
	}
	p.others.Store(f)
}

// forget drops what was heard of the others, when they cannot be reached any more.
func (p *Pulse) forget() {
	if p != nil {
		p.others.Store(&foreignPulses{})
	}
}
