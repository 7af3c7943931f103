package main

import (
	"context"
	"fmt"
	"time"

	"snowgate/sandbox"
)

// runSame lets 64 people of one customer ask for the same page, as fast as they get answers.
func runSame(ctx context.Context, l *lab) ([]figure, error) {
	const clients = 64
	requests := either(l, 20_000, 5_000)
	return l.in(ctx, options{}, func(w *world) ([]figure, error) {
		people, err := w.settle(ctx, clients, ways[:1])
		if err != nil {
			return nil, err
		}
		w.primary.SetFaults(sandbox.Fault{Kind: "slow", Delay: 20 * time.Millisecond})
		began := time.Now()
		answers := crowd{clients: clients, limit: requests}.load(ctx, func(n int) answer {
			return w.get(ctx, people[n%clients].token, "/api/orders/search?pageSize=20")
		})
		took := time.Since(began)
		calls := w.primary.between(began, farFuture, askedFor)
		return describe(
			fmt.Sprintf("%d clients of one customer ask for the same page, %d times together, without a pause; the ERP takes 20 ms", clients, requests),
			atMost("calls at the ERP per 1,000 requests", 1000*float64(calls)/float64(len(answers)), 20, ""),
			atMost("failed reads", float64(count(answers, failed)), 0, ""),
			told("pace", "%.0f requests per second; p50 %s, p99 %s", float64(len(answers))/took.Seconds(),
				tidy(percentile(timesOf(answers), 0.5)), tidy(percentile(timesOf(answers), 0.99))),
		), nil
	})
}
