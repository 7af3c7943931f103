package health

import (
	"context"
	"time"
)

const (
	shareAvailabilityEvery = time.Minute
	availabilityTTL        = (weekHours + hoursKept) * time.Hour
)

// shareAvailability takes over what earlier processes have watched, once, and has the holder of the lease publish it.
func (m *Monitor) shareAvailability(ctx context.Context, holds bool) error {
	c, now := m.crew, time.Now()
	if !c.inherited {
		if err := m.inheritAvailability(ctx); err != nil {
			return err
		}
		c.inherited, c.shared = true, now
	}
	if !holds || now.Sub(c.shared) < shareAvailabilityEvery {
		return nil
	}
	c.shared = now
	for _, w := range m.watches {
		if err := m.publishAvailability(ctx, w); err != nil {
			return err
		}
	}
	return nil
}

func (m *Monitor) inheritAvailability(ctx context.Context) error {
	blobs, err := m.crew.board.Read(ctx, topicAvailability)
	if err != nil {
		return err
	}
	for name, blob := range blobs {
		w := m.byName[name]
		if w == nil || w.probe.Local {
			continue
		}
		if err := w.presence.merge(blob, m.now()); err != nil {
			m.log.Warn("an earlier availability cannot be read", "probe", name, "error", err)
		}
	}
	return nil
}

func (m *Monitor) publishAvailability(ctx context.Context, w *watch) error {
	if w.probe.Local {
		return nil
	}
	blob, err := w.presence.encode()
	if err != nil {
		return err
	}
	return m.crew.board.Publish(ctx, topicAvailability, w.probe.Name, blob, availabilityTTL)
}
