package audit

import (
	"slices"
	"sync"
)

// lane is the queue of one kind of record, with its counters. Records leave at the front only after their fate is
// known, so the queue is also the list of what is pending. How it is emptied stands in ship.go.
type lane[T any] struct {
	cfg   Config
	kind  string
	write writer[T]
	id    func(T) string

	mu     sync.Mutex
	queue  []T
	sealed bool
	count  Stats // Pending is len(queue)
	told   int64

	some chan struct{} // the queue was empty and is not
	full chan struct{} // a whole batch is waiting
}

func newLane[T any](cfg Config, kind string, write writer[T], id func(T) string) *lane[T] {
	return &lane[T]{
		cfg: cfg, kind: kind, write: write, id: id,
		some: make(chan struct{}, 1),
		full: make(chan struct{}, 1),
	}
}

// add is on the request's path: a short lock, no waiting, no logging.
func (l *lane[T]) add(record T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count.Accepted++
	if l.sealed || len(l.queue) >= l.cfg.Buffer {
		l.count.Dropped++
		return
	}
	l.queue = append(l.queue, record)
	if len(l.queue) == 1 {
		signal(l.some)
	}
	if len(l.queue) == l.cfg.Batch {
		signal(l.full)
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // one is waiting already
	}
}

func (l *lane[T]) pending() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.queue)
}

// front copies the next batch: a Close out of time clears the queue while a Sink may still be reading.
func (l *lane[T]) front() []T {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.queue[:min(len(l.queue), l.cfg.Batch)])
}

// written takes n records off the front, done.
func (l *lane[T]) written(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count.Written += int64(l.pop(n))
}

// dropped takes n records off the front, given up.
func (l *lane[T]) dropped(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count.Dropped += int64(l.pop(n))
}

// pop forgets the n records at the front, or as many as there are: a Close out of time may have taken them first.
func (l *lane[T]) pop(n int) int {
	n = min(n, len(l.queue))
	clear(l.queue[:n]) // let go of their texts
	l.queue = l.queue[n:]
	return n
}

func (l *lane[T]) retried() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count.Retries++
}

// seal ends acceptance.
func (l *lane[T]) seal() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sealed = true
}

// abandon drops what is left and says how much that was.
func (l *lane[T]) abandon() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := int64(l.pop(len(l.queue)))
	l.count.Dropped += n
	return n
}

func (l *lane[T]) stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.count
	s.Pending = int64(len(l.queue))
	return s
}

// untold is how many records were dropped since it was last asked.
func (l *lane[T]) untold() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := l.count.Dropped - l.told
	l.told = l.count.Dropped
	return n
}
