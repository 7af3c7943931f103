package health

import (
	"context"
	"log/slog"
	"testing"
	"time"
)

// otherReplicas is a board on which every topic holds the same bytes.
type otherReplicas []byte

func (otherReplicas) Publish(context.Context, string, string, []byte, time.Duration) error {
	return nil
}
func (o otherReplicas) Read(context.Context, string) (map[string][]byte, error) {
	return map[string][]byte{"erp": o, "other": o}, nil
}
func (otherReplicas) Lead(context.Context, string, time.Duration) (bool, error) { return false, nil }

// Whatever other replicas have left on the board, what comes of it are shares from 0 to 1, counts that are not negative, and
// states that are known.
func FuzzBoard(f *testing.F) {
	for _, blob := range []string{
		`{"m":[{"n":29999999,"k":60,"g":30}],"h":[{"n":499999,"k":3600,"g":1}]}`, `{"m":[{"n":-1,"k":1e308,"g":1e308}]}`, `{"h":[{"n":499999,"k":1e308,"g":0}]}`,
		`{"erp":[[3,1],[-5,2],[9223372036854775807,9223372036854775807]]}`, `{"id":"x/1","state":"down","kind":"timeout","latency":5,"for":-9223372036854775808,"failures":-1}`,
		`{"id":"x/2","state":"up","for":9223372036854775807}`, `{"state":"sideways"}`, `null`, `[]`, ``,
	} {
		f.Add([]byte(blob))
	}
	now := time.Unix(1_800_000_000, 0)
	f.Fuzz(func(t *testing.T, blob []byte) {
		var p presence
		p.add(now, time.Second, 0.5)
		_ = p.merge(blob, now) // what cannot be read is left out
		for _, s := range []Share{p.report(now).Hour, p.report(now).Day, p.report(now).Week} {
			if !(s.Ratio >= 0 && s.Ratio <= 1) || s.Known < 0 {
				t.Errorf("a share of %+v", s)
			}
		}
		pulse := NewPulse(func() time.Time { return now })
		pulse.hear(map[string][]byte{"other": blob})
		if calls, failures := pulse.others.Load().sum("erp", now, pulseSeconds); calls < 0 || failures < 0 {
			t.Errorf("%d calls, %d failures", calls, failures)
		}
		m := NewMonitor(Config{Board: otherReplicas(blob), Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return now }},
			Probe{Name: "erp", Check: func(context.Context) error { return nil }})
		if err := m.takeOver(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, r := range m.Snapshot() {
			if r.State != Up && r.State != Down && r.State != Unknown || r.Age < 0 {
				t.Errorf("%+v", r)
			}
		}
	})
}
