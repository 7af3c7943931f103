package session

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// pipelines counts what a client sends, and holds it back until hold is closed.
type pipelines struct {
	mu      sync.Mutex
	flights []int // how many questions each had
	hold    chan struct{}
}

func (p *pipelines) DialHook(next redis.DialHook) redis.DialHook { return next }

func (p *pipelines) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

func (p *pipelines) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		p.mu.Lock()
		p.flights = append(p.flights, len(cmds))
		p.mu.Unlock()
		<-p.hold
		return next(ctx, cmds)
	}
}

func (p *pipelines) sent() (flights []int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.flights)
}

// gathering is a gatherer on a Redis where the hash "h7" has 7 in its field f, and so on, and all flights are held.
func gathering(t *testing.T, hashes int) (*gatherer, *pipelines) {
	t.Helper()
	m := miniredis.RunT(t)
	for i := range hashes {
		m.HSet("h"+strconv.Itoa(i), "f", strconv.Itoa(i))
	}
	rdb := client(t, "redis://"+m.Addr())
	p := &pipelines{hold: make(chan struct{})}
	rdb.AddHook(p)
	return &gatherer{rdb: rdb, timeout: 5 * time.Second}, p
}

// hget asks for the field f of a hash.
func hget(ctx context.Context, g *gatherer, hash string) (string, error) {
	question := redis.NewStringCmd(ctx, "hget", &hash, "f")
	if err := g.ask(&within{ctx, time.Now().Add(10 * time.Second)}, []redis.Cmder{question}); err != nil {
		return "", err
	}
	return question.Result()
}

// soon polls, with a patience that no busy machine uses up.
func soon(t *testing.T, what string, yes func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !yes(); <-time.After(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

// underWay waits until as many questions are under way as may be.
func underWay(t *testing.T, p *pipelines) {
	t.Helper()
	soon(t, "questions are under way", func() bool {
		return len(p.sent()) >= maxFlights
	})
}

// boarding waits until so many questions wait for a flight.
func boarding(t *testing.T, g *gatherer, n int) {
	t.Helper()
	soon(t, "questions wait for a flight", func() bool {
		g.mu.Lock()
		defer g.mu.Unlock()
		return g.next != nil && len(g.next.asked) == n
	})
}

// TestQuestionsGatherWhileFlightsAreUnderWay keeps: everybody gets the answer to their own question, be it a refusal, and
// many questions are one pipeline.
func TestQuestionsGatherWhileFlightsAreUnderWay(t *testing.T) {
	const more = 50
	g, p := gathering(t, maxFlights+more)
	var all sync.WaitGroup
	ask := func(i int) {
		right := redis.NewStringCmd(ctx, "hget", "h"+strconv.Itoa(i), "f")
		wrong := redis.NewStringCmd(ctx, "evalsha", "no such script", 1, "k", i)
		if err := g.ask(&within{ctx, time.Now().Add(10 * time.Second)}, []redis.Cmder{wrong, right}); err != nil {
			t.Errorf("%d: %v", i, err)
			return
		}
		if text, err := right.Result(); err != nil || text != strconv.Itoa(i) {
			t.Errorf("%d: %v, %v", i, text, err)
		}
		if err := wrong.Err(); !redis.HasErrorPrefix(err, "NOSCRIPT") {
			t.Errorf("%d: %v", i, err)
		}
	}
	for i := range maxFlights {
		all.Go(func() { ask(i) })
	}
	underWay(t, p)
	for i := range more {
		all.Go(func() { ask(maxFlights + i) })
	}
	boarding(t, g, 2*more)
	close(p.hold)
	all.Wait()
	if flights := p.sent(); slices.Max(flights) < 2*more {
		t.Errorf("flights of %v, want one of %d", flights, 2*more)
	}
	soon(t, "the last flight ends", func() bool {
		g.mu.Lock()
		defer g.mu.Unlock()
		return g.flying == 0 && g.next == nil
	})
}

// TestWhoLeavesAGatheringHoldsNobodyUp keeps: a caller whose time is up gets away at once, and the others get their answers.
func TestWhoLeavesAGatheringHoldsNobodyUp(t *testing.T) {
	g, p := gathering(t, 1)
	var all sync.WaitGroup
	for range maxFlights {
		all.Go(func() { _, _ = hget(ctx, g, "h0") })
	}
	underWay(t, p)
	leaving, leave := context.WithCancel(ctx)
	left := make(chan error, 1)
	go func() {
		_, err := hget(leaving, g, "h0")
		left <- err
	}()
	boarding(t, g, 1)
	all.Go(func() {
		if text, err := hget(ctx, g, "h0"); err != nil || text != "0" {
			t.Errorf("the one who stayed: %v, %v", text, err)
		}
	})
	boarding(t, g, 2)
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("the one who left: %v", err)
	}
	close(p.hold)
	all.Wait()
}

// TestManyAtOnceAreAnsweredRight keeps: under load nobody is given another's session, binding or limit.
func TestManyAtOnceAreAnsweredRight(t *testing.T) {
	s := openMiniredis(t).store(t, Config{Timeout: time.Minute})
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			login := Login{OpenID: "o" + strconv.Itoa(i), WeChatSessionKey: "k"}
			token, _, err := s.Create(ctx, login)
			if err != nil {
				t.Error(err)
				return
			}
			bound := [2]string{"", "b" + login.OpenID} // every other one is bound
			if i%2 == 1 {
				if err := s.Bind(ctx, Binding{ID: bound[1], OpenID: login.OpenID}); err != nil {
					t.Error(err)
				}
			}
			for n := range 20 {
				if got, _, err := s.Get(ctx, token); err != nil || got.OpenID != login.OpenID {
					t.Errorf("%s: got %s, %v", login.OpenID, got.OpenID, err)
				}
				if v, err := s.Limit(ctx, hourly(login.OpenID, 1000)); err != nil || v.Remaining != 999-n {
					t.Errorf("%s: %+v, %v", login.OpenID, v, err)
				}
				a, err := s.Arrive(ctx, token, Wanted{Binding: true, Caller: hourly("arrive", 1000)})
				if err != nil || a.Session.OpenID != login.OpenID || a.Verdict.Remaining != 999-n || a.Binding.ID != bound[i%2] {
					t.Errorf("%s: %+v, %v", login.OpenID, a, err)
				}
				if i%2 == 0 && !errors.Is(a.BindingErr, ErrNotBound) || i%2 == 1 && a.BindingErr != nil {
					t.Errorf("%s: %v", login.OpenID, a.BindingErr)
				}
			}
		})
	}
	all.Wait()
}
