package spool

import "fmt"

// Append puts a record at the end, in one write, and returns when the kernel has it. With a digest the record is
// chained: it gets the next number, and a hash made of the chain so far and the digest (see VerifyLink).
//
// After an error nothing of the record is left, and the next Append may work again. The error wraps ErrFull,
// ErrTooLarge, ErrKind, ErrClosed or that of the operating system, as syscall.ENOSPC.
func (s *Spool) Append(kind Kind, payload []byte, digest *Hash) error {
	err := s.append(kind, payload, digest)
	if err != nil {
		return fmt.Errorf("spool: append: %w", err)
	}
	return nil
}

func (s *Spool) append(kind Kind, payload []byte, digest *Hash) error {
	if kind == 0 {
		return ErrKind
	}
	if len(payload) > s.cfg.MaxRecord {
		return fmt.Errorf("%w: %d bytes", ErrTooLarge, len(payload))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	if err := s.makeRoom(frameSize(len(payload), digest != nil)); err != nil {
		s.count.refused++
		return err
	}
	f := frame{Record: Record{Kind: kind, Payload: payload}, at: s.cfg.Now().UnixMilli()}
	last := s.link
	if digest != nil {
		last = s.link.follow(s.chain, *digest)
		f.Seq, f.Prev, f.Hash = last.seq, s.link.hash, last.hash
	}
	if err := s.write(&f); err != nil {
		s.count.refused++
		return err
	}
	s.link = last
	s.arrived(f.at)
	return nil
}

// makeRoom sees to it that there is an active segment with room for a frame.
func (s *Spool) makeRoom(size int64) error {
	enough := s.active != nil
	if enough {
		used := s.last().size
		enough = used+size <= s.cfg.SegmentBytes || used <= headerSize
	}
	need := size
	if !enough {
		need += headerSize
	}
	if s.count.bytes+need > s.cfg.MaxBytes {
		return ErrFull
	}
	if enough {
		return nil
	}
	return s.rotate()
}

func (s *Spool) last() *segment { return &s.segments[len(s.segments)-1] }

// rotate starts a new segment. If that fails, everything stays as it was.
func (s *Spool) rotate() error {
	number := s.next
	s.next++ // whatever happens: a file that could not be removed keeps its name
	file, err := createSegment(s.cfg.Dir, header{number: number, chain: s.chain, link: s.link})
	if err != nil {
		return err
	}
	s.retire()
	s.active = file
	s.segments = append(s.segments, segment{number: number, size: headerSize, seed: segmentSeed(s.chain, number)})
	s.count.bytes += headerSize
	s.unsynced.dir = true
	return nil
}

// write puts the frame behind the last one; what a failing write left of it is cut off again.
func (s *Spool) write(f *frame) error {
	seg := s.last()
	s.buf = f.appendTo(s.buf[:0], seedAt(seg.seed, seg.size))
	if _, err := s.active.WriteAt(s.buf, seg.size); err != nil {
		if s.active.Truncate(seg.size) != nil {
			s.retire() // nothing can be written behind the rest of a frame
		}
		return err
	}
	seg.size += int64(len(s.buf))
	s.count.bytes += int64(len(s.buf))
	s.unsynced.data = true
	return nil
}

// arrived counts the record just written and wakes the consumer if it has waited for this one.
func (s *Spool) arrived(at int64) {
	if s.pending() == 0 {
		s.oldest = at
	}
	s.head++
	s.count.appended++
	if s.wanted > 0 && s.pending() >= s.wanted {
		s.wanted = 0
		s.wake()
	}
}

func (s *Spool) wake() {
	select {
	case s.some <- struct{}{}:
	default: // one is waiting already
	}
}

// retire ends writing to the active segment. If it is to be synced, the syncer closes it.
func (s *Spool) retire() {
	if s.active == nil {
		return
	}
	if s.cfg.SyncEvery > 0 {
		s.unsynced.files = append(s.unsynced.files, s.active)
	} else if err := s.active.Close(); err != nil {
		s.cfg.Logger.Warn("spool: close segment", "error", err)
	}
	s.active = nil
}
