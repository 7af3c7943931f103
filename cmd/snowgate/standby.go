package main

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"snowgate/erpclient"
	"snowgate/health/board"
)

const (
	topicStandby   = "erp/standby"
	memberStandby  = "forced"
	standbyEvery   = 2 * time.Second
	standbyPatient = time.Second
	// standbyFor is how long a standby stays forced if nobody releases it: one that was forgotten would hide that the
	// primary is not used.
	standbyFor = 7 * 24 * time.Hour
)

// standbySwitch is an admin's word on which channel reads go to. The board has it for all replicas, which follow within
// seconds; while the board is away they stay with what it said last.
type standbySwitch struct {
	client *erpclient.Client
	board  *board.Board
	log    *slog.Logger
	mu     sync.Mutex // from asking the board to obeying it
}

// Force implements gateway.Standby.
func (s *standbySwitch) Force(ctx context.Context, forced bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.client.Status().Channels) < 2 {
		return s.client.ForceStandby(forced) // which says that there is none
	}
	life := standbyFor
	if !forced {
		life = time.Millisecond // whoever finds nothing there is released
	}
	if err := s.board.Publish(ctx, topicStandby, memberStandby, []byte("1"), life); err != nil {
		return err
	}
	return s.obey(forced)
}

// run follows the board until ctx ends.
func (s *standbySwitch) run(ctx context.Context) error {
	tick := time.NewTicker(standbyEvery)
	defer tick.Stop()
	for {
		s.follow(ctx)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func (s *standbySwitch) follow(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, standbyPatient)
	defer cancel()
	if said, err := s.board.Read(ctx, topicStandby); err == nil {
		_ = s.obey(said[memberStandby] != nil) // there is a standby where this runs
	}
}

func (s *standbySwitch) obey(forced bool) error {
	if s.client.Status().ForcedStandby == forced {
		return nil
	}
	s.log.Warn("an admin decides where reads go", "standby_forced", forced)
	return s.client.ForceStandby(forced)
}
