package main

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"snowgate/bench/host"
)

// asker asks the n-th question of a load.
type asker func(n int) answer

// collector gathers answers from many goroutines.
type collector struct {
	mu      sync.Mutex
	answers []answer
}

func (c *collector) add(a answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answers = append(c.answers, a)
}

// crowd is a closed loop: each client waits for its answer, thinks, and asks again.
type crowd struct {
	clients int
	think   time.Duration
	limit   int // questions of all clients together; 0: as many as fit in
}

// load runs until the context ends or the limit is reached, and waits for the answers that are still due. Bodies are
// dropped: nobody looks at millions of them.
func (c crowd) load(ctx context.Context, ask asker) []answer {
	var (
		got   collector
		asked atomic.Int64
		all   sync.WaitGroup
	)
	for i := range c.clients {
		all.Go(func() {
			// Spread over the thinking time: people do not start together.
			host.Wait(ctx, c.think*time.Duration(i)/time.Duration(c.clients))
			for ctx.Err() == nil {
				n := int(asked.Add(1)) - 1
				if c.limit > 0 && n >= c.limit {
					return
				}
				a := ask(n)
				a.body = nil
				got.add(a)
				host.Wait(ctx, c.think)
			}
		})
	}
	all.Wait()
	return got.answers
}

// maxOpen bounds the requests an open loop has under way. Reaching it means that the gateway holds on to callers; the
// loop then waits, and the wait is in the times, which count from when a request was due.
const maxOpen = 4096

// stream is an open loop: requests come at random moments (a Poisson process, as a crowd's do, the same in every run) at
// a rate, however slow the answers are. It runs until the context ends and waits for the answers that are still due.
func stream(ctx context.Context, perSecond float64, ask asker) []answer {
	var (
		got   collector
		all   sync.WaitGroup
		slots = make(chan struct{}, maxOpen)
		dice  = rand.New(rand.NewPCG(2026, 11)) //nolint:gosec // a run must be the same again
		last  = time.Now()
	)
	for n := 0; ; n++ {
		due := last.Add(time.Duration(dice.ExpFloat64() / perSecond * float64(time.Second)))
		last = due
		host.Wait(ctx, time.Until(due))
		if ctx.Err() != nil {
			break
		}
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			got.add(dueAt(due, ask(n)))
		})
	}
	all.Wait()
	return got.answers
}

// dueAt counts an answer's time from when its question was due: a late start is part of the wait.
func dueAt(due time.Time, a answer) answer {
	a.took += a.start.Sub(due)
	a.start, a.body = due, nil
	return a
}

// during runs the load for d.
func during(ctx context.Context, d time.Duration, load func(context.Context) []answer) []answer {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	return load(ctx)
}
