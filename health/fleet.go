package health

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// Report is the performance of one replica or of several together.
type Report struct {
	Replicas []string                      // whose calls are in it, sorted; of several, those that are running
	Series   map[string]map[string]Figures // by series and window ("1m", "5m", "1h", "24h")
	Hours    map[string][]HourPoint        // by series: 24 points, oldest first, the last is the hour now running
}

// FleetConfig sets up a Fleet.
type FleetConfig struct {
	Board   Board         // default none: this replica alone
	Replica string        // this process' name in reports; default a random one. A suffix makes it unlike any other's
	Every   time.Duration // from one publishing to the next; default 5 s
	Logger  *slog.Logger  // default slog.Default()
}

// Fleet joins the performance figures of all replicas: each publishes sketches that add up, so that a quantile over all is as
// exact as one of a single replica. The short windows of another replica are as old as its last publishing. The hours of a
// replica that has ended stay in the 24 h figures for a day, up to its last minute; what it held in other windows goes
// with it. Safe for concurrent use.
type Fleet struct {
	own    *Performance
	board  Board
	member string
	every  time.Duration
	reach  reach

	mu    sync.Mutex
	hours map[string]ledger // the last reading of topicHours
	read  time.Time         // when; zero before the first
}

// hoursEvery is how often the hours are published, and the most they may lag behind in All. They are ten times what the short
// windows are.
const hoursEvery = time.Minute

// NewFleet returns the Fleet around this process' own Performance.
func NewFleet(own *Performance, cfg FleetConfig) *Fleet {
	if cfg.Every <= 0 {
		cfg.Every = 5 * time.Second
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	suffix := rand.Text()[:6]
	if cfg.Replica == "" {
		cfg.Replica = "replica"
	}
	return &Fleet{own: own, board: cfg.Board, member: cfg.Replica + "-" + suffix, every: cfg.Every, reach: reach{log: cfg.Logger}}
}

// Replica is the name under which this process appears in reports.
func (f *Fleet) Replica() string { return f.member }

// Run publishes this replica's figures until ctx ends, and once more then; it returns nil. Without a Board it only waits.
func (f *Fleet) Run(ctx context.Context) error {
	if f.board == nil {
		<-ctx.Done()
		return nil
	}
	tick := time.NewTicker(f.every)
	defer tick.Stop()
	for began := time.Now(); ; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			f.publish(context.WithoutCancel(ctx), true)
			return nil
		}
		whole := time.Since(began) >= hoursEvery
		if whole {
			began = time.Now()
		}
		f.publish(ctx, whole)
	}
}

// publish tells the others the short windows, and with whole the hours as well.
func (f *Fleet) publish(ctx context.Context, whole bool) {
	ctx, cancel := context.WithTimeout(ctx, boardPatience)
	defer cancel()
	now := f.own.now()
	l := f.own.ledger(now)
	short := part{short: true, running: now.Unix() / int64(time.Hour/time.Second)}
	err := f.board.Publish(ctx, topicPerformance, f.member, l.encode(short), leaseMeetings*f.every)
	if err == nil && whole && len(l) > 0 {
		err = f.board.Publish(ctx, topicHours, f.member, l.encode(part{}), (hoursKept+1)*time.Hour)
	}
	if ctx.Err() == nil {
		f.reach.report(err)
	}
}

// Own is the report of this replica.
func (f *Fleet) Own() Report {
	now := f.own.now()
	r := f.own.ledger(now).report(now)
	r.Replicas = []string{f.member}
	return r
}

// All is the report of all replicas together. If the Board cannot be read, it is that of this replica, with the error.
func (f *Fleet) All(ctx context.Context) (Report, error) {
	now := f.own.now()
	total := f.own.ledger(now)
	replicas := []string{f.member}
	others, err := f.others(ctx)
	for member, l := range others {
		total.merge(l.ledger)
		if l.running {
			replicas = append(replicas, member)
		}
	}
	r := total.report(now)
	slices.Sort(replicas)
	r.Replicas = replicas
	return r, err
}

// Each is the report of every running replica by itself, by its name. If the Board cannot be read, it is that of this replica
// alone, with the error.
func (f *Fleet) Each(ctx context.Context) (map[string]Report, error) {
	all := map[string]Report{f.member: f.Own()}
	others, err := f.others(ctx)
	now := f.own.now()
	for member, l := range others {
		if l.running {
			r := l.report(now)
			r.Replicas = []string{member}
			all[member] = r
		}
	}
	return all, err
}

// foreign is another replica's ledger.
type foreign struct {
	ledger
	running bool // it was heard of lately
}

// others reads the board. Of an hour that is in both blobs of a replica, the one with the short windows is newer.
func (f *Fleet) others(ctx context.Context) (map[string]foreign, error) {
	if f.board == nil {
		return nil, nil
	}
	hours, err := f.readHours(ctx)
	if err != nil {
		return nil, err
	}
	short, err := f.readTopic(ctx, topicPerformance)
	if err != nil {
		return nil, err
	}
	all := make(map[string]foreign, len(hours)+len(short))
	for member, past := range hours {
		all[member] = foreign{joined(short[member], past), short[member] != nil}
	}
	for member, l := range short {
		if hours[member] == nil {
			all[member] = foreign{l, true}
		}
	}
	return all, nil
}

// joined is a replica's short windows with all its hours; neither is changed. One that has ended has hours only, and its part
// of the day's rate is over the whole day.
func joined(short, past ledger) ledger {
	l := ledger{}
	l.merge(short)
	for name, a := range past {
		to := l.account(name)
		for number, s := range a.hours {
			if to.hours[number] == nil {
				to.hour(number).merge(s)
			}
		}
		if short == nil {
			to.rates[shortWindows] = rate(a.calls(), hoursKept*time.Hour)
		}
	}
	return l
}

func (f *Fleet) readHours(ctx context.Context) (map[string]ledger, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.read.IsZero() && time.Since(f.read) < hoursEvery {
		return f.hours, nil
	}
	hours, err := f.readTopic(ctx, topicHours)
	if err == nil {
		f.hours, f.read = hours, time.Now()
	}
	return hours, err
}

// readTopic reads one topic without ourselves. What is not of this release is left out: while a new one is rolled out, the sums
// are those of the replicas that understand each other.
func (f *Fleet) readTopic(ctx context.Context, topic string) (map[string]ledger, error) {
	ctx, cancel := context.WithTimeout(ctx, boardPatience)
	defer cancel()
	blobs, err := f.board.Read(ctx, topic)
	if err != nil {
		return nil, fmt.Errorf("figures of the other replicas: %w", err)
	}
	all := make(map[string]ledger, len(blobs))
	for member, blob := range blobs {
		if l, err := decode(blob); err == nil && member != f.member {
			all[member] = l
		}
	}
	return all, nil
}
