package erpclient

import "time"

// hands are goroutines that do one piece of work after the other: a new one for each question would grow its stack anew
// with each, all the way down through net/http (docs/performance.md). The zero value is not ready; safe for concurrent use.
type hands struct{ idle chan func() }

// restless is how long a hand waits for more work before it ends.
const restless = 100 * time.Millisecond

func newHands() hands { return hands{make(chan func())} }

// do has a hand do the work, one that waits for some or a new one. It never waits.
func (h hands) do(work func()) {
	select {
	case h.idle <- work:
	default:
		go h.run(work)
	}
}

func (h hands) run(work func()) {
	work()
	timer := time.NewTimer(restless)
	defer timer.Stop()
	for {
		select {
		case work := <-h.idle:
			work()
			timer.Reset(restless)
		case <-timer.C:
			return
		}
	}
}
