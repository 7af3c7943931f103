package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Commit says that everything up to the end of b has arrived: it will not be handed out again, and segments wholly
// done with are deleted. When Commit returns, that outlives kill -9; after a loss of power some records may come
// again. After an error nothing has changed and Commit may be called again. The error wraps ErrClosed or that of the
// operating system.
func (s *Spool) Commit(b *Batch) error {
	if err := s.commit(b); err != nil {
		return fmt.Errorf("spool: commit: %w", err)
	}
	return nil
}

func (s *Spool) commit(b *Batch) error {
	s.consumer.Lock()
	defer s.consumer.Unlock()
	end, news, err := s.settle(b.end)
	if err != nil || !news {
		return err
	}
	if err := s.place.save(end.place); err != nil {
		return err
	}
	s.mu.Lock()
	s.count.committed += end.count - s.done.count
	s.done = end
	s.mu.Unlock()
	s.removeDone()
	s.lookOldest()
	return nil
}

// settle moves a cursor at the end of a finished segment to the next one, so that the first can go. Without news the
// cursor lies in what is committed already.
func (s *Spool) settle(end cursor) (settled cursor, news bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return end, false, ErrClosed
	}
	for i := 1; i < len(s.segments); i++ {
		if done := s.segments[i-1]; end.segment == done.number && end.offset >= done.size {
			end.segment, end.offset = s.segments[i].number, headerSize
		}
	}
	return end, end.count > s.done.count, nil
}

// removeDone deletes the segments before the committed place. What cannot be deleted is tried again by the next Commit
// and by Open. The segment of the place itself is always among them, so there is an end.
func (s *Spool) removeDone() {
	for {
		s.mu.Lock()
		first := s.segments[0]
		s.mu.Unlock()
		if first.number >= s.done.segment {
			return
		}
		if err := os.Remove(segmentPath(s.cfg.Dir, first.number)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			s.cfg.Logger.Warn("spool: remove segment", "error", err)
			return
		}
		s.mu.Lock()
		s.segments = s.segments[1:]
		s.count.bytes -= first.size
		s.unsynced.dir = true
		s.mu.Unlock()
	}
}

// lookOldest finds out how old the first pending record is. If it cannot be read, Next will say why.
func (s *Spool) lookOldest() {
	b, err := s.collectLocked(1, peekAhead)
	if err != nil || len(b.records) == 0 {
		return
	}
	s.mu.Lock()
	s.oldest = b.oldest
	s.mu.Unlock()
}
