package tracing

import (
	"log/slog"
	"sync"
	"time"
)

// complainEvery keeps a collector that is away from filling the log.
const complainEvery = time.Minute

// complaints tells of lost spans: the first loss at once, what follows once a minute with its sum. Safe for concurrent use.
type complaints struct {
	log *slog.Logger
	now func() time.Time

	mu    sync.Mutex
	last  time.Time
	spans int
}

func (c *complaints) add(spans int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.spans += spans
	if now := c.now(); c.last.IsZero() || now.Sub(c.last) >= complainEvery {
		c.log.Warn("traces not exported", "spans", c.spans, "error", err)
		c.last, c.spans = now, 0
	}
}
