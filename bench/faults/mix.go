package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
)

// mix asks for random people and looks at what they get. Safe for concurrent use.
type mix struct {
	*truth
	gate    *gate
	people  []*mixed
	wrong   wrongs
	looked  atomic.Int64 // answers with data that were checked
	rebound atomic.Int64

	mu    sync.Mutex
	lines []line // materials seen so far
}

// mixed is a person whose binding may change, but not while one of the questions is on its way.
type mixed struct {
	sync.RWMutex
	person
}

// line is a material and the order it belongs to.
type line struct{ id, orderID string }

// rebindEvery is how many questions are asked between two changes of somebody's binding.
const rebindEvery = 250

func newMix(w *world, people []person) *mix {
	m := &mix{truth: newTruth(w.primary.ERP), gate: w.gate}
	for _, p := range people {
		m.people = append(m.people, &mixed{person: p})
	}
	return m
}

// ask asks the n-th question and checks the answer. The same n asks the same, as far as bindings and lines allow.
func (m *mix) ask(ctx context.Context, n int) answer {
	dice := rand.New(rand.NewPCG(uint64(n), 2026)) //nolint:gosec // a run must be the same again
	p := m.people[dice.IntN(len(m.people))]
	if n%rebindEvery == rebindEvery-1 {
		m.rebind(ctx, p, ways[dice.IntN(len(ways))])
	}
	p.RLock()
	defer p.RUnlock()
	q := m.question(dice, p.way.customerID)
	a := m.gate.get(ctx, p.token, q.path)
	if !a.ok() {
		return a
	}
	m.looked.Add(1)
	if err := q.check(a); err != nil {
		m.wrong.add(fmt.Errorf("%s for customer %s (%s): %w", q.path, p.way.customerID, a.source, err))
	}
	return a
}

// rebind binds somebody to another customer. Where the ERP does not let them, everything stays as it was.
func (m *mix) rebind(ctx context.Context, p *mixed, to way) {
	p.Lock()
	defer p.Unlock()
	if m.gate.bind(ctx, p.token, to) == nil {
		p.way = to
		m.rebound.Add(1)
	}
}

// asking is a question with the check of its answer.
type asking struct {
	path  string
	check func(answer) error
}

func (m *mix) question(dice *rand.Rand, customer string) asking {
	own := m.of[customer]
	id := own[dice.IntN(min(12, len(own)))] // a few orders are asked for often, so that calls are shared
	switch chance := dice.IntN(100); {
	case chance < 40:
		return m.search(customer, []string{"", "in_progress", "done"}[dice.IntN(3)], 1+dice.IntN(2), 10*(1+dice.IntN(2)))
	case chance < 60:
		return m.order(customer, id, "/status")
	case chance < 70:
		return m.order(customer, id, "")
	case chance < 80:
		return m.materials(id)
	case chance < 90:
		return m.progress(customer, dice)
	default:
		return m.foreign(customer, dice)
	}
}

func (m *mix) search(customer, status string, page, size int) asking {
	path := fmt.Sprintf("/api/orders/search?status=%s&page=%d&pageSize=%d", status, page, size)
	if status == "" {
		path = fmt.Sprintf("/api/orders/search?page=%d&pageSize=%d", page, size)
	}
	expected := m.listed(customer, status, page, size)
	return asking{path, func(a answer) error {
		var got struct{ Orders []shownOrder }
		if err := a.data(&got); err != nil {
			return err
		}
		for _, o := range got.Orders {
			if err := m.own(customer, o); err != nil {
				return err
			}
			if !slices.Contains(expected, o.ID) {
				return fmt.Errorf("%w: order %q is on another page", errNotTheirs, o.ID)
			}
		}
		return nil
	}}
}

func (m *mix) order(customer, id, part string) asking {
	return asking{"/api/orders/" + id + part, func(a answer) error {
		var got struct {
			shownOrder
			Deliveries []struct{}
			Materials  []shownLine
		}
		if err := a.data(&got); err != nil {
			return err
		}
		if len(got.Deliveries) > m.orders[id].Deliveries {
			return fmt.Errorf("%w: %d deliveries instead of %d", errNotTheirs, len(got.Deliveries), m.orders[id].Deliveries)
		}
		if err := m.linesOf(id, got.Materials); err != nil {
			return err
		}
		return m.asked(customer, id, got.shownOrder)
	}}
}

type shownLine struct {
	ID      string `json:"id"`
	OrderID string `json:"orderId"`
}

// linesOf checks that lines are an order's, and remembers them.
func (m *mix) linesOf(id string, lines []shownLine) error {
	if len(lines) > m.orders[id].Lines {
		return fmt.Errorf("%w: %d lines instead of %d", errNotTheirs, len(lines), m.orders[id].Lines)
	}
	for _, l := range lines {
		if l.OrderID != id {
			return fmt.Errorf("%w: a line of order %q was shown in %q", errNotTheirs, l.OrderID, id)
		}
	}
	m.learn(lines)
	return nil
}

// learn remembers some lines; a few hundred are enough to ask for.
func (m *mix) learn(lines []shownLine) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, l := range lines {
		if seen := (line{l.ID, l.OrderID}); len(m.lines) < 300 && !slices.Contains(m.lines, seen) {
			m.lines = append(m.lines, seen)
		}
	}
}

func (m *mix) materials(id string) asking {
	return asking{"/api/orders/" + id + "/materials", func(a answer) error {
		var got struct {
			OrderID   string `json:"orderId"`
			Materials []shownLine
		}
		if err := a.data(&got); err != nil {
			return err
		}
		if got.OrderID != id {
			return fmt.Errorf("%w: lines of order %q instead of %q", errNotTheirs, got.OrderID, id)
		}
		return m.linesOf(id, got.Materials)
	}}
}

// progress asks for any line that was seen: most are somebody else's.
func (m *mix) progress(customer string, dice *rand.Rand) asking {
	m.mu.Lock()
	defer m.mu.Unlock()
	l := line{"1", ""}
	if len(m.lines) > 0 {
		l = m.lines[dice.IntN(len(m.lines))]
	}
	return asking{"/api/materials/" + l.id + "/progress", func(a answer) error {
		var got shownLine
		if err := a.data(&got); err != nil {
			return err
		}
		if m.orders[l.orderID].CustomerID != customer || got.ID != l.id || got.OrderID != l.orderID {
			return fmt.Errorf("%w: line %q of order %q", errNotTheirs, got.ID, got.OrderID)
		}
		return nil
	}}
}

// foreign asks for another customer's order in one of the ways there are. Whatever data comes is wrong, but the empty
// list of a search.
func (m *mix) foreign(customer string, dice *rand.Rand) asking {
	other := ways[dice.IntN(len(ways))].customerID
	for other == customer {
		other = ways[dice.IntN(len(ways))].customerID
	}
	o := m.orders[m.of[other][dice.IntN(len(m.of[other]))]]
	if dice.IntN(4) == 0 {
		return m.none("/api/orders/search?keyword=" + o.Code)
	}
	path := "/api/orders/" + o.ID + []string{"", "/status", "/materials"}[dice.IntN(3)]
	return asking{path, func(answer) error {
		return fmt.Errorf("%w: order %q of customer %s", errNotTheirs, o.ID, o.CustomerID)
	}}
}

func (m *mix) none(path string) asking {
	return asking{path, func(a answer) error {
		var got struct{ Orders []shownOrder }
		if err := a.data(&got); err != nil {
			return err
		}
		if len(got.Orders) > 0 {
			return fmt.Errorf("%w: a search found order %q", errNotTheirs, got.Orders[0].ID)
		}
		return nil
	}}
}
