package erpclient

import (
	"cmp"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	// driftLogEvery is how often one field's drift is logged; it is counted each time.
	driftLogEvery = time.Hour
	// maxDrifts bounds the memory; drivers report fields by names of their own, so it is far away.
	maxDrifts = 256
)

// Contract remembers where an ERP's answers differ from what its driver was written for. Drivers report to it; an admin
// sees it. It holds field names and JSON types, never values. Safe for concurrent use.
type Contract struct {
	log     *slog.Logger
	now     func() time.Time
	counter *prometheus.CounterVec

	mu     sync.Mutex
	drifts map[Drift]*DriftStatus
	logged map[Drift]time.Time
}

// DriftStatus is one field's drift as an admin sees it.
type DriftStatus struct {
	Op       string    `json:"op"`
	Path     string    `json:"path"`
	Want     string    `json:"want"`
	Got      string    `json:"got"`
	Count    int       `json:"count"` // answers since the start
	LastSeen time.Time `json:"lastSeen"`
}

// NewContract makes an empty Contract. A nil now is time.Now. Several Contracts on one registry, one per system, count
// together.
func NewContract(log *slog.Logger, r prometheus.Registerer, now func() time.Time) *Contract {
	if now == nil {
		now = time.Now
	}
	c := &Contract{
		log: log, now: now, drifts: map[Drift]*DriftStatus{}, logged: map[Drift]time.Time{},
		counter: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "snowgate_erp_contract_drift_total", Help: "Answers in which a field was missing or had another type.",
		}, []string{"op", "path"}),
	}
	var before prometheus.AlreadyRegisteredError
	if err := r.Register(c.counter); errors.As(err, &before) {
		c.counter, _ = before.ExistingCollector.(*prometheus.CounterVec) // same name, labels and help: it is ours
	} else if err != nil {
		panic(err) // two collectors of our own contradict each other
	}
	return c
}

// Report counts one drift, and logs it the first time in an hour. It does not block.
func (c *Contract) Report(d Drift) {
	c.counter.WithLabelValues(d.Op, d.Path).Inc()
	c.mu.Lock()
	defer c.mu.Unlock()
	status, known := c.drifts[d]
	if !known {
		if len(c.drifts) >= maxDrifts {
			return
		}
		status = &DriftStatus{Op: d.Op, Path: d.Path, Want: d.Want, Got: d.Got}
		c.drifts[d] = status
	}
	now := c.now()
	status.Count++
	status.LastSeen = now
	if last, before := c.logged[d]; !before || now.Sub(last) >= driftLogEvery {
		c.logged[d] = now
		c.log.Warn("the erp's answer differs from its contract", "op", d.Op, "path", d.Path, "want", d.Want, "got", d.Got)
	}
}

// Status lists the drifts, the latest first.
func (c *Contract) Status() []DriftStatus {
	list := []DriftStatus{}
	if c == nil {
		return list
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, d := range c.drifts {
		list = append(list, *d)
	}
	slices.SortFunc(list, func(a, b DriftStatus) int {
		return cmp.Or(b.LastSeen.Compare(a.LastSeen), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Got, b.Got))
	})
	return list
}
