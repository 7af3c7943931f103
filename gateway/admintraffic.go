package gateway

import (
	"sync"
	"time"

	"snowgate/erpclient"
	"snowgate/health"
)

const (
	trafficStep  = 30 * time.Second
	trafficSteps = 121 // an hour, and the step now running
	shownSteps   = 60  // half an hour of points
)

// traffic is how users' requests went over the last hour on this replica, step by step. What admins ask is not in it: a
// console that polls would look like customers. Safe for concurrent use.
type traffic struct {
	mu    sync.Mutex
	steps [trafficSteps]trafficOf
}

// trafficOf is one step. It is emptied when another step needs its place.
type trafficOf struct {
	number    int64 // of steps since 1970
	errors    int
	sources   map[erpclient.Source]int
	coalesced int
	took      health.Sketch
}

func stepAt(t time.Time) int64 { return t.Unix() / int64(trafficStep/time.Second) }

// add counts one request that ended at a moment; source is "" where the answer is not the ERP's.
func (t *traffic) add(at time.Time, took time.Duration, failed bool, source erpclient.Source, coalesced bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.at(stepAt(at))
	s.took.Add(took)
	if failed {
		s.errors++
	}
	if source != "" {
		s.sources[source]++
	}
	if coalesced {
		s.coalesced++
	}
}

// at is the step of a number, empty if its place held another. The caller holds the lock.
func (t *traffic) at(number int64) *trafficOf {
	s := &t.steps[uint64(number)%trafficSteps] //nolint:gosec // before 1970 it wraps, and still finds a place
	if s.number != number || s.sources == nil {
		s.took.Reset()
		s.number, s.errors, s.coalesced, s.sources = number, 0, 0, map[erpclient.Source]int{}
	}
	return s
}

// trafficPoint is one finished step, as a console plots it.
type trafficPoint struct {
	At              string  `json:"at"` // its beginning
	PerSecond       float64 `json:"perSecond"`
	ErrorsPerSecond float64 `json:"errorsPerSecond"`
	latency
}

// requestsAnswer is the last half hour. PerSecond is over the step that ended last and the one now running.
type requestsAnswer struct {
	PerSecond float64        `json:"perSecond"`
	Points    []trafficPoint `json:"points"` // oldest first
}

// sourcesAnswer is where the answers of the last hour came from.
type sourcesAnswer struct {
	Live    int `json:"live"`
	Standby int `json:"standby"`
	Stale   int `json:"stale"`
}

// report sums up the last hour as seen at a moment. share is the part of the answers from the ERP that another caller's
// identical question brought along.
func (t *traffic) report(now time.Time, format func(time.Time) string) (requests requestsAnswer, sources sourcesAnswer, share float64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	running, coalesced := stepAt(now), 0
	for number := running - trafficSteps + 1; number <= running; number++ {
		s := t.at(number)
		if number >= running-shownSteps && number < running {
			requests.Points = append(requests.Points, s.point(format))
		}
		sources.Live += s.sources[erpclient.SourceLive]
		sources.Standby += s.sources[erpclient.SourceStandby]
		sources.Stale += s.sources[erpclient.SourceStale]
		coalesced += s.coalesced
	}
	elapsed := trafficStep + now.Sub(time.Unix(running*int64(trafficStep/time.Second), 0))
	requests.PerSecond = float64(t.at(running).took.Count()+t.at(running-1).took.Count()) / elapsed.Seconds()
	if answers := sources.Live + sources.Standby + sources.Stale; answers > 0 {
		share = float64(coalesced) / float64(answers)
	}
	return requests, sources, share
}

func (s *trafficOf) point(format func(time.Time) string) trafficPoint {
	return trafficPoint{
		At:        format(time.Unix(s.number*int64(trafficStep/time.Second), 0)),
		PerSecond: float64(s.took.Count()) / trafficStep.Seconds(), ErrorsPerSecond: float64(s.errors) / trafficStep.Seconds(),
		latency: latencyOf(s.took.Quantile(0.5), s.took.Quantile(0.95), s.took.Quantile(0.99)),
	}
}
