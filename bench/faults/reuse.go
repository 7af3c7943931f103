package main

import (
	"context"
	"fmt"
	"time"

	"snowgate/sandbox"
)

// runReuse keeps more clients busy than calls may be in flight and counts how calls got their connection.
func runReuse(ctx context.Context, l *lab) ([]figure, error) {
	const clients = 100
	lasts := either(l, 15*time.Second, 5*time.Second)
	return l.in(ctx, options{}, func(w *world) ([]figure, error) {
		people, err := w.settle(ctx, clients, ways)
		if err != nil {
			return nil, err
		}
		w.primary.SetFaults(sandbox.Fault{Kind: "slow", Delay: 20 * time.Millisecond})
		earlier, err := w.figures(ctx)
		if err != nil {
			return nil, err
		}
		answers := during(ctx, lasts, func(load context.Context) []answer {
			return crowd{clients: clients}.load(load, w.newQuestions(ctx, people, 0))
		})
		later, err := w.figures(ctx)
		if err != nil {
			return nil, err
		}
		connections := func(reused string) float64 {
			const name = "snowgate_erp_connections_total"
			return later.sum(name, `reused="`+reused+`"`) - earlier.sum(name, `reused="`+reused+`"`)
		}
		reused, fresh := connections("true"), connections("false")
		return describe(
			fmt.Sprintf("%d clients ask different questions without a pause for %s; the ERP takes 20 ms", clients, tidy(lasts)),
			atLeast("calls on a connection that was there", 100*reused/max(reused+fresh, 1), 99, " %"),
			told("connections", "%.0f calls, %.0f of them on a new connection", reused+fresh, fresh),
			told("pace", "%.0f requests per second: %s; p50 %s, p99 %s", float64(len(answers))/lasts.Seconds(), summary(answers),
				tidy(percentile(timesOf(answers), 0.5)), tidy(percentile(timesOf(answers), 0.99))),
		), nil
	})
}
