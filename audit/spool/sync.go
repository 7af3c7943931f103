package spool

import (
	"errors"
	"os"
	"time"
)

// unsynced is what a loss of power could take.
type unsynced struct {
	files []*os.File // finished segments, still open
	data  bool       // the active segment has grown
	dir   bool       // a segment was made or removed
}

func (s *Spool) syncLoop() {
	tick := time.NewTicker(s.cfg.SyncEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := s.sync(); err != nil {
				s.cfg.Logger.Error("spool: sync", "error", err)
			}
		case <-s.closing:
			return
		}
	}
}

// sync brings everything appended so far to the disk. Only one runs at a time, and nobody else closes the files it
// works on, so appenders do not wait for it.
func (s *Spool) sync() error {
	s.mu.Lock()
	due, active := s.unsynced, s.active
	s.unsynced = unsynced{}
	s.mu.Unlock()
	var errs []error
	for _, file := range due.files {
		errs = append(errs, file.Sync(), file.Close())
	}
	if due.data && active != nil {
		errs = append(errs, active.Sync())
	}
	if due.dir {
		errs = append(errs, syncDir(s.cfg.Dir))
	}
	return errors.Join(errs...)
}

func syncDir(dir string) error {
	file, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}
