package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"snowgate/sandbox"
)

// runStrangers mixes 50 people of four customers at random, some of them binding anew now and then, while the ERP fails
// in every way there is, and looks at each answer: is it this person's, and the one that was asked for?
func runStrangers(ctx context.Context, l *lab) ([]figure, error) {
	requests := either(l, 100_000, 15_000)
	return l.in(ctx, options{standby: true}, func(w *world) ([]figure, error) {
		people, err := w.settle(ctx, 50, ways)
		if err != nil {
			return nil, err
		}
		m := newMix(w, people)
		weather := weather{w: w, every: requests / len(skies)}
		answers := crowd{clients: 64, limit: requests}.load(ctx, func(n int) answer {
			weather.at(n)
			return m.ask(ctx, n)
		})
		weather.clear()
		page, err := w.figures(ctx)
		if err != nil {
			return nil, err
		}
		looked := int(m.looked.Load())
		figures := describe(
			fmt.Sprintf("50 people of 4 customers bound in 6 ways ask at random, 64 at a time, %d times; one question in ten is for somebody else's record; both channels slow, failing, broken and away by turns",
				requests),
			atMost("answers that are somebody else's, or to another question", float64(m.wrong.total()), 0, ""),
			atLeast("answers with data that were checked", percent(looked, len(answers)), 50, " %"),
			told("answers", "%s", summary(answers)),
			told("on the way", "%.0f questions answered by another caller's call in flight; %d times somebody was bound to another customer",
				page.sum("snowgate_erp_coalesced_total"), m.rebound.Load()),
		)
		if first := m.wrong.first(); first != "" {
			figures = append(figures, told("first wrong answer", "%s", first))
		}
		return figures, nil
	})
}

// sky is one kind of weather: what is wrong with primary and standby.
type sky struct{ primary, standby []sandbox.Fault }

func every(faults ...sandbox.Fault) []sandbox.Fault { return faults }

var (
	slowly  = sandbox.Fault{Kind: "slow", Delay: 10 * time.Millisecond}
	away500 = sandbox.Fault{Kind: "status", Status: 500}
)

// skies follow one another. In one of them nobody can be asked: answers come from before, and go on doing so until the
// breakers have found out that all is well again.
var skies = []sky{
	{every(slowly), nil},
	{every(slowly, sandbox.Fault{Kind: "status", Status: 500, Share: 0.05}), every(slowly)},
	{every(slowly, sandbox.Fault{Kind: "reset", Share: 0.05}), every(slowly)},
	{every(slowly, sandbox.Fault{Kind: "broken_json", Share: 0.05}), every(slowly)},
	{every(slowly, sandbox.Fault{Kind: "wrong_shape", Share: 0.05}), every(slowly)},
	{every(away500), every(slowly, sandbox.Fault{Kind: "lost", Share: 0.03})},
	{every(away500), every(away500)},
	{every(slowly), every(slowly)},
	{every(slowly, sandbox.Fault{Kind: "hang", Share: 0.002}), every(slowly)},
	{every(slowly), every(slowly)},
}

// weather changes the sky as the questions go by. Safe for concurrent use.
type weather struct {
	w     *world
	every int
	mu    sync.Mutex
	now   int // skies shown so far
}

func (x *weather) at(n int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if next := n / max(x.every, 1); next < x.now || x.now >= len(skies) {
		return
	}
	x.w.primary.SetFaults(skies[x.now].primary...)
	x.w.standby.SetFaults(skies[x.now].standby...)
	x.w.primary.ExpireSessions([]string{"status", "redirect", "html", "body"}[x.now%4])
	x.now++
}

func (x *weather) clear() {
	x.w.primary.ClearFaults()
	x.w.standby.ClearFaults()
}

// wrongs remembers answers that should not have been. Safe for concurrent use.
type wrongs struct {
	mu   sync.Mutex
	list []string
	n    atomic.Int64
}

func (w *wrongs) add(err error) {
	w.n.Add(1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.list) == 0 {
		w.list = append(w.list, err.Error())
	}
}

func (w *wrongs) total() int64 { return w.n.Load() }

func (w *wrongs) first() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.list) == 0 {
		return ""
	}
	return w.list[0]
}

var errNotTheirs = errors.New("not theirs")
