package audit

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// writer is one of a Sink's methods.
type writer[T any] func(ctx context.Context, batch []T) error

// ship writes batches until ctx ends or stop is closed. A write under way when stop closes is finished first.
func (l *lane[T]) ship(ctx context.Context, stop <-chan struct{}) {
	for l.await(ctx, stop) {
		if !l.send(ctx, stop, l.front()) {
			return
		}
		l.tellDrops(ctx)
	}
}

// flush writes until nothing is left or ctx ends.
func (l *lane[T]) flush(ctx context.Context) {
	for l.pending() > 0 {
		if !l.send(ctx, nil, l.front()) {
			break
		}
	}
	l.tellDrops(ctx)
}

// await returns true when a batch should be written: a whole one, or the first records have waited long enough.
func (l *lane[T]) await(ctx context.Context, stop <-chan struct{}) bool {
	for l.pending() == 0 {
		select {
		case <-l.some:
		case <-stop:
			return false
		case <-ctx.Done():
			return false
		}
	}
	company := time.NewTimer(l.cfg.Every)
	defer company.Stop()
	for l.pending() < l.cfg.Batch {
		select {
		case <-l.full: // may be left over from an earlier batch, hence the loop
		case <-company.C:
			return true
		case <-stop:
			return false
		case <-ctx.Done():
			return false
		}
	}
	return !isClosed(stop) && ctx.Err() == nil
}

// send brings the records at the queue's front to the Sink. A refused batch is halved until the bad row stands alone
// and is set aside; the rows before and behind it go on in their order. It returns false when it was interrupted, with
// the unwritten records still in the queue.
func (l *lane[T]) send(ctx context.Context, stop <-chan struct{}, batch []T) bool {
	err := l.persist(ctx, stop, batch)
	switch {
	case err == nil:
		l.written(len(batch))
	case !errors.Is(err, ErrRefused):
		return false
	case len(batch) == 1:
		l.setAside(ctx, batch[0])
	default:
		half := len(batch) / 2
		return l.send(ctx, stop, batch[:half]) && l.send(ctx, stop, batch[half:])
	}
	return true
}

// persist repeats a failing write until it is taken (nil), refused (ErrRefused) or interrupted (any other error).
func (l *lane[T]) persist(ctx context.Context, stop <-chan struct{}, batch []T) error {
	for failures := 0; ; failures++ {
		err := l.write(ctx, batch)
		if err == nil || errors.Is(err, ErrRefused) {
			l.tellBack(ctx, failures)
			return err
		}
		if failures == 0 && ctx.Err() == nil {
			l.cfg.Logger.WarnContext(ctx, "audit: database away, records are kept", "kind", l.kind, "error", err)
		}
		if !wait(ctx, stop, backoff(failures, l.cfg.RetryMin, l.cfg.RetryMax)) {
			return err
		}
		l.retried()
		l.tellDrops(ctx)
	}
}

// backoff doubles from lowest to highest and takes a random part between half and all of it, so that replicas do not
// all come back in the same instant.
func backoff(failures int, lowest, highest time.Duration) time.Duration {
	d := highest
	if failures < 30 && lowest<<failures > 0 {
		d = min(lowest<<failures, highest)
	}
	return d/2 + rand.N(d/2+1) //nolint:gosec // spreading load needs no secret randomness
}

func wait(ctx context.Context, stop <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil && !isClosed(stop)
	case <-stop:
		return false
	case <-ctx.Done():
		return false
	}
}

func isClosed(stop <-chan struct{}) bool {
	select {
	case <-stop:
		return true
	default:
		return false
	}
}

// setAside gives up a row the database will never take. The log gets its id only: whatever made the row bad may be
// what must not be read in a log, and the database's own text may quote it.
func (l *lane[T]) setAside(ctx context.Context, record T) {
	l.dropped(1)
	l.cfg.Logger.ErrorContext(ctx, "audit: record refused by the database, set aside", "kind", l.kind, "id", l.id(record))
}

func (l *lane[T]) tellBack(ctx context.Context, failures int) {
	if failures > 0 {
		l.cfg.Logger.InfoContext(ctx, "audit: database back", "kind", l.kind, "failed_writes", failures, "pending", l.pending())
	}
}

// tellDrops reports drops in sums, from here and not from add: a full buffer is no time to write a line per request.
func (l *lane[T]) tellDrops(ctx context.Context) {
	if n := l.untold(); n > 0 {
		l.cfg.Logger.ErrorContext(ctx, "audit: records dropped", "kind", l.kind, "records", n)
	}
}
