package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"snowgate/audit/spool"
)

// Run ships records to the Sink until ctx ends, and returns nil. A failing Sink is tried again and again, with a growing
// wait, while records pile up in the spool.
func (l *Log) Run(ctx context.Context) error {
	var work sync.WaitGroup
	work.Go(func() { l.adopt(ctx) })
	l.ship(ctx)
	work.Wait()
	return nil
}

func (l *Log) ship(ctx context.Context) {
	for failures := 0; ; {
		batch, err := l.spool.Next(ctx, l.cfg.Batch, l.cfg.Every)
		if ctx.Err() != nil || errors.Is(err, spool.ErrClosed) {
			return
		}
		if err == nil {
			err = l.write(ctx, batch)
		}
		if err == nil {
			if failures > 0 {
				l.cfg.Logger.Info("audit: records are shipped again", "failed_writes", failures, "pending", l.spool.Stats().Pending)
			}
			failures = 0
			continue
		}
		if failures++; failures == 1 && ctx.Err() == nil {
			l.cfg.Logger.Warn("audit: records are kept and not shipped", "error", err)
		}
		l.count.retry()
		if !rest(ctx, backoff(failures-1, l.cfg.RetryMin, l.cfg.RetryMax)) {
			return
		}
	}
}

// write brings one batch to the Sink and lets the spool forget it. Rows the Sink will never take are set aside; any other
// failure leaves the whole batch in the spool, and writing a part of it again changes nothing.
func (l *Log) write(ctx context.Context, batch *spool.Batch) error {
	w := l.sort(batch)
	for _, step := range []func() error{
		func() error { return send(ctx, w, w.sessions, l.sink.WriteSessions, sessionID) },
		func() error { return send(ctx, w, w.bindings, l.sink.WriteBindings, bindingID) },
		func() error { return send(ctx, w, w.messages, l.sink.WriteMessages, messageID) },
		func() error { return send(ctx, w, w.writes, l.sink.SaveWrites, writeID) },
		func() error { return send(ctx, w, w.calls, l.sink.WriteCalls, callID) },
		func() error { return send(ctx, w, w.forgotten, l.sink.Forget, forgottenID) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	for _, r := range w.aside { // only now: a batch that has to wait comes again, and they with it
		l.setAside(r)
	}
	if err := l.spool.Commit(batch); err != nil {
		return err
	}
	l.count.ship(l.spool.Stats().Committed, int64(len(batch.Records())-len(w.aside)))
	return nil
}

// sorted is a batch by kind. The order within a kind is that in which the records were made.
type sorted struct {
	links    links
	calls    []Call
	sessions []SessionChange
	bindings []BindingChange
	messages []MessageChange
	writes   []WriteChange
	// forgotten come last: rows of theirs may be in the same batch.
	forgotten []Forgotten
	aside     []rejected // what cannot be read or stored
}

// rejected is a record that is set aside; its id is all the log is told.
type rejected struct {
	id  string
	row any
}

func (l *Log) sort(batch *spool.Batch) *sorted {
	records := batch.Records()
	w := &sorted{links: links{chainID: l.spool.ChainID()}, calls: make([]Call, 0, len(records))} // nearly all are calls
	for _, r := range records {
		l.watch(r)
		if err := w.take(r); err != nil {
			w.aside = append(w.aside, rejected{fmt.Sprintf("unreadable, kind %d", r.Kind), r})
		}
	}
	return w
}

// watch counts the places where the spool's chain does not go on: records that were damaged on disk. A record that
// comes again is no news.
func (l *Log) watch(r spool.Record) {
	if r.Seq == 0 || r.Seq <= l.last.Seq {
		return
	}
	if l.last.Seq > 0 && (r.Seq != l.last.Seq+1 || r.Prev != l.last.Hash) {
		l.count.broke()
		l.cfg.Logger.Error("audit: the chain is broken in the spool", "after", l.last.Seq, "at", r.Seq)
	}
	l.last = r
}

func (w *sorted) take(r spool.Record) (err error) {
	switch r.Kind {
	case kindProbe:
	case kindCall:
		err = w.takeCall(r, readCall)
	case kindCallJSON:
		err = w.takeCall(r, func([]byte) (Call, error) { return decode[Call](r) })
	case kindSession:
		err = appendTo(&w.sessions, r)
	case kindBinding:
		err = appendTo(&w.bindings, r)
	case kindMessage:
		err = appendTo(&w.messages, r)
	case kindWrite:
		err = appendTo(&w.writes, r)
	case kindForget:
		err = appendTo(&w.forgotten, r)
	default:
		err = errUnknownKind
	}
	return err
}

func (w *sorted) takeCall(r spool.Record, read func([]byte) (Call, error)) error {
	c, err := read(r.Payload)
	if err == nil {
		c.Link = w.links.of(r)
		w.calls = append(w.calls, c)
	}
	return err
}

var errUnknownKind = errors.New("audit: record of an unknown kind")

func appendTo[T any](list *[]T, r spool.Record) error {
	v, err := decode[T](r)
	if err == nil {
		*list = append(*list, v)
	}
	return err
}

func callID(c Call) string             { return c.LogID }
func sessionID(c SessionChange) string { return c.SessionID }
func bindingID(c BindingChange) string { return c.BindingID }
func messageID(c MessageChange) string { return c.MsgID }
func writeID(c WriteChange) string     { return c.KeyHash }
func forgottenID(f Forgotten) string   { return f.OpenID }

// send writes rows of one kind. A refused batch is halved until the bad row stands alone and is set aside; the rows
// before and behind it go on in their order.
func send[T any](ctx context.Context, w *sorted, rows []T, write func(context.Context, []T) error, id func(T) string) error {
	if len(rows) == 0 {
		return nil
	}
	err := write(ctx, rows)
	switch {
	case !errors.Is(err, ErrRefused):
		return err
	case len(rows) == 1:
		w.aside = append(w.aside, rejected{id(rows[0]), rows[0]})
		return nil
	}
	half := len(rows) / 2
	if err := send(ctx, w, rows[:half], write, id); err != nil {
		return err
	}
	return send(ctx, w, rows[half:], write, id)
}

// rejectFile takes the rows that the database refuses, one JSON document per line, for a person to look at.
const rejectFile = "rejected.jsonl"

// setAside tells the log a bad row's id only: whatever made it bad may be what must not be read in a log.
func (l *Log) setAside(r rejected) {
	line, err := json.Marshal(r.row)
	if err == nil {
		err = appendLine(filepath.Join(l.cfg.Dir, rejectFile), line)
	}
	l.cfg.Logger.Error("audit: record set aside", "id", r.id, "kept_in", rejectFile, "error", err)
}

func appendLine(path string, line []byte) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(line, '\n'))
	return errors.Join(err, f.Close())
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

func rest(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
