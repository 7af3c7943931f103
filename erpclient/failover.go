package erpclient

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	// goodProbesBack is how many good probes in a row bring the primary back: one may be luck.
	goodProbesBack = 2
	// probeEvery is how often a primary that is out of use is looked at: often enough to be back within seconds, far
	// below what a sick ERP would feel.
	probeEvery   = 2 * time.Second
	probeTimeout = time.Second
)

// failover remembers whether the primary is in use for reads. It goes out when its breaker opens or a probe of it
// fails, and comes back after good probes: real traffic is not used to find out. Safe for concurrent use.
type failover struct {
	mu       sync.Mutex
	out      bool // as breaker and probes have it
	forced   bool // as an admin has it
	good     int
	onChange func(out bool) // called under the lock: it only reports
}

// fail takes the primary out of use.
func (f *failover) fail() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.good = 0
	f.set(true, f.forced)
}

// probed takes the result of one probe of the primary. One that ended at the session store says nothing about it.
func (f *failover) probed(err error) {
	if OutcomeOf(err) == KindStore {
		return
	}
	if KindOf(err).Unhealthy() {
		f.fail()
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.good++; f.out && f.good >= goodProbesBack {
		f.set(false, f.forced)
	}
}

// force takes the primary out of use until it is released, however well it is.
func (f *failover) force(forced bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.set(f.out, forced)
}

func (f *failover) set(out, forced bool) {
	before := f.out || f.forced
	f.out, f.forced = out, forced
	if now := out || forced; now != before {
		f.onChange(now)
	}
}

// isOut reports whether reads go elsewhere.
func (f *failover) isOut() bool {
	out, forced := f.state()
	return out || forced
}

func (f *failover) state() (out, forced bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.out, f.forced
}

// channels are the ways to the ERP in the order in which a read tries them.
func (c *Client) channels() []*channel {
	switch {
	case c.standby == nil:
		return []*channel{c.primary}
	case c.failover.isOut():
		return []*channel{c.standby, c.primary}
	default:
		return []*channel{c.primary, c.standby}
	}
}

// ways are the channels that a question is asked of. What settles a write is asked where the write went: a standby may
// not know of it yet.
func (c *Client) ways(settles bool) []*channel {
	if settles {
		return []*channel{c.primary}
	}
	return c.channels()
}

// failsOver reports whether another channel may know better: the ERP was at fault, or our own breaker or bulkhead
// refused. A login that failed so counts too: the other channel has a session of its own. Writes never fail over by
// themselves: the first channel may have carried them out.
func failsOver(class Class, err error) bool {
	return class == ClassRead && KindOf(err).Unhealthy()
}

// Run does the client's work beside the requests until ctx ends: it keeps last good answers and looks for a primary that
// is out of use.
func (c *Client) Run(ctx context.Context) error {
	var work sync.WaitGroup
	work.Go(func() { c.lastGood.run(ctx) })
	if c.standby != nil {
		work.Go(func() { c.bringBack(ctx) })
	}
	work.Wait()
	return nil
}

// bringBack probes the primary while it is out of use. Replicas do it at different moments.
func (c *Client) bringBack(ctx context.Context) {
	for {
		wait := time.Duration(float64(probeEvery) * (0.8 + 0.4*rand.Float64())) //nolint:gosec // spreads replicas; no secret
		if !sleep(ctx, wait) {
			return
		}
		if out, _ := c.failover.state(); out {
			probe, cancel := context.WithTimeout(ctx, probeTimeout)
			_ = c.Probe(probe)
			cancel()
		}
	}
}

// ForceStandby has reads go to the standby first until it is called with false, however well the primary is; writes and
// logins stay where they are. It is this process' alone. NotSupported where there is no standby.
func (c *Client) ForceStandby(forced bool) error {
	if c.standby == nil {
		return notSupported("force_standby")
	}
	c.failover.force(forced)
	return nil
}

// OnStandby reports whether reads ask the standby first.
func (c *Client) OnStandby() bool { return c.standby != nil && c.failover.isOut() }
