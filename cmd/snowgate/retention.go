package main

import (
	"context"
	"log/slog"
	"time"

	"snowgate/session"
	"snowgate/sql"
)

// Retention works at night, in small batches with rests between them, on one replica at a time.
const (
	retentionLook  = 15 * time.Minute // how often the time of day is looked at
	retentionFrom  = 2                // o'clock, in the ERP's zone
	retentionUntil = 5
	retentionBatch = 1000
	retentionRest  = 200 * time.Millisecond
	retentionLease = time.Hour
)

// retention removes rows that are older than keep.
type retention struct {
	db    *sql.DB
	store *session.Store
	keep  time.Duration
	zone  *time.Location
	log   *slog.Logger
}

// run looks at the clock until ctx ends.
func (r retention) run(ctx context.Context) error {
	tick := time.NewTicker(retentionLook)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			if hour := now.In(r.zone).Hour(); hour >= retentionFrom && hour < retentionUntil {
				r.removeOnce(ctx, now)
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// removeOnce works unless another replica is at it.
func (r retention) removeOnce(ctx context.Context, now time.Time) {
	try, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	unlock, err := r.store.Lock(try, "retention", retentionLease)
	if err != nil {
		return
	}
	defer unlock()
	ctx, cancel = context.WithTimeout(ctx, retentionLease)
	defer cancel()
	removed, err := r.remove(ctx, now.Add(-r.keep))
	if removed > 0 || err != nil {
		r.log.Info("old log rows removed", "rows", removed, "error", err)
	}
}

// remove takes away everything before t, table by table.
func (r retention) remove(ctx context.Context, t time.Time) (total int, err error) {
	for _, table := range []func(context.Context, time.Time, int) (int, error){
		r.db.RemoveCallsBefore, r.db.RemoveMessagesBefore, r.db.RemoveWritesBefore, r.db.RemoveBindingsBefore, r.db.RemoveSessionsBefore,
	} {
		for {
			n, err := table(ctx, t, retentionBatch)
			total += n
			if err != nil {
				return total, err
			}
			if n == 0 {
				break
			}
			pause(ctx, retentionRest)
		}
	}
	return total, nil
}
