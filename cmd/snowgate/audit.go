package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
	"time"

	"snowgate/audit"
	"snowgate/cmd/snowgate/config"
	"snowgate/gateway"
	"snowgate/sql"
)

// period is the part of the log a command is about.
type period struct{ from, to time.Time }

// periodFlags adds --from and --to. Without them the period is everything.
func periodFlags(flags *flag.FlagSet) *period {
	p := &period{to: time.Now().Add(24 * time.Hour)}
	at := func(t *time.Time) func(string) error {
		return func(text string) (err error) {
			for _, layout := range []string{time.RFC3339, time.DateOnly} {
				if *t, err = time.ParseInLocation(layout, text, time.Local); err == nil {
					return nil
				}
			}
			return errors.New("want a day such as 2026-01-31 or a time such as 2026-01-31T08:00:00+08:00")
		}
	}
	flags.Func("from", "", at(&p.from))
	flags.Func("to", "", at(&p.to))
	return p
}

func parseFlags(flags *flag.FlagSet, args []string) error {
	flags.SetOutput(io.Discard)
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%w: too many arguments: %v", errUsage, flags.Args())
	}
	return nil
}

func withDatabase(cfg *config.Config, do func(*sql.DB) error) error {
	if cfg.SQL.DSN == "" {
		return errors.New("sql.dsn is not set")
	}
	db, err := sql.Open(string(cfg.SQL.DSN))
	if err != nil {
		return err
	}
	return errors.Join(do(db), db.Close())
}

// auditVerify walks every chain. The error names the first row that was changed or is missing.
func auditVerify(ctx context.Context, cfg *config.Config, args []string, stdout, _ io.Writer) error {
	flags := flag.NewFlagSet("audit verify", flag.ContinueOnError)
	during := periodFlags(flags)
	if err := parseFlags(flags, args); err != nil {
		return err
	}
	return withDatabase(cfg, func(db *sql.DB) error {
		chains, err := db.Chains(ctx)
		if err != nil {
			return err
		}
		for _, chain := range chains {
			links, err := verifyChain(ctx, db, chain.ChainID, *during)
			if err != nil {
				return fmt.Errorf("chain %s of replica %s: %w", chain.ChainID, chain.Replica, err)
			}
			_, _ = fmt.Fprintf(stdout, "chain %s of replica %s: %d links, unbroken\n", chain.ChainID, chain.Replica, links)
		}
		if len(chains) == 0 {
			_, _ = fmt.Fprintln(stdout, "there are no chains")
		}
		return nil
	})
}

// verifyChain walks one chain from its anchor, or the part of it that lies in the period. It returns how many links
// were checked.
func verifyChain(ctx context.Context, db *sql.DB, chainID string, during period) (links int, err error) {
	seq, hash, anchored, err := db.Anchor(ctx, chainID)
	if err != nil {
		return 0, err
	}
	verifier := audit.NewVerifier(chainID, 0, "")
	switch {
	case !during.from.IsZero():
		verifier = audit.NewVerifierFrom(chainID)
	case anchored:
		verifier = audit.NewVerifier(chainID, seq, hash)
	}
	err = db.EachLink(ctx, chainID, seq+1, func(row sql.CallRow) error {
		if row.CalledAt.Before(during.from) || !row.CalledAt.Before(during.to) {
			return nil
		}
		links++
		return verifier.Next(callOf(row))
	})
	return links, err
}

// auditExport writes the call log to stdout, and its progress to stderr.
func auditExport(ctx context.Context, cfg *config.Config, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("audit export", flag.ContinueOnError)
	during := periodFlags(flags)
	format := flags.String("format", "jsonl", "")
	if err := parseFlags(flags, args); err != nil {
		return err
	}
	out := bufio.NewWriter(stdout)
	write, ok := map[string]func(gateway.LoggedCall) error{"jsonl": jsonLines(out), "csv": csvLines(out)}[*format]
	if !ok {
		return fmt.Errorf("%w: --format is csv or jsonl", errUsage)
	}
	return withDatabase(cfg, func(db *sql.DB) error {
		total, err := db.CountCalls(ctx, during.from, during.to)
		if err != nil {
			return err
		}
		bar := &progress{out: stderr, total: total}
		err = db.EachCall(ctx, during.from, during.to, func(row sql.CallRow) error {
			bar.step()
			return write(loggedCall(row))
		})
		bar.end()
		return errors.Join(err, out.Flush())
	})
}

func jsonLines(out io.Writer) func(gateway.LoggedCall) error {
	encoder := json.NewEncoder(out)
	return func(c gateway.LoggedCall) error { return encoder.Encode(c) }
}

// csvLines writes a header before the first row.
func csvLines(out io.Writer) func(gateway.LoggedCall) error {
	w := csv.NewWriter(out)
	headed := false
	return func(c gateway.LoggedCall) error {
		if !headed {
			headed = true
			_ = w.Write([]string{"called_at", "log_id", "session_id", "user", "method", "route", "params", "status", "response",
				"took_ms", "error", "request_id", "replica", "source", "attempts", "erp_ms"}) // w.Error tells
		}
		_ = w.Write([]string{c.CalledAt.Format(time.RFC3339Nano), c.LogID, c.SessionID, c.User, c.Method, c.Route, c.Params,
			strconv.Itoa(c.Status), c.Response, strconv.FormatInt(c.TookMS, 10), c.Error, c.RequestID, c.Replica, c.Source,
			strconv.Itoa(c.Attempts), strconv.FormatInt(c.ERPMS, 10)})
		w.Flush()
		return w.Error()
	}
}

// progress draws a bar on one line, a hundred times at most.
type progress struct {
	out         io.Writer
	done, total int64
	shown       int64
}

const barWidth = 40

func (p *progress) step() {
	p.done++
	if percent := 100 * p.done / max(p.total, 1); percent > p.shown {
		p.shown = percent
		p.draw()
	}
}

func (p *progress) draw() {
	full := int(min(barWidth*p.done/max(p.total, 1), barWidth))
	_, _ = fmt.Fprintf(p.out, "\r[%-*s] %3d%% %d/%d rows", barWidth, bar[:full], min(p.shown, 100), p.done, p.total)
}

const bar = "########################################"

func (p *progress) end() {
	p.draw()
	_, _ = fmt.Fprintln(p.out)
}
