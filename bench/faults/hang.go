package main

import (
	"context"
	"time"

	"snowgate/sandbox"
)

// readBreaker is the breaker that the questions of all scenarios go through.
const readBreaker = "primary/read"

// pageDeadline is the longest a page may take: WeChat users give up after it.
const pageDeadline = 3 * time.Second

// runHang lets the ERP accept everything and answer nothing. Half of the questions have been asked before, so that there
// is a last good answer; the others are new.
func runHang(ctx context.Context, l *lab) ([]figure, error) {
	const clients, think = 200, 250 * time.Millisecond
	return l.in(ctx, options{}, func(w *world) ([]figure, error) {
		people, err := w.settle(ctx, clients, ways)
		if err != nil {
			return nil, err
		}
		c := crowd{clients: clients, think: think}
		ask := halfKnown(ctx, w.gate, people)
		calm := during(ctx, 3*time.Second, func(ctx context.Context) []answer { return c.load(ctx, ask) })
		began := time.Now()
		w.primary.SetFaults(sandbox.Fault{Kind: "hang"})
		answers := during(ctx, either(l, 35*time.Second, 14*time.Second), func(ctx context.Context) []answer { return c.load(ctx, ask) })
		return describe(
			"the ERP accepts and never answers; 200 clients, each thinking 250 ms, half of their questions asked before",
			hangFigures(w, calm, answers, began)...), nil
	})
}

// halfKnown asks by turns what was asked before and what was not.
func halfKnown(ctx context.Context, g *gate, people []person) asker {
	return func(n int) answer {
		i := n / 2 % len(people)
		question := page(i)
		if n%2 == 1 {
			question = page(len(people) + int(time.Now().UnixMicro()%900_000)) // beyond what is asked before
		}
		return g.get(ctx, people[i].token, question)
	}
}

func hangFigures(w *world, calm, answers []answer, began time.Time) []figure {
	worst := within("slowest answer", slowest(answers), pageDeadline)
	opened, ok := w.log.opened(readBreaker, began)
	if !ok {
		return []figure{worst, neverOpened(answers)}
	}
	ended := time.Now()
	after := since(answers, opened)
	window := ended.Sub(opened)
	return []figure{
		worst,
		within("p99 once the breaker is open", percentile(timesOf(after), 0.99), 50*time.Millisecond),
		atMost("calls at the ERP per second once it is open",
			float64(w.primary.between(opened, ended, anyCall))/window.Seconds(), 5, ""),
		atMost("calls at the ERP in the busiest second of that time",
			float64(w.primary.busiest(opened, ended, time.Second, anyCall)), 5, ""),
		told("breaker opened after", "%s, after %d calls", tidy(opened.Sub(began)), w.primary.between(began, opened, anyCall)),
		told("answers once it is open", "%s in %s; p50 %s", summary(after), tidy(window), tidy(percentile(timesOf(after), 0.5))),
		told("before the fault", "p50 %s, p99 %s", tidy(percentile(timesOf(calm), 0.5)), tidy(percentile(timesOf(calm), 0.99))),
	}
}

// neverOpened is the figure of a breaker that should have opened.
func neverOpened(answers []answer) figure {
	return figure{what: "breaker opens", goal: "yes", measured: "no; " + summary(answers), missed: true}
}
