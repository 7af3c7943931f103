package session

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// gatherer asks Redis for many requests at once. While its flights are all under way, whoever has questions joins the
// next one, which takes off as one pipeline when a flight has landed: the busier the gateway is, the fewer system calls a
// question costs, and while it is not, nobody waits for company. Every question is answered by itself: one that is
// refused, or whose caller has gone, is nobody else's business. It changes nothing about what Redis is asked, or how often.
type gatherer struct {
	rdb     redis.UniversalClient
	timeout time.Duration // of a flight: as long as whoever is on it has
	wait    func(ctx context.Context, command string) (over func(error))
	pipes   sync.Pool // of redis.Pipeliner, emptied by their Exec: one is five objects
	timers  sync.Pool // of *time.Timer

	mu     sync.Mutex
	flying int
	next   *flight // nil: nobody waits
}

// maxFlights bounds the pipelines under way. More than one, so that a connection that hangs does not hold up everybody.
const maxFlights = 4

// flight is a pipeline that gathers questions, and lands when all have their answers. Who boards first flies it: a
// goroutine of its own would have to grow its stack to go-redis' depth for each flight.
type flight struct {
	asked  []redis.Cmder
	turn   chan struct{} // closed when it may take off
	landed chan struct{}
}

// within is a context with a deadline of its own that nobody is woken by: go-redis looks at the deadline, and at Done for
// who has gone. It saves the five objects and the timer of context.WithTimeout.
type within struct {
	context.Context
	until time.Time
}

// Deadline is the earlier one.
func (w *within) Deadline() (time.Time, bool) {
	if parents, ok := w.Context.Deadline(); ok && parents.Before(w.until) {
		return parents, true
	}
	return w.until, true
}

// errLate says that a flight did not land in time; callers see ErrUnavailable.
var errLate = errors.New("redis: no answer in time")

// ask has the questions answered, in one flight with those of others or alone. Each has its own error then. If ask itself
// returns an error, nobody waits for the answers, which may still come, and the questions must not be looked at.
func (g *gatherer) ask(ctx *within, questions []redis.Cmder) error {
	g.mu.Lock()
	if g.flying < maxFlights {
		g.flying++
		g.mu.Unlock()
		defer g.land()
		g.exec(ctx, questions)
		return nil
	}
	f := g.next
	pilot := f == nil
	if pilot {
		f = &flight{turn: make(chan struct{}), landed: make(chan struct{}), asked: make([]redis.Cmder, 0, 8*len(questions))}
		g.next = f
	}
	f.asked = append(f.asked, questions...)
	g.mu.Unlock()
	if g.wait == nil {
		return g.travel(ctx, f, pilot)
	}
	over := g.wait(ctx.Context, questions[0].Name())
	err := g.travel(ctx, f, pilot)
	over(err)
	return err
}

func (g *gatherer) travel(ctx *within, f *flight, pilot bool) error {
	if pilot {
		return g.pilot(ctx, f)
	}
	return g.await(ctx, f.landed)
}

// pilot flies when it is the flight's turn. If the pilot has to leave before, somebody else will.
func (g *gatherer) pilot(ctx *within, f *flight) error {
	if err := g.await(ctx, f.turn); err != nil {
		go func() {
			<-f.turn // within the time that a flight under way has
			g.fly(f)
		}()
		return err
	}
	g.fly(f)
	return nil
}

// await returns when it has happened or the time is up.
func (g *gatherer) await(ctx *within, happened chan struct{}) error {
	timer, ok := g.timers.Get().(*time.Timer)
	if ok {
		timer.Reset(time.Until(ctx.until))
	} else {
		timer = time.NewTimer(time.Until(ctx.until))
	}
	defer g.timers.Put(timer)
	defer timer.Stop()
	select {
	case <-happened:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return errLate
	}
}

// exec sends one pipeline. Each question has its own error, also where there was no connection.
func (g *gatherer) exec(ctx *within, questions []redis.Cmder) {
	pipe, ok := g.pipes.Get().(redis.Pipeliner)
	if !ok {
		pipe = g.rdb.Pipeline()
	}
	_ = pipe.BatchProcess(ctx, questions...) // it only boards
	_, _ = pipe.Exec(ctx)
	g.pipes.Put(pipe)
}

// fly asks what has gathered, for as long as whoever boarded last has.
func (g *gatherer) fly(f *flight) {
	defer g.land()
	defer close(f.landed)
	g.exec(&within{context.Background(), time.Now().Add(g.timeout)}, f.asked)
}

// land lets the next flight take off, or makes room for another caller.
func (g *gatherer) land() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if f := g.next; f != nil {
		g.next = nil
		close(f.turn)
	} else {
		g.flying--
	}
}
