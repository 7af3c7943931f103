package psi

import (
	"time"

	"snowgate/erpclient"
)

// driftLog reports what one answer has different from what was expected, each difference once. It belongs to one call.
type driftLog struct {
	op   string
	sink func(erpclient.Drift)
	now  func() time.Time
	seen map[erpclient.Drift]bool
}

func (d *Driver) drift(op string) *driftLog {
	return &driftLog{op: op, sink: d.onDrift, now: d.now, seen: map[erpclient.Drift]bool{}}
}

// report names the field and the JSON types, never a value.
func (l *driftLog) report(path, want, got string) {
	news := erpclient.Drift{Op: l.op, Path: path, Want: want, Got: got}
	if l.sink == nil || l.seen[news] {
		return
	}
	l.seen[news] = true
	l.sink(news)
}
