package erpclient

import (
	"sync/atomic"
	"time"
)

// pace follows the usual answer time of an ERP: a running median, because a median is not moved by the third of the
// calls that hang. Each answer nudges it by a quarter up or down, so it follows a change within a handful of calls.
type pace struct{ ns atomic.Int64 }

const (
	paceStart = 100 * time.Millisecond
	paceMin   = time.Millisecond
	paceMax   = 10 * time.Second
)

func newPace() *pace {
	p := &pace{}
	p.ns.Store(int64(paceStart))
	return p
}

// observe takes one answer's time. A call that timed out is slower than whatever it took.
func (p *pace) observe(took time.Duration, timedOut bool) {
	usual := time.Duration(p.ns.Load())
	if timedOut || took > usual {
		usual += usual / 4
	} else {
		usual -= usual / 5
	}
	p.ns.Store(int64(min(max(usual, paceMin), paceMax)))
}

// usual is the running median.
func (p *pace) usual() time.Duration { return time.Duration(p.ns.Load()) }
