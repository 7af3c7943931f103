package alert

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"time"

	"snowgate/health"
)

// Queue is how the message queue does.
type Queue struct {
	Waiting int           // messages not yet sent
	Oldest  time.Duration // age of the one that has been due for longest; 0 if none waits
	Dead    int           // messages that ended without being sent and that nobody has looked after
}

// Spool is how this replica's audit spool does.
type Spool struct {
	Pending int64         // rows that wait for the database
	Oldest  time.Duration // age of the oldest
	Fill    float64       // 0..1 of its bound
}

// Certificate is one whose end is to be known in time.
type Certificate struct {
	Name string // of the file's use or the host, fit for people
	Ends time.Time
}

// Sources are asked now and then; nil ones are left out. Each has its own goroutine's patience: an error, which is logged
// once, changes nothing about what was raised.
type Sources struct {
	Standby      func() bool // reads go to the ERP's standby channel; asked every 2 s
	Queue        func(ctx context.Context) (Queue, error)
	Spool        func() Spool
	Certificates func() []Certificate
}

// Limits are when Rules speak up; zero fields have the defaults their comments end with.
type Limits struct {
	QueueStuck    time.Duration // oldest message due for so long; default 5 min
	SpoolAge      time.Duration // oldest row waiting for so long; default 5 min
	SpoolFill     float64       // of its bound; default 0.5, and critical from 0.8
	Certificate   time.Duration // before its end; default 14 days, and critical from 3 days
	LoginFailures int           // in a minute, on this replica; default 30
}

func (l Limits) withDefaults() Limits {
	l.QueueStuck = cmp.Or(l.QueueStuck, 5*time.Minute)
	l.SpoolAge = cmp.Or(l.SpoolAge, 5*time.Minute)
	l.SpoolFill = cmp.Or(l.SpoolFill, 0.5)
	l.Certificate = cmp.Or(l.Certificate, 14*24*time.Hour)
	l.LoginFailures = cmp.Or(l.LoginFailures, 30)
	return l
}

// Rules turn verdicts and gauges into alerts. Safe for concurrent use.
type Rules struct {
	manager *Manager
	sources Sources
	limits  Limits
	replica string
	log     *slog.Logger
	logins  burst

	mu     sync.Mutex
	raised map[string]bool // certificates, to be cleared when they are no longer named
	lost   bool            // the queue could not be asked; of the goroutine of Run
}

// NewRules returns rules that raise at a Manager.
func NewRules(m *Manager, sources Sources, limits Limits) *Rules {
	return &Rules{
		manager: m, sources: sources, limits: limits.withDefaults(), replica: m.cfg.Replica, log: m.cfg.Logger,
		raised: map[string]bool{},
	}
}

const (
	standbyEvery = 2 * time.Second
	gaugesEvery  = 15 * time.Second
	askTimeout   = 3 * time.Second
)

// Run asks the sources until ctx ends, and returns nil.
func (r *Rules) Run(ctx context.Context) error {
	quick, slow := time.NewTicker(standbyEvery), time.NewTicker(gaugesEvery)
	defer quick.Stop()
	defer slow.Stop()
	r.gauges(ctx)
	for {
		select {
		case <-quick.C:
			r.standby()
			r.logins.judge(r, time.Now())
		case <-slow.C:
			r.gauges(ctx)
		case <-ctx.Done():
			return nil
		}
	}
}

func (r *Rules) gauges(ctx context.Context) {
	r.queue(ctx)
	r.spool()
	r.certificates(time.Now())
}

// raiseIf raises an alert or clears it.
func (r *Rules) raiseIf(wrong bool, a Alert) {
	if wrong {
		r.manager.Raise(a)
	} else {
		r.manager.Clear(a.Key)
	}
}

// local is a key that is about this replica only.
func (r *Rules) local(key string) string {
	if r.replica == "" {
		return key
	}
	return key + "@" + r.replica
}

// partNames are the probes of snowgate in words; others are called by their name.
var partNames = map[string]health.Words{
	"erp":         {ZH: "ERP 主通道", EN: "ERP primary channel"},
	"erp_standby": {ZH: "ERP 备用通道", EN: "ERP standby channel"},
	"erp_login":   {ZH: "ERP 登录", EN: "ERP login"},
	"redis":       {ZH: "Redis", EN: "Redis"},
	"sql":         {ZH: "日志数据库", EN: "log database"},
	"audit":       {ZH: "审计落盘", EN: "audit spool"},
	"wechat":      {ZH: "微信接口", EN: "WeChat API"},
	"stock":       {ZH: "库存系统", EN: "stock system"},
}

// Verdict raises an alert for a part that is down (critical) or degraded (warning), and clears it when it is up. It is made
// for health.Monitor.OnVerdict.
func (r *Rules) Verdict(from, v health.Verdict) {
	key := "part." + v.Name
	if v.Local {
		key = r.local(key)
	}
	name, known := partNames[v.Name]
	if !known {
		name = health.Words{ZH: v.Name, EN: v.Name}
	}
	switch v.State {
	case health.Down:
		r.manager.Raise(Alert{
			Key: key, Severity: Critical, Since: v.Since, Text: v.Reason,
			Title: health.Words{ZH: name.ZH + "不可用", EN: name.EN + " is down"},
		})
	case health.Degraded:
		r.manager.Raise(Alert{
			Key: key, Severity: Warning, Since: v.Since, Text: v.Reason,
			Title: health.Words{ZH: name.ZH + "异常", EN: name.EN + " is degraded"},
		})
	case health.Up:
		if from.State == health.Unknown && !v.Local {
			r.manager.Resolve(key)
			return
		}
		r.manager.Clear(key)
	}
}
