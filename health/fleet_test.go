package health

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// newFleets starts replicas that publish to one board, in a bubble.
func newFleets(t *testing.T, m *meeting, n int) (own []*Performance, fleets []*Fleet) {
	t.Helper()
	for i := range n {
		name := fmt.Sprintf("gw%d", i)
		p := NewPerformance(nil)
		f := NewFleet(p, FleetConfig{Board: m.as(name), Replica: name, Logger: quiet().Logger})
		t.Cleanup(publishing(t, f))
		own, fleets = append(own, p), append(fleets, f)
	}
	return own, fleets
}

// publishing runs a Fleet until it is stopped.
func publishing(t *testing.T, f *Fleet) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	return func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v, want nil", err)
		}
	}
}

func all(t *testing.T, f *Fleet) Report {
	t.Helper()
	r, err := f.All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestQuantilesOverAllReplicasAreWithinTwoPercent keeps: accuracy against the real quantile <= 2 %, over all replicas.
func TestQuantilesOverAllReplicasAreWithinTwoPercent(t *testing.T) {
	distributions := map[string]func(*rand.Rand) float64{
		"uniform":     func(r *rand.Rand) float64 { return 0.001 + 1.999*r.Float64() },
		"exponential": func(r *rand.Rand) float64 { return 20e-6 + 0.08*r.ExpFloat64() },
		"lognormal":   func(r *rand.Rand) float64 { return 20e-6 + 0.05*math.Exp(r.NormFloat64()) },
		"two humps": func(r *rand.Rand) float64 {
			return map[bool]float64{true: 2.5, false: 0.002}[r.IntN(20) == 0] * (1 + 0.1*r.Float64())
		},
		"all the same": func(*rand.Rand) float64 { return 0.1234 },
	}
	for name, seconds := range distributions {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				own, fleets := newFleets(t, newMeeting(), 3)
				ds := draw(3000, seconds)
				for i, d := range ds {
					own[i*i%3].Record(search, d, i%10 != 0) // unevenly: a replica has a third more than another
				}
				pass(6 * time.Second)
				slices.Sort(ds)
				got := all(t, fleets[0]).Series[search]
				for _, window := range []string{"1m", "5m", "1h", "24h"} {
					f := got[window]
					for q, quantile := range map[float64]time.Duration{0.5: f.P50, 0.95: f.P95, 0.99: f.P99} {
						want := exact(ds, q)
						if off := math.Abs(float64(quantile-want)) / float64(want); off > 0.02 {
							t.Errorf("%s p%v: %v, want %v: %.2f %% off", window, 100*q, quantile, want, 100*off)
						}
					}
					if f.Count != 3000 || f.Errors != 300 || f.Max != ds[len(ds)-1] || f.ErrorRate != 0.1 {
						t.Errorf("%s: %+v, want 3000 calls, 300 errors, max %v", window, f, ds[len(ds)-1])
					}
				}
			})
		})
	}
}

func TestEachReplicaIsThereByItselfAndInTheSum(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMeeting()
		own, fleets := newFleets(t, m, 2)
		for range 10 {
			own[0].Record(search, 10*time.Millisecond, true)
			own[1].Record(search, 30*time.Millisecond, false)
			own[1].Record("erp orders", 30*time.Millisecond, true)
			pass(time.Second)
		}
		pass(5 * time.Second)
		sum := all(t, fleets[0])
		if got := sum.Series[search]["1m"]; got.Count != 20 || got.Errors != 10 || math.Abs(got.RatePerSecond-20.0/15) > 0.5 {
			t.Errorf("sum: %+v, want 20 calls, 10 errors, some 1.3 per second", got)
		}
		if got := sum.Series["erp orders"]["24h"].Count; got != 10 {
			t.Errorf("a series of the other replica: %d, want 10", got)
		}
		if got := sum.Hours[search]; len(got) != 24 || got[23].Count != 20 || got[22].Count != 0 {
			t.Errorf("hours: %+v", got)
		}
		each, err := fleets[0].Each(t.Context())
		if err != nil || len(each) != 2 {
			t.Fatalf("%d replicas, %v; want 2", len(each), err)
		}
		if got := each[fleets[1].Replica()].Series[search]["1m"]; got.Count != 10 || got.Errors != 10 {
			t.Errorf("the other replica: %+v", got)
		}
		if got, want := fleets[0].Own().Series, own[0].Snapshot(); !reflect.DeepEqual(got, want) {
			t.Errorf("own: %+v, want %+v", got, want)
		}
		if want := []string{fleets[0].Replica(), fleets[1].Replica()}; !reflect.DeepEqual(sum.Replicas, want) {
			t.Errorf("replicas %v, want %v", sum.Replicas, want)
		}
	})
}

