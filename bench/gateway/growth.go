package main

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// doAudit compares a house with its audit trail to the same without.
func doAudit(ctx context.Context, w *world, s settings, r *report) error {
	rivals, end, err := assemble(w, []peer{
		{"audit on", "spool, masked rows, chain", floor(roleAudited)}, {"audit off", "", floor(roleUnaudited)},
	})
	if err != nil {
		return err
	}
	defer end()
	t, err := against(ctx, w, s, "audit on against audit off, search", rivals, func(r rival, run string, d time.Duration) (*sample, error) {
		return closed(r.addr(), s.clients, d, w.people.search(run))
	})
	if err != nil {
		return err
	}
	r.show(t)
	return nil
}

// doSessions measures a request with ever more sessions in Redis.
func doSessions(ctx context.Context, w *world, s settings, r *report) error {
	sizes := []int{1_000, 10_000, 100_000}
	if s.millions {
		sizes = append(sizes, 1_000_000)
	}
	return grow(ctx, w, s, r, "sessions in Redis", sizes, func(n int) (int, error) { return s.clients, w.people.grow(ctx, n) })
}

// doConnections measures a request with ever more connections.
func doConnections(ctx context.Context, w *world, s settings, r *report) error {
	return grow(ctx, w, s, r, "connections", []int{10, 100, 500, 2_000}, func(n int) (int, error) { return n, nil })
}

// grow measures the search at each size; prepare brings it about, and tells how many clients ask. The rows are the sizes.
func grow(ctx context.Context, w *world, s settings, r *report, title string, sizes []int, prepare func(n int) (int, error)) error {
	rivals, end, err := assemble(w, peers[:1])
	if err != nil {
		return err
	}
	defer end()
	t := &table{Title: "growth: " + title}
	for i, n := range sizes {
		clients, err := prepare(n)
		if err != nil {
			return err
		}
		part, err := against(ctx, w, s, title+" "+strconv.Itoa(n), rivals, func(r rival, run string, d time.Duration) (*sample, error) {
			return closed(r.addr(), clients, d, w.people.search(run))
		})
		if err != nil {
			return err
		}
		for _, f := range part.Rows[0].Rounds {
			t.add(i, strconv.Itoa(n), title, f)
		}
	}
	r.show(t)
	return nil
}

// doIdle measures what a connection costs that is open and says nothing.
func doIdle(_ context.Context, w *world, _ settings, r *report) error {
	p, err := startGateway(w)
	if err != nil {
		return err
	}
	defer func() { _ = p.stop() }()
	if err := ready(rival{peers[0], p}, w); err != nil {
		return err
	}
	const many = 2_000
	clients := make([]*client, 0, many)
	defer func() {
		for _, c := range clients {
			c.close()
		}
	}()
	var before float64
	for range many {
		c, err := dial(p.addr())
		if err != nil {
			return err
		}
		if _, err := c.ask(get(nil, "/livez", "")); err != nil { // idle is whoever has been answered
			return err
		}
		if clients = append(clients, c); len(clients) == 1 {
			before = p.memory()
		}
	}
	each := (p.memory() - before) / (many - 1)
	r.say("memory per idle connection", fmt.Sprintf("%.1f KiB (heap and stacks in use once collected, %d connections)", each/1024, many))
	return nil
}

// doStart measures from the start of the process to its first answer about data, the login to the ERP included.
func doStart(_ context.Context, w *world, s settings, r *report) error {
	request := get(nil, "/api/orders/search?keyword=start", w.people.token(0))
	var listening, answered []time.Duration
	for range 2*s.rounds + 1 {
		began := time.Now()
		p, err := startGateway(w)
		if err != nil {
			return err
		}
		listening = append(listening, time.Since(began))
		status, _, err := once(p.addr(), request)
		answered = append(answered, time.Since(began))
		if stopped := p.stop(); err != nil || status != 200 || stopped != nil {
			return fmt.Errorf("first answer: status %d: %w", status, err)
		}
	}
	r.say("start to listening", middle(listening).Round(time.Millisecond).String())
	r.say("start to first answer with data", middle(answered).Round(time.Millisecond).String())
	return nil
}
