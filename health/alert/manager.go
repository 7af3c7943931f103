package alert

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"snowgate/health"
)

// Board is where the replicas of one gateway meet, so that each alert is told once; health/board keeps one in Redis. An error
// says that it cannot be reached: then every replica tells what it sees, and says so in the text.
type Board interface {
	// Claim reports whether nobody had claimed key before, or not for ttl.
	Claim(ctx context.Context, key string, ttl time.Duration) (bool, error)
	// Publish puts a member's blob on a topic for ttl, in place of the member's last one.
	Publish(ctx context.Context, topic, member string, blob []byte, ttl time.Duration) error
	// Read returns the blobs of a topic that have not ended, by member.
	Read(ctx context.Context, topic string) (map[string][]byte, error)
}

// The topics of this package.
const (
	topicEpisodes = "alerts"         // what is told and lasts, by key
	topicWindows  = "alerts/windows" // maintenance, by id
	topicHistory  = "alerts/history" // the last alerts, by replica
)

// boardPatience bounds one question to the board.
const boardPatience = time.Second

// stepEvery is how often a Manager looks at what lasts, and hears of the others, when nothing happens.
const stepEvery = 2 * time.Second

// maxActive bounds the alerts that last at one time; there are some twenty things that can be wrong.
const maxActive = 500

// ErrRunning is returned by a second Run while the first has not ended.
var ErrRunning = fmt.Errorf("alert: manager is already running")

// Config sets up a Manager; the zero value tells nobody, and keeps a history.
type Config struct {
	Webhooks  []*Webhook
	Board     Board             // default none: this replica alone
	Replica   string            // this replica's name in texts; default none
	Remind    time.Duration     // from one reminder to the next while an alert lasts; default 1 h, negative for none
	History   int               // alerts kept; default 200
	Zone      *time.Location    // of the times in texts; default time.Local
	Transport http.RoundTripper // default a transport of its own, with the proxy of the environment
	Logger    *slog.Logger      // default slog.Default()
}

