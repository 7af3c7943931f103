// Command faults measures what callers and the ERP feel while the ERP misbehaves. It starts the real gateway program in
// production mode beside stand-ins for everything outside, runs one scenario after the other, prints a Markdown table of
// the figures to reach and those measured, and exits with 1 when one is not reached.
//
// It is a measurement, not a test: it takes minutes, wants a quiet machine, and shares the machine's cores with what it
// measures. It contacts nothing but 127.0.0.1.
//
//	go run ./bench/faults                # all scenarios
//	go run ./bench/faults -only hang     # one, or several separated by commas
//	go run ./bench/faults -quick         # shorter, for a look
//	go run ./bench/faults -bin FILE      # a gateway built before
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// Exit codes.
const (
	exitReached    = 0
	exitNotReached = 1
	exitBroken     = 2
)

// scenarioTimeout bounds one scenario, whatever hangs.
const scenarioTimeout = 6 * time.Minute

// The main goroutine stays on the main thread: a gateway dies with the thread that started it, see tiedToUs.
func init() { runtime.LockOSThread() }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("faults", flag.ContinueOnError)
	flags.SetOutput(stderr)
	only := flags.String("only", "", "scenarios to run, separated by commas: "+strings.Join(names(scenarios), ", "))
	quick := flags.Bool("quick", false, "shorter runs, for a look")
	bin := flags.String("bin", "", "gateway program to measure; built from this module when empty")
	if err := flags.Parse(args); err != nil {
		return exitBroken
	}
	chosen, err := choose(scenarios, *only)
	if err != nil {
		_, _ = fmt.Fprintln(stderr, err)
		return exitBroken
	}
	reached, err := measure(ctx, &lab{bin: *bin, quick: *quick, notes: stderr}, chosen, stdout)
	switch {
	case err != nil:
		_, _ = fmt.Fprintln(stderr, err)
		return exitBroken
	case !reached:
		return exitNotReached
	}
	return exitReached
}

// measure runs the scenarios one after the other, prints each one's rows as soon as they are known, and reports whether
// every figure was reached.
func measure(ctx context.Context, l *lab, chosen []scenario, out io.Writer) (reached bool, err error) {
	remove, err := l.prepare(ctx)
	if err != nil {
		return false, err
	}
	defer remove()
	printHead(out, l)
	reached = true
	for _, s := range chosen {
		l.note("%s …", s.name)
		figures, err := runScenario(ctx, l, s)
		if err != nil {
			return false, fmt.Errorf("%s: %w", s.name, err)
		}
		printRows(out, s.name, figures)
		reached = reached && allReached(figures)
	}
	return reached, nil
}

func runScenario(ctx context.Context, l *lab, s scenario) ([]figure, error) {
	ctx, cancel := context.WithTimeout(ctx, scenarioTimeout)
	defer cancel()
	figures, err := s.run(ctx, l)
	if err == nil {
		err = ctx.Err() // figures of an interrupted run are no figures
	}
	return figures, err
}
