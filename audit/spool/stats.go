package spool

import "time"

// Stats is a look at a spool. Counters begin at Open.
type Stats struct {
	Bytes     int64         // of all segments, on disk
	Fill      float64       // Bytes as a part of MaxBytes, 0 to 1
	Segments  int           // files
	Pending   int64         // records not committed
	OldestAge time.Duration // since the first of them was appended; 0 if there is none
	Appended  int64         // records
	Committed int64         // records, those of earlier processes included
	Torn      int64         // stretches of torn or damaged bytes that were skipped; one may have been several records
	Refused   int64         // Appends that failed with ErrFull or an error of the operating system
}

type counters struct {
	bytes, appended, committed, torn, refused int64
}

// Stats is cheap and never touches the disk. It also works after Close.
func (s *Spool) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	stats := Stats{
		Bytes:     s.count.bytes,
		Fill:      float64(s.count.bytes) / float64(s.cfg.MaxBytes),
		Segments:  len(s.segments),
		Pending:   s.pending(),
		Appended:  s.count.appended,
		Committed: s.count.committed,
		Torn:      s.count.torn,
		Refused:   s.count.refused,
	}
	if stats.Pending > 0 {
		stats.OldestAge = max(s.cfg.Now().Sub(time.UnixMilli(s.oldest)), 0) // clocks are set back at times
	}
	return stats
}
