package session

import (
	"context"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// gatherer asks Redis for many requests at once. While its flights are all under way, whoever has a question joins the
// next one, which takes off as one pipeline when a flight has landed: the busier the gateway is, the fewer system calls a
// question costs, and while it is not, nobody waits for company. Every question is asked and answered by itself: one that
// is refused, or whose caller has gone, is nobody else's business. It changes nothing about what Redis is asked, or how
// often.
type gatherer struct {
	redis.UniversalClient
	timeout time.Duration // of a flight: as long as whoever is on it has
	wait    func(ctx context.Context, command string) (over func(error))

	mu     sync.Mutex
	flying int
	next   *flight // nil: nobody waits
}

// maxFlights bounds the pipelines under way. More than one, so that a connection that hangs does not hold up everybody.
const maxFlights = 4

// flight is a pipeline that gathers questions, and lands when all have their answers.
type flight struct {
	asked  []redis.Cmder
	landed chan struct{}
}

// ask has the question answered, together with others or alone, and returns its error. After the context's own error
// the question may still be under way, and must not be looked at.
func (g *gatherer) ask(ctx context.Context, question redis.Cmder) error {
	g.mu.Lock()
	if g.flying < maxFlights {
		g.flying++
		g.mu.Unlock()
		defer g.land()
		return g.Process(ctx, question)
	}
	if g.next == nil {
		g.next = &flight{landed: make(chan struct{})}
	}
	f := g.next
	f.asked = append(f.asked, question)
	g.mu.Unlock()
	if g.wait == nil {
		return f.await(ctx, question)
	}
	over := g.wait(ctx, question.Name())
	err := f.await(ctx, question)
	over(err)
	return err
}

func (f *flight) await(ctx context.Context, question redis.Cmder) error {
	select {
	case <-f.landed:
		return question.Err()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// land lets the next flight take off.
func (g *gatherer) land() {
	if f := g.boarded(); f != nil {
		go g.fly(f)
	}
}

// boarded is the flight whose turn it is; without one there is room for another caller.
func (g *gatherer) boarded() *flight {
	g.mu.Lock()
	defer g.mu.Unlock()
	f := g.next
	if g.next = nil; f == nil {
		g.flying--
	}
	return f
}

// fly asks what has gathered, and what has gathered meanwhile, until nobody waits.
func (g *gatherer) fly(f *flight) {
	for ; f != nil; f = g.boarded() {
		ctx, cancel := context.WithTimeout(context.Background(), g.timeout)
		pipe := g.Pipeline()
		for _, question := range f.asked {
			_ = pipe.Process(ctx, question) // it only boards
		}
		_, _ = pipe.Exec(ctx) // each question has its own error
		cancel()
		close(f.landed)
	}
}

// EvalSha is that of the client below, gathered.
func (g *gatherer) EvalSha(ctx context.Context, sha string, keys []string, args ...any) *redis.Cmd {
	line := make([]any, 0, 3+len(keys)+len(args))
	line = append(line, "evalsha", sha, len(keys))
	for _, key := range keys {
		line = append(line, key)
	}
	question := redis.NewCmd(ctx, append(line, args...)...)
	if len(keys) > 0 {
		question.SetFirstKeyPos(3)
	}
	if err := g.ask(ctx, question); err != nil {
		return failed(ctx, err)
	}
	return question
}

// failed is an answer of its own: the question's may still be written to.
func failed(ctx context.Context, err error) *redis.Cmd {
	answer := redis.NewCmd(ctx)
	answer.SetErr(err)
	return answer
}

// HMGet is that of the client below, gathered.
func (g *gatherer) HMGet(ctx context.Context, key string, fields ...string) *redis.SliceCmd {
	line := make([]any, 0, 2+len(fields))
	line = append(line, "hmget", key)
	for _, field := range fields {
		line = append(line, field)
	}
	question := redis.NewSliceCmd(ctx, line...)
	if err := g.ask(ctx, question); err != nil {
		answer := redis.NewSliceCmd(ctx)
		answer.SetErr(err)
		return answer
	}
	return question
}
