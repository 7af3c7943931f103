package alert

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"

	"snowgate/health"
)

const (
	// claimTTL is how long whoever claims the telling has for it. It also keeps an alert that comes and goes from being told
	// more often than this.
	claimTTL = 15 * time.Second
	// refreshEvery and recordTTL keep the record of an alert that lasts: if every replica that saw it has died, it is gone
	// soon, and the next outage is told as a new one.
	refreshEvery = time.Minute
	recordTTL    = 3 * time.Minute
	// disagree is how long one replica may see what another says is over before it is told again.
	disagree = 30 * time.Second
)

// episode is an alert from its beginning to its end, as one replica sees it. The Manager's lock guards it.
type episode struct {
	Alert
	changed bool      // its severity is another than before, and nobody has told so
	told    Severity  // as which people were told of it, by whichever replica; "" if not
	toldAt  time.Time // or reminded
	over    time.Time // when it was cleared
	quiet   string    // the maintenance window over it
	written time.Time // when its record was last published
	doubted time.Time // since when another replica says it is over
}

// update takes over what may change while it lasts.
func (e *episode) update(a Alert) {
	e.changed = e.changed || a.Severity != e.Severity
	e.Severity, e.Title, e.Text = a.Severity, a.Title, a.Text
}

// record is an episode on the board.
type record struct {
	Told   Severity     `json:"told"`
	ToldAt time.Time    `json:"toldAt"`
	Since  time.Time    `json:"since"`
	Title  health.Words `json:"title"`
	Over   bool         `json:"over,omitempty"`
}

// view is the board as it was read at the beginning of a step.
type view struct {
	alone   bool // it could not be reached
	records map[string]record
}

// step goes through everything once: what is over, what is new, what lasts.
func (m *Manager) step(ctx context.Context) {
	v := m.look(ctx)
	if ctx.Err() != nil {
		return // the board did not fail, we end: the other replicas tell
	}
	m.mu.Lock()
	ended := m.ended
	active := make([]*episode, 0, len(m.active))
	for _, e := range m.active {
		active = append(active, e)
	}
	m.ended = nil
	m.mu.Unlock()
	for _, e := range ended {
		if !m.conclude(ctx, v, e) {
			m.keepEnded(e)
		}
	}
	for _, e := range active {
		m.consider(ctx, v, e)
	}
	m.shareHistory(ctx, v)
}

// keepEnded puts back what could not be concluded, unless it has begun again meanwhile.
func (m *Manager) keepEnded(e *episode) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.active[e.Key] == nil {
		m.ended = append(m.ended, e)
		return
	}
	now := m.active[e.Key]
	now.told, now.toldAt, now.Since = e.told, e.toldAt, e.Since
}

// look reads the board.
func (m *Manager) look(parent context.Context) view {
	if m.cfg.Board == nil {
		return view{}
	}
	ctx, cancel := context.WithTimeout(parent, boardPatience)
	defer cancel()
	blobs, err := m.cfg.Board.Read(ctx, topicEpisodes)
	if err == nil {
		var windows map[string][]byte
		if windows, err = m.cfg.Board.Read(ctx, topicWindows); err == nil {
			m.joinWindows(ctx, windows)
		}
	}
	if parent.Err() == nil {
		m.reportBoard(err)
	}
	v := view{alone: err != nil, records: make(map[string]record, len(blobs))}
	for key, blob := range blobs {
		var r record
		if json.Unmarshal(blob, &r) == nil {
			v.records[key] = r
		}
	}
	return v
}

func (m *Manager) reportBoard(err error) {
	switch {
	case err != nil && !m.lost:
		m.cfg.Logger.Warn("the other replicas cannot be reached, alerts may be told several times", "error", err)
	case err == nil && m.lost:
		m.cfg.Logger.Info("the other replicas can be reached again")
	}
	m.lost = err != nil
}

// adopt takes over what another replica has told of an episode.
func (e *episode) adopt(r record, now time.Time) {
	if r.Over {
		e.doubt(now)
		return
	}
	e.doubted = time.Time{}
	if e.told == "" || r.ToldAt.After(e.toldAt) {
		e.told, e.toldAt = r.Told, r.ToldAt
	}
	if r.Since.Before(e.Since) {
		e.Since = r.Since
	}
	if e.Severity == "" { // of a process before us
		e.Severity, e.Title = r.Told, r.Title
	}
	if e.told == e.Severity {
		e.changed = false
	}
}

// doubt is for an episode that lasts here and is over elsewhere. We are mostly just late; if not, it is told anew.
func (e *episode) doubt(now time.Time) {
	switch {
	case e.told == "":
	case e.doubted.IsZero():
		e.doubted = now
	case now.Sub(e.doubted) > disagree:
		e.told, e.doubted = "", time.Time{}
	}
}

