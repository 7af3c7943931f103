package health

import (
	"context"
	"sync/atomic"
	"time"
)

// meetEvery is how often a replica asks for the lease and for what the others saw. It bounds how late a change is known
// everywhere, and is cheap: two or three small questions to Redis.
const meetEvery = 2 * time.Second

// leaseMeetings is how many meetings a holder may miss. With meetEvery, a replica that died is succeeded within 10 s.
const leaseMeetings = 4

// crew is a Monitor's part among the replicas.
type crew struct {
	board   Board
	replica string
	every   time.Duration
	alone   atomic.Bool // the board cannot be reached
	holds   atomic.Bool // has the lease
	reach   reach

	// Of the goroutine that meets only.
	inherited bool      // the availability of earlier processes was read
	shared    time.Time // when ours was last published
}

func newCrew(cfg Config) *crew {
	if cfg.Board == nil {
		return nil
	}
	c := &crew{board: cfg.Board, replica: cfg.Replica, every: min(meetEvery, max(cfg.Interval/2, 10*time.Millisecond))}
	c.reach.log = cfg.Logger
	c.holds.Store(true) // until the first meeting
	return c
}

// leads says whether this replica looks at what is looked at once for all.
func (c *crew) leads() bool { return c == nil || c.alone.Load() || c.holds.Load() }

// Leading says whether this replica looks on behalf of all: it has the lease, or there is no Board, or the Board cannot be
// reached.
func (m *Monitor) Leading() bool { return m.crew.leads() }

func (m *Monitor) keepMeeting(ctx context.Context) {
	if m.crew == nil {
		return
	}
	tick := time.NewTicker(m.crew.every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			m.meet(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// meet asks for the lease and exchanges with the others what there is. A replica that cannot meet them looks by itself.
func (m *Monitor) meet(parent context.Context) {
	c := m.crew
	if c == nil {
		return
	}
	ctx, cancel := context.WithTimeout(parent, boardPatience)
	defer cancel()
	led := c.leads()
	holds, err := c.board.Lead(ctx, leaseProbes, leaseMeetings*c.every)
	if err == nil {
		err = m.exchange(ctx, holds)
	}
	if parent.Err() != nil {
		return // it is our end, not the board's
	}
	c.reach.report(err)
	c.holds.Store(holds)
	c.alone.Store(err != nil)
	if err != nil {
		m.pulse.forget()
	}
	if !led && c.leads() {
		m.wakeAll()
	}
}

// wakeAll begins looking at once: the replica that looked until now may have been gone for a while.
func (m *Monitor) wakeAll() {
	for _, w := range m.watches {
		select {
		case w.wake <- struct{}{}:
		default:
		}
	}
}

func (m *Monitor) exchange(ctx context.Context, holds bool) error {
	err := m.pulse.share(ctx, m.crew.board, m.crew.replica, leaseMeetings*m.crew.every)
	if err == nil && !holds {
		err = m.takeOver(ctx)
	}
	if err == nil {
		err = m.shareAvailability(ctx, holds)
	}
	return err
}

// resign gives the lease back, so that another replica goes on at once.
func (m *Monitor) resign(ctx context.Context) {
	if c := m.crew; c != nil && c.holds.Load() && !c.alone.Load() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), boardPatience)
		defer cancel()
		_, _ = c.board.Lead(ctx, leaseProbes, time.Millisecond) // if this fails, the lease ends by itself
	}
}
