package queue

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Run sends messages with Config.Workers workers and sweeps up what crashed processes left, until ctx ends; then it
// begins no further message, finishes those that are on their way, and returns within 8 s, handing back what could not
// be finished. It runs once per Queue. An outage of Redis does not end it: it goes on when Redis is back.
func (q *Queue) Run(ctx context.Context) error {
	if q.running.Swap(true) {
		return errors.New("message queue: it has run already")
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	sweeping, endSweeping := context.WithCancel(context.WithoutCancel(ctx))
	defer endSweeping()
	wg.Go(func() { q.every(sweeping, q.tuning.sweepEvery, q.sweep) })
	wg.Go(func() { q.every(sweeping, q.tuning.statsEvery, q.look) })
	defer close(q.dead)
	if q.cfg.Workers == 0 {
		<-ctx.Done()
		close(q.stop)
		return nil
	}
	server := q.server()
	if err := server.Start(handler{q}); err != nil {
		close(q.stop)
		return fmt.Errorf("message queue: %w", err)
	}
	<-ctx.Done()
	close(q.stop)
	server.Shutdown()
	return nil
}

// every does something now and then, until ctx ends.
func (q *Queue) every(ctx context.Context, period time.Duration, do func(context.Context)) {
	ticker := time.NewTicker(period)
	defer ticker.Stop()
	for ctx.Err() == nil {
		do(ctx)
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
}
