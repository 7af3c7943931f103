package health

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"
)

// Board is where the replicas of one gateway meet: a lease that one of them holds, and topics on which each leaves blobs for
// the others. health/board keeps one in Redis. An error says that the board cannot be reached; everything in this package
// then works for its own replica alone. Implementations bound their own time and are safe for concurrent use.
type Board interface {
	// Lead reports whether this replica holds the named lease now. It takes one that is free, prolongs its own to end lease
	// from now, and leaves another's alone.
	Lead(ctx context.Context, name string, lease time.Duration) (bool, error)
	// Publish puts a member's blob on a topic for ttl, in place of the member's last one.
	Publish(ctx context.Context, topic, member string, blob []byte, ttl time.Duration) error
	// Read returns the blobs of a topic that have not ended, by member.
	Read(ctx context.Context, topic string) (map[string][]byte, error)
}

// The lease and the topics of this package.
const (
	leaseProbes       = "probes"
	topicProbes       = "probes"            // the last look at each probe, by its name
	topicPulse        = "pulse"             // how real calls went lately, by replica
	topicAvailability = "availability"      // how it was for a week, by probe
	topicPerformance  = "performance"       // the short windows and the running hour, by replica
	topicHours        = "performance/hours" // the last 24 hours, by replica
)

// boardPatience bounds a meeting at the board: whoever waits longer is better off alone.
const boardPatience = time.Second

// reach logs when a board goes out of reach and when it is back, once each.
type reach struct {
	log  *slog.Logger
	lost atomic.Bool
}

func (r *reach) report(err error) {
	switch {
	case err != nil && !r.lost.Swap(true):
		r.log.Warn("the other replicas cannot be reached, this one works alone", "error", logText(err))
	case err == nil && r.lost.Swap(false):
		r.log.Info("the other replicas can be reached again")
	}
}
