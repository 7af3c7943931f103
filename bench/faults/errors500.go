package main

import (
	"context"
	"fmt"
	"time"

	"snowgate/sandbox"
)

const (
	// retryShare and retryFloor are the retry budget's promise: a fifth more calls, and twenty for a quiet gateway.
	retryShare = 1.2
	retryFloor = 20
	// underway is how long a call that was let through before the breaker opened may take to arrive.
	underway = 100 * time.Millisecond
	// trialWindow is a little shorter than the breaker's 10 s, so that the ends of two rounds do not count as one.
	trialWindow = 9750 * time.Millisecond
)

// runErrors lets the ERP answer 500 to everything. All questions differ: nothing is merged or answered from before.
func runErrors(ctx context.Context, l *lab) ([]figure, error) {
	const perSecond = 500
	lasts := either(l, 30*time.Second, 12*time.Second)
	return l.in(ctx, options{}, func(w *world) ([]figure, error) {
		people, err := w.settle(ctx, 30, ways)
		if err != nil {
			return nil, err
		}
		during(ctx, 2*time.Second, func(load context.Context) []answer {
			return stream(load, perSecond, w.newQuestions(ctx, people, 0))
		})
		began := time.Now()
		w.primary.SetFaults(sandbox.Fault{Kind: "status", Status: 500})
		answers := during(ctx, lasts, func(load context.Context) []answer {
			return stream(load, perSecond, w.newQuestions(ctx, people, 100_000))
		})
		return describe(
			fmt.Sprintf("500 to everything; %d different questions per second (at random moments) for %s", perSecond, tidy(lasts)),
			errorFigures(w, answers, began)...), nil
	})
}

func errorFigures(w *world, answers []answer, began time.Time) []figure {
	opened, ok := w.log.opened(readBreaker, began)
	if !ok {
		return []figure{neverOpened(answers)}
	}
	ended := time.Now()
	before := len(between(answers, began, opened))
	calls := w.primary.between(began, opened.Add(underway), askedFor)
	limit := retryShare*float64(before) + retryFloor
	trials := w.primary.busiest(opened.Add(underway), ended, trialWindow, askedFor)
	after := since(answers, opened)
	return []figure{
		atMost(fmt.Sprintf("calls until the breaker opens, for %d requests (1.2 × and a floor of 20)", before), float64(calls), limit, ""),
		atMost("trial calls in any 10 s after that", float64(trials), 3, ""),
		told("breaker opened after", "%s", tidy(opened.Sub(began))),
		told("answers after that", "%s; %d calls at the ERP; p99 %s", summary(after),
			w.primary.between(opened.Add(underway), ended, anyCall), tidy(percentile(timesOf(after), 0.99))),
	}
}

// runBudget lets every third question fail: too few for the breaker, too many for the retry budget.
func runBudget(ctx context.Context, l *lab) ([]figure, error) {
	const perSecond = 500
	lasts := either(l, 20*time.Second, 8*time.Second)
	return l.in(ctx, options{}, func(w *world) ([]figure, error) {
		people, err := w.settle(ctx, 30, ways)
		if err != nil {
			return nil, err
		}
		began := time.Now()
		w.primary.sicken(func(n int) bool { return n%3 == 2 })
		answers := during(ctx, lasts, func(load context.Context) []answer {
			return stream(load, perSecond, w.newQuestions(ctx, people, 0))
		})
		page, err := w.figures(ctx)
		if err != nil {
			return nil, err
		}
		calls := w.primary.between(began, farFuture, askedFor)
		return describe(
			fmt.Sprintf("every third answer is 500; %d different questions per second (at random moments) for %s", perSecond, tidy(lasts)),
			atMost(fmt.Sprintf("calls for %d requests (1.2 × and a floor of 20)", len(answers)), float64(calls),
				retryShare*float64(len(answers))+retryFloor, ""),
			told("retries", "%.0f granted, %.0f refused by the budget", page.sum("snowgate_erp_retries_total"),
				page.sum("snowgate_erp_retries_refused_total")),
			told("answers", "%s; the breaker changed %d times", summary(answers), len(w.log.turnsOf(readBreaker, began))),
		), nil
	})
}
