package tryton

import (
	"sync"

	"snowgate/erpclient"
)

// driftLog reports what one operation's answers have different from what was expected, each difference once. Safe for
// concurrent use: an operation may ask several things side by side.
type driftLog struct {
	op   string
	sink func(erpclient.Drift)

	mu   sync.Mutex
	seen map[erpclient.Drift]bool
}

func (d *Driver) drift(op string) *driftLog {
	return &driftLog{op: op, sink: d.onDrift, seen: map[erpclient.Drift]bool{}}
}

// report names the field and the JSON types, never a value.
func (l *driftLog) report(path, want, got string) {
	news := erpclient.Drift{Op: l.op, Path: path, Want: want, Got: got}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sink == nil || l.seen[news] {
		return
	}
	l.seen[news] = true
	l.sink(news)
}