func (c Config) withDefaults() Config {
	if c.Remind == 0 {
		c.Remind = time.Hour
	}
	if c.History <= 0 {
		c.History = 200
	}
	if c.Zone == nil {
		c.Zone = time.Local
	}
	if c.Transport == nil {
		c.Transport = &http.Transport{
			Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, TLSHandshakeTimeout: postTimeout,
			IdleConnTimeout: time.Minute, MaxIdleConnsPerHost: 1,
		}
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c
}

// client follows no redirect: it would carry the alert, and a header's worth of the address, to somebody else.
func (c Config) client() *http.Client {
	return &http.Client{Transport: c.Transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
}

// Alert is one thing that is wrong.
type Alert struct {
	// Key is what it is about, the same on all replicas where it is about the same thing ("part.erp"), and with the replica's
	// name where it is about that one ("part.audit@gw-1"). A slash becomes an underscore.
	Key      string
	Severity Severity     // default Warning
	Title    health.Words // a state: it is read after "recovered" as well
	Text     health.Words // why, with figures
	Since    time.Time    // when it began; default when it is raised
}

// Active is an alert that lasts, as this replica sees it.
type Active struct {
	Key      string       `json:"key"`
	Severity Severity     `json:"severity"`
	Title    health.Words `json:"title"`
	Text     health.Words `json:"text"`
	Since    time.Time    `json:"since"`
	Told     time.Time    `json:"told,omitzero"`      // when people were last told, by whichever replica; zero if not yet
	Silenced string       `json:"silenced,omitempty"` // the maintenance window that keeps it quiet
}

// Manager tells people what is wrong and what is over. Safe for concurrent use.
type Manager struct {
	cfg     Config
	member  string // this process on the board
	senders []*sender
	history history
	wake    chan struct{}
	running atomic.Bool
	lost    bool // the board; of the goroutine that steps

	mu      sync.Mutex
	active  map[string]*episode
	ended   []*episode // cleared, and not yet told as over
	windows map[string]Window
}

// New returns a Manager. Nothing is sent before Run.
func New(cfg Config) *Manager {
	cfg = cfg.withDefaults()
	m := &Manager{
		cfg: cfg, member: rand.Text(), history: history{limit: cfg.History}, wake: make(chan struct{}, 1),
		active: map[string]*episode{}, windows: map[string]Window{},
	}
	for _, hook := range cfg.Webhooks {
		m.senders = append(m.senders, newSender(hook, cfg, m.history.settle))
	}
	return m
}

// Run tells what is raised and cleared until ctx ends. Then it tries once, for at most 3 s, to bring what is pending, and
// returns nil. A second Run beside the first returns ErrRunning.
func (m *Manager) Run(ctx context.Context) error {
	if !m.running.CompareAndSwap(false, true) {
		return ErrRunning
	}
	defer m.running.Store(false)
	if t, ok := m.cfg.Transport.(*http.Transport); ok {
		defer t.CloseIdleConnections()
	}
	var all sync.WaitGroup
	for _, s := range m.senders {
		all.Go(func() { s.run(ctx) })
	}
	m.keepStepping(ctx)
	all.Wait()
	return nil
}

func (m *Manager) keepStepping(ctx context.Context) {
	tick := time.NewTicker(stepEvery)
	defer tick.Stop()
	for {
		m.step(ctx)
		select {
		case <-tick.C:
		case <-m.wake:
		case <-ctx.Done():
			return
		}
	}
}

// nudge makes the next step come at once.
func (m *Manager) nudge() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// Raise says that something is wrong. Saying it again while it lasts only brings its texts up to date, unless its severity
// is another. It never waits.
func (m *Manager) Raise(a Alert) {
	a.Key = strings.ReplaceAll(a.Key, "/", "_")
	a.Severity = cmp.Or(a.Severity, Warning)
	if a.Since.IsZero() {
		a.Since = time.Now()
	}
	m.mu.Lock()
	e := m.active[a.Key]
	switch {
	case e != nil:
		e.update(a)
	case len(m.active) >= maxActive:
		m.cfg.Logger.Error("too many alerts last, this one is left out", "alert", a.Key)
	default:
		m.active[a.Key] = m.reopened(a)
	}
	m.mu.Unlock()
	m.nudge()
}

// reopened is a new episode, or the last one if people were not told yet that it was over. The caller holds the lock.
func (m *Manager) reopened(a Alert) *episode {
	for i, e := range m.ended {
		if e.Key == a.Key && e.told != "" {
			m.ended = slices.Delete(m.ended, i, i+1)
			e.over = time.Time{}
			e.update(a)
			return e
		}
	}
	return &episode{Alert: a}
}

// Clear says that something is over; what was not raised is no matter. It never waits.
func (m *Manager) Clear(key string) { m.end(key, false) }

// Resolve is Clear also for what a process before this one has told of, and nobody has told as over: a gateway that was
// started anew while something was wrong. It must be about the whole gateway, not about one replica.
func (m *Manager) Resolve(key string) { m.end(key, true) }

func (m *Manager) end(key string, foreign bool) {
	key = strings.ReplaceAll(key, "/", "_")
	m.mu.Lock()
	e := m.active[key]
	if e == nil && foreign {
		e = &episode{Alert: Alert{Key: key, Since: time.Now()}}
	}
	if e != nil {
		delete(m.active, key)
		e.over = time.Now()
		m.ended = append(m.ended, e)
	}
	m.mu.Unlock()
	if e != nil {
		m.nudge()
	}
}

// Active returns what lasts, the oldest first.
func (m *Manager) Active() []Active {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := make([]Active, 0, len(m.active))
	for _, e := range m.active {
		list = append(list, Active{e.Key, e.Severity, e.Title, e.Text, e.Since.In(m.cfg.Zone), e.toldAt, e.quiet})
	}
	slices.SortFunc(list, func(a, b Active) int { return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Key, b.Key)) })
	return list
}

// Status returns how each webhook does, in the order of the configuration.
func (m *Manager) Status() []Status {
	list := make([]Status, len(m.senders))
	for i, s := range m.senders {
		list[i] = s.Status()
	}
	return list
}

// Test sends a test message to every webhook, at once and once, and returns what came of it by the webhook's name; nil is
// delivered. The errors are fit for people. It needs no Run, and counts towards no budget.
func (m *Manager) Test(ctx context.Context) map[string]error {
	ctx, cancel := context.WithTimeout(ctx, postTimeout)
	defer cancel()
	message := Message{
		Event: Trial, Severity: Info, At: time.Now().In(m.cfg.Zone), Replica: m.cfg.Replica,
		Title: health.Words{ZH: "snowgate 告警测试", EN: "snowgate alert test"},
		Text:  health.Words{ZH: "收到这条消息，说明告警可以送达。", EN: "If you can read this, alerts arrive."},
	}
	errs := make([]error, len(m.senders))
	var all sync.WaitGroup
	for i, s := range m.senders {
		all.Go(func() { errs[i] = s.hook.post(ctx, s.client, message) })
	}
	all.Wait()
	results := make(map[string]error, len(errs))
	for i, s := range m.senders {
		results[s.hook.Name()] = errs[i]
	}
	return results
}
