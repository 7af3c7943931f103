package spool

import (
	"errors"
	"os"
)

// recover takes over what is in the directory.
func (s *Spool) recover() error {
	numbers, err := listSegments(s.cfg.Dir)
	if err != nil {
		return err
	}
	heads, err := readHeaders(s.cfg.Dir, numbers)
	if err != nil {
		return err
	}
	if s.chain, err = loadChain(s.cfg.Dir, heads); err != nil {
		return err
	}
	if s.place, s.done.place, err = openPlace(s.cfg.Dir, s.chain); err != nil {
		return err
	}
	s.link = s.done.link
	s.next = s.done.segment + 1
	for i, h := range heads {
		if err := s.take(h, i == len(heads)-1); err != nil {
			return err
		}
	}
	return nil
}

func readHeaders(dir string, numbers []uint64) ([]header, error) {
	heads := make([]header, 0, len(numbers))
	for _, number := range numbers {
		file, err := os.Open(segmentPath(dir, number))
		if err != nil {
			return nil, err
		}
		h, err := readHeader(file, number)
		if err = errors.Join(err, file.Close()); err != nil {
			return nil, err
		}
		heads = append(heads, h)
	}
	return heads, nil
}

// take adds a segment found on disk, or finishes its removal if its records were committed.
func (s *Spool) take(h header, last bool) error {
	if h.number < s.done.segment {
		return os.Remove(segmentPath(s.cfg.Dir, h.number))
	}
	s.next = max(s.next, h.number+1)
	file, err := os.OpenFile(segmentPath(s.cfg.Dir, h.number), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	fit, err := s.survey(file, h, last)
	if err == nil && fit && last {
		s.active = file
		return nil
	}
	return errors.Join(err, file.Close())
}

// survey reads what is pending in a segment, and says whether it can be continued.
func (s *Spool) survey(file *os.File, h header, last bool) (fit bool, err error) {
	info, err := file.Stat()
	if err != nil {
		return false, err
	}
	seg := segment{number: h.number, size: info.Size(), seed: segmentSeed(s.chain, h.number)}
	s.extend(h.link)
	w := newWalker(file, seg.seed, s.done.in(h.number), seg.size, 1<<20)
	if err := s.takeFrames(w); err != nil {
		return false, err
	}
	beyond := w.off > seg.size // committed, and lost since: offsets up to there must not be used again
	fit = h.intact && !beyond && len(w.damage) == 0
	if !h.intact && seg.size > 0 {
		s.cfg.Logger.Warn("spool: damaged segment header", "segment", h.number)
	}
	if last && w.good < seg.size {
		mended, err := s.mend(file, w, &seg)
		if err != nil {
			return false, err
		}
		fit = mended && h.intact && len(w.damage) == 1
	}
	s.tellDamage(h.number, w.damage, place{segment: seg.number, offset: seg.size})
	s.segments = append(s.segments, seg)
	s.count.bytes += seg.size
	return fit, nil
}

// takeFrames counts pending records and follows the chain through them.
func (s *Spool) takeFrames(w *walker) error {
	for {
		f, ok, err := w.next()
		if err != nil || !ok {
			return err
		}
		if s.head == 0 {
			s.oldest = f.at
		}
		s.head++
		s.extend(link{seq: f.Seq, hash: f.Hash})
	}
}

func (s *Spool) extend(l link) {
	if l.seq > s.link.seq {
		s.link = l
	}
}

// mend deals with what is behind the last whole frame of the last segment. The beginning of a frame is cut off: its
// Append never returned. Anything else was a record: it stays where it is, new records go to a new segment, and the
// chain leaves its number out.
func (s *Spool) mend(file *os.File, w *walker, seg *segment) (mended bool, err error) {
	torn, err := w.torn()
	if err != nil {
		return false, err
	}
	if !torn {
		s.link.seq++
		return false, nil
	}
	seg.size = w.good
	return true, file.Truncate(w.good)
}
