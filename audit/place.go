package audit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"snowgate/audit/spool"
)

// Replicas on one machine may share a spool folder: each process takes a numbered place in it for itself. A process that
// starts takes the lowest free one, and with it what its predecessor left.
const (
	maxPlaces = 64
	// adoptEvery is how often the places of processes that did not come back are looked at.
	adoptEvery = time.Minute
)

func placeDir(dir string, n int) string { return filepath.Join(dir, strconv.Itoa(n)) }

func openPlace(cfg Config) (*spool.Spool, error) {
	for n := range maxPlaces {
		s, err := spool.Open(spoolConfig(cfg, n))
		if !errors.Is(err, spool.ErrLocked) {
			return s, err
		}
	}
	return nil, fmt.Errorf("audit: all %d places in %s are taken", maxPlaces, cfg.Dir)
}

func spoolConfig(cfg Config, n int) spool.Config {
	return spool.Config{Dir: placeDir(cfg.Dir, n), MaxBytes: cfg.MaxBytes, SyncEvery: time.Second, Logger: cfg.Logger, Now: cfg.Now}
}

// adopt ships what processes left that did not come back, until ctx ends.
func (l *Log) adopt(ctx context.Context) {
	tick := time.NewTicker(adoptEvery)
	defer tick.Stop()
	for {
		for n := range maxPlaces {
			if _, err := os.Stat(placeDir(l.cfg.Dir, n)); err == nil {
				l.adoptPlace(ctx, n)
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// adoptPlace ships one place's records. A place that is taken is its owner's business, this process's own included.
func (l *Log) adoptPlace(ctx context.Context, n int) {
	s, err := spool.Open(spoolConfig(l.cfg, n))
	if err != nil {
		if !errors.Is(err, spool.ErrLocked) {
			l.cfg.Logger.Warn("audit: place not readable", "place", n, "error", err)
		}
		return
	}
	orphan := &Log{cfg: l.cfg, spool: s, sink: l.sink}
	if left := s.Stats().Pending; left > 0 {
		l.cfg.Logger.Info("audit: shipping what another process left", "place", n, "records", left)
	}
	if err := orphan.Close(ctx); err != nil {
		l.cfg.Logger.Warn("audit: place not closed", "place", n, "error", err)
	}
	l.count.adopt(orphan.Stats())
}
