// Package spool is the piece of disk between a record and the place it belongs: a queue of records in checksummed,
// append-only segment files, which survives kill -9 of the process because what one write took, the kernel keeps.
//
// An Append costs one write and nothing else; Next hands the records out in the order they came, again and again,
// until Commit says that they have arrived. Records may be chained by hash, so that one that was changed or taken out
// later is missed. What was torn off or damaged is counted and stepped over, and never stops what is behind it.
//
// The spool never looks into a record, never changes or reorders one, and never waits for the disk on Append. It is
// our own because the libraries we tried need a transaction and an fsync for each record, refuse to open over a torn
// last record, or hand out a damaged one without a word.
package spool

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"
)

// What the methods' errors wrap, beside the errors of the operating system.
var (
	ErrLocked   = errors.New("spool: in use by another process")           // Open
	ErrForeign  = errors.New("spool: segment of another spool or version") // Open
	ErrFull     = errors.New("spool: full")                                // Append: MaxBytes reached
	ErrTooLarge = errors.New("spool: record too large")                    // Append: longer than MaxRecord
	ErrKind     = errors.New("spool: 0 is no kind")                        // Append
	ErrClosed   = errors.New("spool: closed")                              // all but Open, Stats and Close
)

// Config says where a spool lies and how much it holds. Only Dir has no default.
type Config struct {
	Dir          string           // made if missing, for the owner only; one spool in one directory
	MaxBytes     int64            // most bytes of all segments together; 1 GiB
	SegmentBytes int64            // a segment that would pass it is followed by a new one; 8 MiB, at most a quarter of MaxBytes
	MaxRecord    int              // most bytes of one payload; 256 KiB, at most a quarter of MaxBytes and 16 MiB
	SyncEvery    time.Duration    // fsync in the background, against power loss; 0: never, kill -9 does not need it
	Now          func() time.Time // for the age of records; time.Now
	Logger       *slog.Logger     // damage and failing background work are told here, never a payload; slog.Default()
}

func (c Config) withDefaults() Config {
	c.MaxBytes = orDefault(c.MaxBytes, 1<<30)
	c.SegmentBytes = min(orDefault(c.SegmentBytes, 8<<20), c.MaxBytes/4)
	c.MaxRecord = int(min(int64(orDefault(c.MaxRecord, 256<<10)), c.MaxBytes/4, maxPayload))
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c
}

func orDefault[N int | int64](n, fallback N) N {
	if n <= 0 {
		return fallback
	}
	return n
}

// Spool is an open spool. It is safe for concurrent use by any number of appenders and one consumer.
type Spool struct {
	cfg   Config
	lock  io.Closer
	chain chainID
	place *placeFile

	consumer  sync.Mutex // held while reading and committing, never together with a wait; taken before mu
	inspected place      // damage before it has been counted

	mu       sync.Mutex // what an Append touches
	segments []segment  // ascending; with active set, the last one is it
	active   *os.File   // where records go; nil: the next Append starts a new segment
	next     uint64     // number of the next segment
	link     link       // the last chained record
	head     int64      // records in the spool since Open, committed or not
	done     cursor     // where the next batch begins
	oldest   int64      // when the first pending record was appended, Unix ms
	buf      []byte     // the frame being written
	wanted   int64      // how many pending records the waiting consumer hopes for; 0: nobody waits
	count    counters
	unsynced unsynced
	closed   bool

	some    chan struct{} // wanted has been reached
	closing chan struct{} // closed by Close
	syncer  sync.WaitGroup
}

// Open opens the spool in cfg.Dir, makes it if there is none, and finds out what an earlier process left behind: a
// torn last record is cut off, damage is counted, and records not committed will be handed out again. It reads
// everything pending once. The error wraps ErrLocked, ErrForeign or that of the operating system.
func Open(cfg Config) (*Spool, error) {
	s := &Spool{
		cfg:     cfg.withDefaults(),
		some:    make(chan struct{}, 1),
		closing: make(chan struct{}),
	}
	if err := s.open(); err != nil {
		return nil, fmt.Errorf("spool: open: %w", errors.Join(err, s.release()))
	}
	if s.cfg.SyncEvery > 0 {
		s.syncer.Go(s.syncLoop)
	}
	return s, nil
}

func (s *Spool) open() (err error) {
	if err := os.MkdirAll(s.cfg.Dir, 0o700); err != nil {
		return err
	}
	if s.lock, err = lockDir(s.cfg.Dir); err != nil {
		return err
	}
	return s.recover()
}

// ChainID returns the 32 hex digits that tell this spool's chain from every other. They are made when the directory is
// first used and stay with it.
func (s *Spool) ChainID() string { return string(s.chain[:]) }

// Close ends the spool: waiting calls return ErrClosed, what was appended stays on disk for the next Open. A second
// Close does nothing.
func (s *Spool) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	close(s.closing)
	s.mu.Unlock()

	s.syncer.Wait()
	s.consumer.Lock()
	defer s.consumer.Unlock()
	var err error
	if s.cfg.SyncEvery > 0 {
		err = s.sync()
	}
	if err = errors.Join(err, s.release()); err != nil {
		return fmt.Errorf("spool: close: %w", err)
	}
	return nil
}

// release lets go of every file, the lock last.
func (s *Spool) release() error {
	var errs []error
	if s.active != nil {
		errs = append(errs, s.active.Close())
	}
	if s.place != nil {
		errs = append(errs, s.place.Close())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	return errors.Join(errs...)
}