// consider decides whether people are to be told of an episode that lasts.
func (m *Manager) consider(ctx context.Context, v view, e *episode) {
	now := time.Now()
	window, quiet := m.silencedBy(e.Key, now)
	m.mu.Lock()
	if r, there := v.records[e.Key]; there {
		e.adopt(r, now)
	}
	wasQuiet := e.quiet
	e.quiet = window.ID
	event := e.due(now, m.cfg.Remind)
	message := m.message(e, event, now)
	refresh := e.told != "" && e.doubted.IsZero() && now.Sub(e.written) >= refreshEvery
	m.mu.Unlock()
	switch {
	case quiet && event != "":
		if wasQuiet != window.ID {
			m.history.add(Entry{ID: rand.Text(), Message: message, Silenced: window.ID, Deliveries: map[string]Delivery{}})
		}
	case event != "":
		m.announce(ctx, v, e, message)
	case refresh:
		m.write(ctx, v, e, false)
	}
}

// due is what people are to be told, or "". The caller holds the lock.
func (e *episode) due(now time.Time, remind time.Duration) Event {
	switch {
	case e.told == "":
		return Raised
	case e.changed && e.told != e.Severity:
		return Changed
	case remind > 0 && now.Sub(e.toldAt) >= remind && e.doubted.IsZero():
		return Reminder
	}
	return ""
}

// message is what is to be told of an episode. The caller holds the lock.
func (m *Manager) message(e *episode, event Event, now time.Time) Message {
	end := now
	if !e.over.IsZero() {
		end = e.over
	}
	return Message{
		Event: event, Key: e.Key, Severity: e.Severity, Title: e.Title, Text: e.Text, At: end.In(m.cfg.Zone),
		Since: e.Since.In(m.cfg.Zone), Seconds: int64(max(end.Sub(e.Since), 0).Seconds()), Replica: m.cfg.Replica,
	}
}

// announce tells people, if no other replica does.
func (m *Manager) announce(ctx context.Context, v view, e *episode, message Message) {
	first, alone := m.claim(ctx, v, message)
	if !first {
		return // another replica tells; its record will be there at the next step
	}
	m.mu.Lock()
	e.told, e.toldAt, e.changed = message.Severity, time.Now(), false
	m.mu.Unlock()
	m.write(ctx, v, e, false)
	message.Alone = alone
	m.deliver(message)
}

// claim says whether this replica is the one to tell, and whether it could not ask.
func (m *Manager) claim(ctx context.Context, v view, message Message) (first, alone bool) {
	if m.cfg.Board == nil || v.alone {
		return true, m.cfg.Board != nil
	}
	ttl := claimTTL
	if message.Event == Reminder {
		ttl = max(m.cfg.Remind/2, claimTTL)
	}
	ctx, cancel := context.WithTimeout(ctx, boardPatience)
	defer cancel()
	first, err := m.cfg.Board.Claim(ctx, fmt.Sprintf("alert/%s/%s/%s", message.Key, message.Severity, message.Event), ttl)
	return first || err != nil, err != nil
}

// write publishes an episode's record. If that fails, the next step that is due tries again.
func (m *Manager) write(ctx context.Context, v view, e *episode, over bool) {
	m.mu.Lock()
	r := record{Told: e.told, ToldAt: e.toldAt, Since: e.Since, Title: e.Title, Over: over}
	m.mu.Unlock()
	if m.cfg.Board == nil || v.alone {
		return
	}
	blob, err := json.Marshal(r)
	if err != nil {
		m.cfg.Logger.Error("an alert cannot be shared", "alert", e.Key, "error", err)
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), boardPatience)
	defer cancel()
	if m.cfg.Board.Publish(ctx, topicEpisodes, e.Key, blob, recordTTL) == nil {
		m.mu.Lock()
		e.written = time.Now()
		m.mu.Unlock()
	}
}

// conclude tells people that an episode is over, if they were told that it began and no other replica tells. It says
// whether that is settled.
func (m *Manager) conclude(ctx context.Context, v view, e *episode) bool {
	now := time.Now()
	r, there := v.records[e.Key]
	m.mu.Lock()
	if there && !r.Over {
		e.adopt(r, now)
	}
	message := m.message(e, Recovered, now)
	told := e.told
	m.mu.Unlock()
	if told == "" || there && r.Over {
		return true
	}
	first, alone := m.claim(ctx, v, message)
	if !first {
		return false // until its record says that it is over, or nobody tells after all
	}
	m.write(ctx, v, e, true)
	message.Alone = alone
	m.deliver(message)
	return true
}

// deliver puts a message in line for every webhook.
func (m *Manager) deliver(message Message) {
	entry := Entry{ID: rand.Text(), Message: message, Deliveries: map[string]Delivery{}}
	for _, s := range m.senders {
		entry.Deliveries[s.hook.Name()] = Delivery{State: statePending, At: message.At}
	}
	m.history.add(entry)
	m.cfg.Logger.Info("alert", "event", string(message.Event), "alert", message.Key, "severity", string(message.Severity),
		"title", message.Title.EN, "text", message.Text.EN)
	for _, s := range m.senders {
		s.add(item{message, entry.ID})
	}
}

// shareHistory tells the other replicas' consoles what was told here.
func (m *Manager) shareHistory(ctx context.Context, v view) {
	if m.cfg.Board == nil || v.alone {
		return
	}
	blob, changed, err := m.history.blob()
	if err != nil || !changed {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, boardPatience)
	defer cancel()
	if m.cfg.Board.Publish(ctx, topicHistory, m.member, blob, historyTTL) != nil {
		m.history.unshared()
	}
}
