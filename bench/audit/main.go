// Command audit measures the audit trail's promises on the real program, a real Redis and a real MariaDB: what a minute
// without the database costs the callers and the rows, and how fast the backlog is shipped.
//
//	go run ./bench/audit [-rate 300] [-away 60s]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"time"

	"snowgate/bench/program"
)

func main() {
	rate := flag.Int("rate", 300, "requests per second")
	before := flag.Duration("before", 20*time.Second, "load with the database there")
	away := flag.Duration("away", time.Minute, "load with the database stopped")
	flag.Parse()
	if err := measure(*rate, *before, *away); err != nil {
		fmt.Fprintln(os.Stderr, "bench/audit:", err)
		os.Exit(1)
	}
}

func measure(rate int, before, away time.Duration) (err error) {
	w, err := program.New("audit")
	defer func() { err = errors.Join(err, w.Close()) }()
	if err != nil {
		return err
	}
	token, err := w.Login("bob")
	if err != nil {
		return err
	}
	profile := func(client *http.Client, _ int) error {
		return w.Ask(client, http.MethodGet, "/api/user/profile", token, "", nil)
	}
	calm := program.Load(rate, before, profile)
	if err := w.MariaDB.Stop(); err != nil {
		return err
	}
	outage := program.Load(rate, away, profile)
	if err := w.MariaDB.Start(); err != nil {
		return err
	}
	answered := calm.Answered + outage.Answered
	began := time.Now()
	rows, distinct, err := drained(w, answered)
	if err != nil {
		return err
	}
	took := time.Since(began)
	fmt.Println("| what | figure to reach | measured |\n|---|---|---|")
	fmt.Printf("| answered calls at %d/s, database there %s, then away %s | | %d + %d, failed %d + %d |\n",
		rate, before, away, calm.Answered, outage.Answered, calm.Failed, outage.Failed)
	fmt.Printf("| rows lost, rows doubled | 0, 0 | %d, %d |\n", answered-distinct, rows-distinct)
	fmt.Printf("| p50 with the database, without | | %s, %s |\n", calm.Quantile(0.50), outage.Quantile(0.50))
	fmt.Printf("| p99 with the database, without | within 10 %% | %s, %s (%+.0f %%) |\n", calm.Quantile(0.99), outage.Quantile(0.99),
		100*(float64(outage.Quantile(0.99))/float64(calm.Quantile(0.99))-1))
	fmt.Printf("| backlog shipped after the database was back | | %d rows within %s, back-off included |\n", outage.Answered, took.Round(time.Millisecond))
	return nil
}

// drained waits until the answered calls are in the table and returns how many rows they have.
func drained(w *program.World, answered int) (rows, distinct int, err error) {
	db, err := w.Database()
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = db.Close() }()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		err = db.QueryRowxContext(ctx, `SELECT count(*), count(DISTINCT request_id) FROM api_call_logs WHERE api_endpoint = '/api/user/profile'`).Scan(&rows, &distinct)
		if err == nil && rows >= answered {
			return rows, distinct, nil
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return rows, distinct, err
		}
	}
}
