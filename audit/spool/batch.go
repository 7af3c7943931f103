package spool

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"
)

// Batch is a run of records as Next handed it out. It stays good after Commit and Close.
type Batch struct {
	records []Record
	bytes   int   // of payload
	oldest  int64 // when the first record was appended, Unix ms
	end     cursor
}

// cursor is a place, and how many records since Open lie before it.
type cursor struct {
	place
	count int64
}

const (
	batchBytes = 8 << 20   // a batch with that much payload takes no more, whatever its limit
	readAhead  = 256 << 10 // for a batch
	peekAhead  = 4 << 10   // for a single record
)

// Records returns the records in the order they were appended. They belong to the caller.
func (b *Batch) Records() []Record { return b.records }

func (b *Batch) full(limit int) bool { return len(b.records) >= limit || b.bytes >= batchBytes }

func (b *Batch) add(f frame) {
	if len(b.records) == 0 {
		b.oldest = f.at
	}
	b.records = append(b.records, f.Record)
	b.bytes += len(f.Payload)
	b.end.count++
	b.end.offset = f.end
	if f.Seq > 0 {
		b.end.link = link{seq: f.Seq, hash: f.Hash}
	}
}

// Next waits until there is a record that is not committed, then at most linger for more, and returns up to limit of
// them (at least one, fewer if they are large), in the order they were appended. Until Commit it returns the same
// records again. The error wraps ErrClosed, ctx.Err(), or what reading the disk said; nothing is lost by it.
//
// There is one consumer: calls to Next side by side would get the same records.
func (s *Spool) Next(ctx context.Context, limit int, linger time.Duration) (*Batch, error) {
	b, err := s.gather(ctx, max(limit, 1), linger)
	if err != nil {
		return nil, fmt.Errorf("spool: next: %w", err)
	}
	return b, nil
}

func (s *Spool) gather(ctx context.Context, limit int, linger time.Duration) (*Batch, error) {
	for {
		if err := s.await(ctx, 1, nil); err != nil {
			return nil, err
		}
		if err := s.company(ctx, limit, linger); err != nil {
			return nil, err
		}
		b, err := s.collect(limit, readAhead)
		if err != nil || len(b.records) > 0 {
			return b, err
		}
		if err := s.commit(b); err != nil { // what was pending there has been destroyed meanwhile
			return nil, err
		}
	}
}

func (s *Spool) company(ctx context.Context, limit int, linger time.Duration) error {
	if linger <= 0 || limit == 1 {
		return nil
	}
	timer := time.NewTimer(linger)
	defer timer.Stop()
	return s.await(ctx, limit, timer.C)
}

// await returns nil when n records are pending, or something comes from late.
func (s *Spool) await(ctx context.Context, n int, late <-chan time.Time) error {
	for ctx.Err() == nil {
		if enough, err := s.holds(int64(n)); enough || err != nil {
			return err
		}
		select {
		case <-s.some: // may be left over from an earlier wait, hence the loop
		case <-late:
			return nil
		case <-s.closing:
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}

// holds tells whether n records are pending; if not, their arrival will be signalled.
func (s *Spool) holds(n int64) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false, ErrClosed
	}
	s.wanted = n
	if s.pending() >= n {
		s.wanted = 0
	}
	return s.wanted == 0, nil
}

func (s *Spool) pending() int64 { return s.head - s.done.count }

// collect reads pending records.
func (s *Spool) collect(limit int, chunk int64) (*Batch, error) {
	s.consumer.Lock()
	defer s.consumer.Unlock()
	return s.collectLocked(limit, chunk)
}

func (s *Spool) collectLocked(limit int, chunk int64) (*Batch, error) {
	s.mu.Lock()
	b := &Batch{end: s.done}
	segments, head, closed := slices.Clone(s.segments), s.head, s.closed
	s.mu.Unlock()
	if closed {
		return nil, ErrClosed
	}
	for _, seg := range segments {
		if err := s.readSegment(b, seg, limit, chunk); err != nil {
			return nil, err
		}
		if b.full(limit) {
			return b, nil
		}
	}
	b.end.count = head // also where damage left fewer
	return b, nil
}

// readSegment adds records of one segment to the batch. It sees only what was whole when the segment's size was noted,
// so it needs no lock against appenders.
func (s *Spool) readSegment(b *Batch, seg segment, limit int, chunk int64) error {
	off := b.end.in(seg.number)
	if seg.number < b.end.segment || off >= seg.size {
		return nil
	}
	b.end.segment, b.end.offset = seg.number, off
	file, err := os.Open(segmentPath(s.cfg.Dir, seg.number))
	if errors.Is(err, fs.ErrNotExist) { // somebody took it away: its records must not block the rest
		b.end.offset = seg.size
		s.tellDamage(seg.number, []int64{off}, b.end.place)
		return nil
	}
	if err != nil {
		return err
	}
	w := newWalker(file, seg.seed, off, seg.size, chunk)
	err = b.fill(w, limit, seg.size)
	s.tellDamage(seg.number, w.damage, b.end.place)
	return errors.Join(err, file.Close())
}

func (b *Batch) fill(w *walker, limit int, size int64) error {
	for !b.full(limit) {
		f, ok, err := w.next()
		if err != nil {
			return err
		}
		if !ok {
			b.end.offset = size
			return nil
		}
		b.add(f)
	}
	return nil
}

// tellDamage counts stretches of damage, each of them once however often it is read, up to the place reached.
func (s *Spool) tellDamage(number uint64, offsets []int64, reached place) {
	for _, off := range offsets {
		if (place{segment: number, offset: off}).before(s.inspected) {
			continue
		}
		s.mu.Lock()
		s.count.torn++
		s.mu.Unlock()
		s.cfg.Logger.Error("spool: torn or damaged record skipped", "segment", number, "offset", off)
	}
	if s.inspected.before(reached) {
		s.inspected = reached
	}
}
