package queue

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Risk is something that endangers messages or holds them up.
type Risk string

// The risks Health knows.
const (
	RiskNotDurable Risk = "not durable" // Redis forgets accepted messages when it restarts: its append-only file is off
	RiskEviction   Risk = "eviction"    // Redis may throw accepted messages away when memory is short
	RiskStuck      Risk = "stuck"       // a message has waited for more than 5 minutes, though nothing holds it up
	RiskPaused     Risk = "paused"      // nothing is sent until WeChat's quota is reset or an admin resumes
)

// RiskError names the risks found.
type RiskError struct {
	Risks   []Risk
	details []string
}

func (e *RiskError) Error() string { return "message queue: " + strings.Join(e.details, "; ") }

// Has reports whether the risk is among those found.
func (e *RiskError) Has(r Risk) bool { return slices.Contains(e.Risks, r) }

const stuckAfter = 5 * time.Minute

// Health is an error when an admin should look: a *RiskError, without what Config.Tolerate lists, or ErrUnavailable.
// What a Redis will not say of itself counts as a risk to durability, not to memory.
func (q *Queue) Health(ctx context.Context) error {
	s, err := q.Stats(ctx)
	if err != nil {
		return err
	}
	found := &RiskError{}
	if err := q.serverRisks(ctx, found); err != nil {
		return err
	}
	if s.Paused {
		q.add(found, RiskPaused, fmt.Sprintf("sending is paused (%s) %s", s.PauseReason, until(s.PausedUntil)))
	}
	if !s.Paused && s.Oldest > stuckAfter {
		q.add(found, RiskStuck, fmt.Sprintf("the oldest of %d messages has waited for %v", s.Queued, s.Oldest.Round(time.Second)))
	}
	if len(found.Risks) == 0 {
		return nil
	}
	return found
}

func (q *Queue) add(e *RiskError, r Risk, detail string) {
	if slices.Contains(q.cfg.Tolerate, r) {
		return
	}
	e.Risks, e.details = append(e.Risks, r), append(e.details, detail)
}

func until(t time.Time) string {
	if t.IsZero() {
		return "until an admin resumes"
	}
	return "until " + t.Format(time.RFC3339)
}

func (q *Queue) serverRisks(ctx context.Context, found *RiskError) error {
	persistence, err := q.info(ctx, "persistence")
	if err != nil {
		return err
	}
	if persistence["aof_enabled"] != "1" {
		q.add(found, RiskNotDurable, "Redis keeps no append-only file: a restart loses accepted messages")
	}
	memory, err := q.info(ctx, "memory")
	if err != nil {
		return err
	}
	if policy := memory["maxmemory_policy"]; policy != "" && policy != "noeviction" {
		q.add(found, RiskEviction, "Redis evicts keys ("+policy+"): it may throw accepted messages away")
	}
	return nil
}

// info is a section of INFO; empty when Redis refuses to tell.
func (q *Queue) info(parent context.Context, section string) (map[string]string, error) {
	ctx, cancel := context.WithTimeout(parent, q.cfg.Timeout)
	defer cancel()
	text, err := q.infoOf(ctx, section)
	q.observe(connectionOnly(err))
	if isConnectionError(err) {
		return nil, storeError(parent, "queue health", err)
	}
	fields := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, found := strings.Cut(strings.TrimSpace(line), ":"); found {
			fields[name] = value
		}
	}
	return fields, nil
}

// infoOf asks, on a Cluster, the node that holds the messages.
func (q *Queue) infoOf(ctx context.Context, section string) (string, error) {
	cluster, is := q.rdb.(*redis.ClusterClient)
	if !is {
		return q.rdb.Info(ctx, section).Result()
	}
	node, err := cluster.MasterForKey(ctx, q.base())
	if err != nil {
		return "", err
	}
	return node.Info(ctx, section).Result()
}

func connectionOnly(err error) error {
	if isConnectionError(err) {
		return err
	}
	return nil
}
