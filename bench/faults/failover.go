package main

import (
	"context"
	"fmt"
	"time"

	"snowgate/bench/host"
)

// away is when the primary was killed, when it came back, and when the scenario ended.
type away struct{ killed, back, ended time.Time }

// runFailover kills the primary under load and lets it come back. All questions differ: no answer from before can hide a
// failure.
func runFailover(ctx context.Context, l *lab) ([]figure, error) {
	const perSecond = 200
	down, after := either(l, 12*time.Second, 6*time.Second), either(l, 20*time.Second, 14*time.Second)
	return l.in(ctx, options{standby: true}, func(w *world) ([]figure, error) {
		people, err := w.settle(ctx, 30, ways)
		if err != nil {
			return nil, err
		}
		load, stop := context.WithCancel(ctx)
		defer stop()
		answers := make(chan []answer, 1)
		go func() { answers <- stream(load, perSecond, w.newQuestions(ctx, people, 0)) }()
		host.Wait(ctx, 3*time.Second)
		a := away{killed: time.Now()}
		if err := w.primary.kill(); err != nil {
			return nil, err
		}
		host.Wait(ctx, down)
		a.back = time.Now()
		if err := w.primary.revive(); err != nil {
			return nil, err
		}
		host.Wait(ctx, after)
		a.ended = time.Now()
		stop()
		return describe(fmt.Sprintf("the primary's port and connections are closed for %s under %d different questions per second (at random moments); the standby is well",
			tidy(down), perSecond), a.figures(<-answers)...), nil
	})
}

func (a away) figures(answers []answer) []figure {
	first := between(answers, a.killed, a.killed.Add(time.Second))
	later := between(answers, a.killed.Add(time.Second), a.back)
	after := since(answers, a.back)
	return []figure{
		atMost("failed reads in the first second", percent(count(first, failed), len(first)), 1, " %"),
		atMost("failed reads from then until it returns", float64(count(later, failed)), 0, ""),
		atMost("failed reads after its return", float64(count(after, failed)), 0, ""),
		a.returned(after),
		told("answers", "first second: %s; then: %s; after its return: %s", summary(first), summary(later), summary(after)),
		told("slowest answer", "first second %s; then %s; before the kill %s", tidy(slowest(first)), tidy(slowest(later)),
			tidy(slowest(between(answers, time.Time{}, a.killed)))),
	}
}

// returned is how long after its return the last read still went elsewhere. The end of the scenario has to be quiet, or
// nobody knows.
func (a away) returned(after []answer) figure {
	const goal, quiet = 10 * time.Second, 2 * time.Second
	took := time.Duration(0)
	for _, x := range after {
		if x.source != "live" {
			took = max(took, x.start.Sub(a.back))
		}
	}
	f := within("reads are back at the primary after its return within", took, goal)
	if took > a.ended.Sub(a.back)-quiet {
		f.measured, f.missed = "not within "+tidy(a.ended.Sub(a.back)), true
	}
	return f
}
