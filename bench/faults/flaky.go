package main

import (
	"context"
	"fmt"
	"time"

	"snowgate/sandbox"
)

// flaky is one way to ask an ERP of which three answers in ten never come.
type flaky struct {
	perSecond float64
	lasts     time.Duration
	known     bool // whether the questions have been asked before the fault, so that there is a last good answer
}

// erpDeadline is erp.timeout's default: what a caller waits for the ERP, all attempts together.
const erpDeadline = 2500 * time.Millisecond

// runFlaky judges the reads of people who look at what they have looked at before. How an ERP would fare of which nothing
// is known yet is told beside it.
func runFlaky(ctx context.Context, l *lab) (figures []figure, err error) {
	slowly, busily := either(l, 60*time.Second, 20*time.Second), either(l, 30*time.Second, 12*time.Second)
	for _, f := range []flaky{{2, slowly, true}, {50, busily, true}, {2, slowly, false}, {50, busily, false}} {
		more, err := l.in(ctx, options{}, func(w *world) ([]figure, error) { return f.run(ctx, w) })
		if err != nil {
			return nil, err
		}
		figures = append(figures, more...)
	}
	return figures, nil
}

func (f flaky) run(ctx context.Context, w *world) ([]figure, error) {
	const known = 40 // questions, few enough that each person's last good answers are all kept
	people, err := w.settle(ctx, 8, ways)
	if err != nil {
		return nil, err
	}
	question := func(n int) answer { return w.get(ctx, people[n%len(people)].token, page(n%known)) }
	calm := crowd{clients: 4, limit: known}.load(ctx, question)
	if bad := count(calm, failed); bad > 0 {
		return nil, fmt.Errorf("%d of %d reads failed before the fault: %s", bad, known, summary(calm))
	}
	during(ctx, 2*time.Second, func(load context.Context) []answer { return stream(load, f.perSecond, question) })
	if !f.known {
		question = w.newQuestions(ctx, people, known)
	}
	earlier, err := w.figures(ctx)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	w.primary.SetFaults(sandbox.Fault{Kind: "hang", Share: 0.3})
	answers := during(ctx, f.lasts, func(load context.Context) []answer { return stream(load, f.perSecond, question) })
	w.primary.ClearFaults()
	later, err := w.figures(ctx)
	if err != nil {
		return nil, err
	}
	return f.figures(w, answers, began, func(name string) float64 { return later.sum(name) - earlier.sum(name) }), nil
}

func (f flaky) figures(w *world, answers []answer, began time.Time, grown func(string) float64) []figure {
	inTime := count(answers, func(a answer) bool { return a.ok() && a.took <= erpDeadline })
	share := percent(inTime, len(answers))
	did := fmt.Sprintf("3 of 10 answers never come; %g reads per second (at random moments) for %s", f.perSecond, tidy(f.lasts))
	first := told("reads that succeed within 2.5 s, live (there is no last good answer)", "%s %%", plain(share))
	if f.known {
		did += ", asked before"
		first = atLeast("reads that succeed within 2.5 s, live or by the last good answer", share, 99, " %")
	} else {
		did += ", never asked before"
	}
	opened := 0
	for _, t := range w.log.turnsOf(readBreaker, began) {
		// When no new calls come, those that never end are the last: they open the breaker, and it means nothing.
		if t.To == "open" && t.Time.Before(began.Add(f.lasts)) {
			opened++
		}
	}
	return describe(did, first,
		told("answers", "%s; slowest %s", summary(answers), tidy(slowest(answers))),
		told("on the way", "%d calls at the ERP, %.0f retries, %.0f refused by the budget; the breaker opened %d times",
			w.primary.between(began, farFuture, askedFor), grown("snowgate_erp_retries_total"),
			grown("snowgate_erp_retries_refused_total"), opened))
}
