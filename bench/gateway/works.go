package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"snowgate/bench/host"
)

// work is one thing that is measured.
type work struct {
	name string
	do   func(context.Context, *world, settings, *report) error
}

var works = []work{
	{"search", doSearch}, {"status", doStatus}, {"hot", doHot}, {"latency", doLatency},
	{"audit", doAudit}, {"sessions", doSessions}, {"connections", doConnections}, {"idle", doIdle}, {"start", doStart}, {"profile", doProfile},
}

func names() []string {
	var all []string
	for _, w := range works {
		all = append(all, w.name)
	}
	return all
}

// rival is a peer that runs.
type rival struct {
	peer
	*program
}

// assemble starts the peers that are there, and says who is missing and why.
func assemble(w *world, wanted []peer) (all []rival, end func(), err error) {
	end = func() {
		for _, r := range all {
			if err := r.stop(); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		}
	}
	for _, p := range wanted {
		started, err := p.start(w)
		if errors.Is(err, errMissing) {
			fmt.Printf("left out: %s: %v\n", p.name, err)
			continue
		}
		if err != nil {
			end()
			return nil, nil, fmt.Errorf("%s: %w", p.name, err)
		}
		all = append(all, rival{p, started})
	}
	return all, end, nil
}

// against measures rivals in alternating rounds on one work.
func against(ctx context.Context, w *world, s settings, title string, rivals []rival, load func(r rival, run string, d time.Duration) (*sample, error)) (*table, error) {
	t := &table{Title: title}
	for _, r := range rivals {
		if err := ready(r, w); err != nil {
			return nil, fmt.Errorf("%s: %w", r.name, err)
		}
	}
	for round := range s.rounds {
		for i, r := range rivals {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			run := strconv.Itoa(int(time.Now().UnixMicro())) + "r" + strconv.Itoa(round)
			if _, err := load(r, run+"w", s.warm); err != nil {
				return nil, err
			}
			f, err := watch(w, r.program, func() (*sample, error) { return load(r, run, s.during) })
			if err != nil {
				return nil, fmt.Errorf("%s: %w", r.name, err)
			}
			fmt.Fprintf(os.Stderr, "%s round %d %-32s %s\n", title, round+1, r.name, f)
			t.add(i, r.name, r.does, f)
		}
	}
	return t, nil
}

// ready waits until the program answers a question about data: the gateway logs in to the ERP with the first.
func ready(r rival, w *world) error {
	var status int
	var body []byte
	var err error
	for range 100 {
		status, body, err = once(r.addr(), get(nil, "/api/orders/search?keyword=ready", w.people.token(0)))
		if err == nil && status == 200 && len(body) > 1000 {
			return nil
		}
		host.Wait(context.Background(), 50*time.Millisecond)
	}
	return fmt.Errorf("answers %d %.300s: %w", status, body, err)
}

// watch takes the figures of a program while a load runs.
func watch(w *world, p *program, load func() (*sample, error)) (f figures, err error) {
	before, err := p.usage()
	if err != nil {
		return f, err
	}
	w.erp.calls.Store(0)
	mallocs := p.mallocs()
	seen, err := load()
	if err != nil {
		return f, err
	}
	allocated := p.mallocs() - mallocs
	after, err := p.usage()
	if err != nil {
		return f, err
	}
	n := float64(max(len(seen.took), 1))
	return figures{
		PerSecond: seen.perSecond(), P50: ms(seen.quantile(0.5)), P99: ms(seen.quantile(0.99)),
		CPU: ms(after.cpu-before.cpu) * 1000 / n, Upstream: float64(w.erp.calls.Load()) * 1000 / n,
		RSS: float64(after.rss) / (1 << 20), Allocs: allocated / n, Failed: float64(seen.failed), Requests: n,
	}, nil
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func doSearch(ctx context.Context, w *world, s settings, r *report) error {
	return compare(ctx, w, s, r, "GET /api/orders/search", w.people.search)
}

func doStatus(ctx context.Context, w *world, s settings, r *report) error {
	return compare(ctx, w, s, r, "GET /api/orders/{id}/status", w.people.status)
}

func compare(ctx context.Context, w *world, s settings, r *report, title string, ask func(run string) requester) error {
	rivals, end, err := assemble(w, peers[:s.peers])
	if err != nil {
		return err
	}
	defer end()
	t, err := against(ctx, w, s, title, rivals, func(r rival, run string, d time.Duration) (*sample, error) {
		return closed(r.addr(), s.clients, d, ask(run))
	})
	if err != nil {
		return err
	}
	r.show(t)
	return nil
}

// doHot has 64 clients ask the same question of an ERP that takes 20 ms: one that answers everybody at once, as none does,
// and one that works on 8 at a time.
func doHot(ctx context.Context, w *world, s settings, r *report) error {
	rivals, end, err := assemble(w, peers[:s.peers])
	if err != nil {
		return err
	}
	defer end()
	defer w.erp.slow(0, 0)
	for _, hands := range []int{0, 8} {
		title := "hot key, ERP 20 ms, 64 clients"
		if hands > 0 {
			title += fmt.Sprintf(", ERP works on %d at a time", hands)
		}
		w.erp.slow(20*time.Millisecond, hands)
		t, err := against(ctx, w, s, title, rivals, func(r rival, _ string, d time.Duration) (*sample, error) {
			return closed(r.addr(), 64, d, w.people.hot)
		})
		if err != nil {
			return err
		}
		r.show(t)
	}
	return nil
}

// doLatency asks 100 times a second, the ERP itself in alternation with the gateway in front of it.
func doLatency(ctx context.Context, w *world, s settings, r *report) error {
	rivals, end, err := assemble(w, peers[:2])
	if err != nil {
		return err
	}
	defer end()
	w.erp.slow(5*time.Millisecond, 0)
	defer w.erp.slow(0, 0)
	self := rival{peer{"the ERP itself", "", nil}, &program{url: "http://" + w.erp.addr}}
	t, err := against(ctx, w, s, "latency at 100 requests per second, ERP 5 ms", append(rivals, self), func(r rival, run string, d time.Duration) (*sample, error) {
		return open(r.addr(), 100, d, w.people.search(run))
	})
	if err != nil {
		return err
	}
	r.show(t)
	return nil
}
