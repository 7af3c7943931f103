package logline

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"math"
	"strings"
	"sync"
	"testing"
	"time"
)

// hide is a mask that tests can read.
func hide(_ []string, a slog.Attr) slog.Attr {
	switch {
	case a.Key == "password":
		a.Value = slog.StringValue("***")
	case a.Value.Kind() == slog.KindString:
		a.Value = slog.StringValue(strings.ReplaceAll(a.Value.String(), "13800138000", "138****8000"))
	}
	return a
}

// both writes a record with this handler and with slog's own.
func both(t *testing.T, with func(slog.Handler) slog.Handler, r slog.Record) (mine, slogs string) {
	t.Helper()
	var a, b bytes.Buffer
	lines := Gather(&a)
	if err := with(New(lines, slog.LevelDebug, hide)).Handle(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	lines.Flush()
	if err := with(slog.NewJSONHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: hide})).Handle(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	return a.String(), b.String()
}

type lazy struct{}

func (lazy) LogValue() slog.Value { return slog.StringValue("late") }

// attrs are of every kind.
func attrs() []slog.Attr {
	at := time.Date(2026, 11, 20, 22, 30, 0, 120_000_000, time.FixedZone("", 8*3600))
	return []slog.Attr{
		slog.String("route", "/api/orders/:id"), slog.String("a", ""), slog.String("b", "雪 <&> \" \\ \n \x7f \u2028 \xff"), slog.String("password", "x"),
		slog.String("call", "13800138000"), slog.String("quote\"d", "x"), slog.String("", "nameless"), slog.Int("n", -7), slog.Uint64("u", math.MaxUint64), slog.Bool("ok", true),
		slog.Float64("f", 0), slog.Float64("f", 12.345), slog.Float64("f", 1e21), slog.Float64("f", 1e-7), slog.Float64("f", -0.000001), slog.Float64("f", math.Inf(1)),
		slog.Float64("f", math.NaN()), slog.Float64("f", math.Copysign(0, -1)), slog.Duration("d", time.Second), slog.Time("t", at), slog.Time("t", at.AddDate(9000, 0, 0)), slog.Time("t", time.Time{}),
		slog.Any("tried", []string{"primary/search ok 12ms", "b"}), slog.Any("tried", []string{}), slog.Any("tried", []string(nil)), slog.Any("tried", []string{"雪"}),
		slog.Any("error", errors.New("x")), slog.Any("nil", nil), slog.Any("lazy", lazy{}), slog.Any("map", map[string]int{"a": 1}), slog.Group("g", "a", 1, "password", "y"), slog.Group("empty"),
		slog.Any("level", slog.LevelWarn), {},
	}
}

func TestLinesAreThoseOfSlog(t *testing.T) {
	ways := map[string]func(slog.Handler) slog.Handler{
		"plain": func(h slog.Handler) slog.Handler { return h },
		"with":  func(h slog.Handler) slog.Handler { return h.WithAttrs([]slog.Attr{slog.String("password", "x")}) },
		"group": func(h slog.Handler) slog.Handler { return h.WithGroup("g") },
	}
	for name, with := range ways {
		for _, level := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelError + 1} {
			for _, at := range []time.Time{{}, time.Now(), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} {
				for _, message := range []string{"call", "雪", "call 13800138000", ""} {
					for _, a := range attrs() {
						r := slog.NewRecord(at, level, message, 0)
						r.AddAttrs(slog.String("request_id", "1"), a, slog.Int("code", 200))
						if mine, slogs := both(t, with, r); mine != slogs {
							t.Errorf("%s, %v: %s\nslog's: %s", name, a, mine, slogs)
						}
					}
				}
			}
		}
	}
}

func FuzzLinesAreThoseOfSlog(f *testing.F) {
	f.Add("key", "value", 1.5, int64(1), int64(0))
	f.Fuzz(func(t *testing.T, key, value string, number float64, n, at int64) {
		r := slog.NewRecord(time.Unix(0, at), slog.Level(n%16), value, 0)
		r.AddAttrs(slog.String(key, value), slog.Float64(key, number), slog.Int64("n", n), slog.Any("list", []string{value, key}), slog.Time(key, time.Unix(n, at)))
		if mine, slogs := both(t, func(h slog.Handler) slog.Handler { return h }, r); mine != slogs {
			t.Errorf("%s\nslog's: %s", mine, slogs)
		}
	})
}

// written counts writes.
type written struct {
	mu    sync.Mutex
	times int
	bytes.Buffer
	told chan struct{}
}

func (w *written) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.times++
	select {
	case w.told <- struct{}{}:
	default:
	}
	return w.Buffer.Write(p)
}

func (w *written) look() (int, string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.times, w.String()
}

func TestAWarningIsWrittenAtOnceAndBringsTheLinesBeforeIt(t *testing.T) {
	out := &written{told: make(chan struct{}, 1)}
	lines := Gather(out)
	lines.due = true // as if the alarm were set and far away
	log := slog.New(New(lines, slog.LevelInfo, hide))
	log.Info("one")
	log.Debug("hidden")
	if n, text := out.look(); n != 0 {
		t.Fatalf("%d writes: %s", n, text)
	}
	log.With("a", 1).Warn("two")
	if n, text := out.look(); n != 1 || strings.Count(text, "\n") != 2 || strings.Contains(text, "hidden") {
		t.Errorf("%d writes: %s", n, text)
	}
}

func TestALineDoesNotWaitForTheNext(t *testing.T) {
	out := &written{told: make(chan struct{}, 1)}
	log := slog.New(New(Gather(out), slog.LevelInfo, hide))
	for _, message := range []string{"one", "two"} { // the alarm rings again
		log.Info(message)
		<-out.told
		if _, text := out.look(); !strings.Contains(text, message) {
			t.Errorf("written: %s", text)
		}
	}
}

func TestManyWritersLoseNothing(t *testing.T) {
	out := &written{}
	lines := Gather(out)
	log := slog.New(New(lines, slog.LevelInfo, hide))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 500 {
				log.Info("call", "request_id", strings.Repeat("x", 30))
			}
		})
	}
	all.Wait()
	lines.Flush()
	n, text := out.look()
	if strings.Count(text, "\n") != 4000 || n > 200 {
		t.Errorf("%d lines in %d writes", strings.Count(text, "\n"), n)
	}
}

func BenchmarkHandle(b *testing.B) {
	for name, h := range map[string]slog.Handler{
		"logline": New(Gather(io.Discard), slog.LevelInfo, hide),
		"slog":    slog.NewJSONHandler(io.Discard, &slog.HandlerOptions{ReplaceAttr: hide}),
	} {
		b.Run(name, func(b *testing.B) {
			r := slog.NewRecord(time.Now(), slog.LevelInfo, "call", 0)
			r.AddAttrs(slog.String("request_id", "0198c0de-1234-7abc-8def-13812345678a"), slog.String("method", "GET"), slog.String("route", "/api/orders/search"),
				slog.Int("code", 200), slog.Float64("took_ms", 12.345), slog.String("session_id", "0123456789ab"), slog.Bool("coalesced", false),
				slog.Any("tried", []string{"primary/search_orders ok 12ms"}), slog.Float64("erp_ms", 10.2), slog.String("source", "live"))
			b.ReportAllocs()
			for b.Loop() {
				_ = h.Handle(context.Background(), r)
			}
		})
	}
}