// TestTheHoursOfAReplicaThatEndedStay keeps: a new version rolled out does not empty the day's figures.
func TestTheHoursOfAReplicaThatEndedStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMeeting()
		p := NewPerformance(nil)
		f := NewFleet(p, FleetConfig{Board: m.as("old"), Replica: "gw"})
		stop := publishing(t, f)
		for range 3 {
			p.Record(search, 10*time.Millisecond, true)
			pass(time.Hour)
		}
		p.Record(search, 20*time.Millisecond, true)
		stop()

		_, fleets := newFleets(t, m, 1)
		pass(2 * hoursEvery)
		got := all(t, fleets[0])
		if day := got.Series[search]["24h"]; day.Count != 4 || day.Max != 20*time.Millisecond {
			t.Errorf("day: %+v, want 4 calls", day)
		}
		if got := got.Series[search]["1m"].Count; got != 0 {
			t.Errorf("%d calls in the last minute, want none: it is gone", got)
		}
		if !slices.Equal(got.Replicas, []string{fleets[0].Replica()}) {
			t.Errorf("replicas %v, want the running one", got.Replicas)
		}
		if n := got.Hours[search][23].Count + got.Hours[search][22].Count; n != 2 {
			t.Errorf("%d calls in the last two hours, want 2", n)
		}
		pass(26 * time.Hour)
		if got := all(t, fleets[0]).Series[search]["24h"].Count; got != 0 {
			t.Errorf("%d calls a day later, want none", got)
		}
	})
}

func TestWithoutABoardThereIsOneReplica(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMeeting()
		own, fleets := newFleets(t, m, 1)
		own[0].Record(search, time.Millisecond, true)
		m.goAway(true)
		got, err := fleets[0].All(t.Context())
		if !errors.Is(err, errNoBoard) || got.Series[search]["1m"].Count != 1 {
			t.Errorf("%+v with %v, want its own with the board's error", got, err)
		}
		lone := NewFleet(own[0], FleetConfig{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := lone.Run(ctx); err != nil {
			t.Error(err)
		}
		if got := all(t, lone); got.Series[search]["1h"].Count != 1 || len(got.Replicas) != 1 {
			t.Errorf("%+v, want its own", got)
		}
	})
}

func TestBlobsOfAnotherReleaseAreLeftOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMeeting()
		own, fleets := newFleets(t, m, 1)
		own[0].Record(search, time.Millisecond, true)
		for _, blob := range []string{"", "\x02new", "\x01\xff", "{}"} {
			m.put(t, topicPerformance, "other"+blob, []byte(blob))
			m.put(t, topicHours, "other"+blob, []byte(blob))
		}
		if got := all(t, fleets[0]); len(got.Replicas) != 1 || got.Series[search]["1m"].Count != 1 {
			t.Errorf("%+v, want its own", got)
		}
	})
}

// thisHour is the hour of the moment 1e9.
const thisHour = 1_000_000_000 / 3600

// full is a ledger with every series there can be.
func full(seriesCount, buckets int) ledger {
	p := NewPerformance(func() time.Time { return time.Unix(1e9, 0) })
	for i := range seriesCount {
		for j := range buckets {
			p.Record(fmt.Sprintf("GET /%d", i), valueOf(j%bucketCount), j%2 == 0)
		}
	}
	return p.ledger(time.Unix(1e9, 0))
}

func TestALedgerComesBackAsItWas(t *testing.T) {
	l := full(20, 300)
	got, err := decode(l.encode(part{}))
	if err != nil {
		t.Fatal(err)
	}
	short, err := decode(l.encode(part{short: true, running: thisHour}))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1e9, 0)
	want := l.report(now)
	if !reflect.DeepEqual(short.report(now), want) {
		t.Error("the short form differs") // all calls were in this hour
	}
	if !reflect.DeepEqual(got.report(now).Hours, want.Hours) {
		t.Error("the hours differ")
	}
}

// TestALedgerIsBounded keeps: what does not fit is counted under another name, and nothing is lost.
func TestALedgerIsBounded(t *testing.T) {
	l := full(300, bucketCount)
	blob := l.encode(part{short: true, running: thisHour})
	if len(blob) > maxLedger+64<<10 {
		t.Errorf("%d bytes, want at most %d and the rest", len(blob), maxLedger)
	}
	got, err := decode(blob)
	if err != nil {
		t.Fatal(err)
	}
	var count uint64
	for _, a := range got {
		count += a.calls()
	}
	if count != 300*bucketCount || got[OtherSeries] == nil {
		t.Errorf("%d calls, want %d", count, 300*bucketCount)
	}
}

func TestAUsualLedgerIsSmall(t *testing.T) {
	l := full(40, 120)
	if got := len(l.encode(part{short: true, running: thisHour})); got > 64<<10 {
		t.Errorf("40 series take %d bytes, want at most 64 KiB", got)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{ledgerVersion})
	f.Add(full(2, 10).encode(part{}))
	f.Add(full(2, 10).encode(part{short: true, running: thisHour}))
	f.Fuzz(func(t *testing.T, blob []byte) {
		l, err := decode(blob)
		if err != nil {
			if !errors.Is(err, errLedger) {
				t.Errorf("%v, want errLedger", err)
			}
			return
		}
		l.report(time.Unix(1e9, 0))
		if again, err := decode(l.encode(part{short: true})); err != nil || len(again) > len(l)+1 {
			t.Errorf("what was read cannot be written: %v", err)
		}
	})
}

func BenchmarkLedger40Series(b *testing.B) {
	l := full(40, 300)
	b.ReportAllocs()
	for b.Loop() {
		l.encode(part{short: true, running: thisHour})
	}
}
