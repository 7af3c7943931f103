package gateway

import (
	"context"
	"slices"
	"strings"
	"time"

	"snowgate/health/alert"
)

// Alerts tells people what is wrong.
type Alerts interface {
	Active() []alert.Active
	// History is all replicas'; with an error it is this one's alone.
	History(ctx context.Context) ([]alert.Entry, error)
	Status() []alert.Status
	// Test sends a test message to every webhook and returns what came of it by name; the errors are fit for people.
	Test(ctx context.Context) map[string]error

	// Errors: alert.ErrWindow, alert.ErrNoWindow, alert.ErrHereOnly.
	Silence(ctx context.Context, w alert.Window) (alert.Window, error)
	Unsilence(ctx context.Context, id string) error
	Windows() []alert.Window
}

// activeAlert is an alert that lasts. Text is in the caller's language.
type activeAlert struct {
	Key      string         `json:"key"`
	Severity alert.Severity `json:"severity"`
	TitleZH  string         `json:"titleZh"`
	TitleEN  string         `json:"titleEn"`
	Text     string         `json:"text"`
	TextZH   string         `json:"textZh"`
	TextEN   string         `json:"textEn"`
	Since    string         `json:"since"`
	Told     *string        `json:"told"`     // when people were last told; null if not yet
	Silenced bool           `json:"silenced"` // a maintenance window keeps it quiet
}

func (s *Server) activeAlerts(c *call) []activeAlert {
	list := []activeAlert{}
	for _, a := range s.deps.Alerts.Active() {
		list = append(list, activeAlert{
			Key: a.Key, Severity: a.Severity, TitleZH: a.Title.ZH, TitleEN: a.Title.EN,
			Text: c.inLanguage(a.Text.ZH, a.Text.EN), TextZH: a.Text.ZH, TextEN: a.Text.EN,
			Since: s.timestamp(a.Since), Told: s.optionalTime(a.Told), Silenced: a.Silenced != "",
		})
	}
	return list
}

// alertEvent is one thing that was told, or kept quiet.
type alertEvent struct {
	At        string         `json:"at"`
	Key       string         `json:"key"`
	What      string         `json:"what"` // raised, changed, reminded or cleared
	Severity  alert.Severity `json:"severity"`
	TitleZH   string         `json:"titleZh"`
	TitleEN   string         `json:"titleEn"`
	Seconds   int64          `json:"durationSeconds"` // how long it lasts, or lasted
	Delivered []string       `json:"delivered"`       // the webhooks that have it
	Silenced  bool           `json:"silenced"`
}

// whatHappened are the console's words for an alert's events; the others are as they are.
var whatHappened = map[alert.Event]string{alert.Reminder: "reminded", alert.Recovered: "cleared"}

func (s *Server) alertEvents(entries []alert.Entry) []alertEvent {
	list := []alertEvent{}
	for _, e := range entries {
		told := alertEvent{
			At: s.timestamp(e.At), Key: e.Key, What: string(e.Event), Severity: e.Severity, TitleZH: e.Title.ZH, TitleEN: e.Title.EN,
			Seconds: e.Seconds, Delivered: []string{}, Silenced: e.Silenced != "",
		}
		if word, ok := whatHappened[e.Event]; ok {
			told.What = word
		}
		for hook, d := range e.Deliveries {
			if d.State == "sent" {
				told.Delivered = append(told.Delivered, hook)
			}
		}
		slices.Sort(told.Delivered)
		list = append(list, told)
	}
	return list
}

// webhookStatus is how a webhook does: no address, no secret.
type webhookStatus struct {
	Name        string  `json:"name"`
	Kind        string  `json:"kind"`
	LastSuccess *string `json:"lastSuccess"`
	LastError   string  `json:"lastError"`
	Pending     int     `json:"pending"`
	Sent        int     `json:"sent"`
	Failed      int     `json:"failed"`  // attempts
	Dropped     int     `json:"dropped"` // messages never delivered
}

func (s *Server) webhooks() []webhookStatus {
	list := []webhookStatus{}
	for _, h := range s.deps.Alerts.Status() {
		kind, _, _ := strings.Cut(h.Webhook, ":")
		list = append(list, webhookStatus{
			Name: h.Name, Kind: kind, LastSuccess: s.optionalTime(h.LastSuccess), LastError: h.LastError,
			Pending: h.Pending, Sent: h.Sent, Failed: h.Failed, Dropped: h.Dropped,
		})
	}
	return list
}

// showAlerts is GET /api/admin/alerts: what is wrong, what was told, and how the webhooks do.
func (s *Server) showAlerts(c *call) error {
	entries, err := s.deps.Alerts.History(c.Request().Context())
	return c.okUnkept(map[string]any{
		"active": s.activeAlerts(c), "history": s.alertEvents(entries), "complete": err == nil, "webhooks": s.webhooks(),
	})
}

// testAlerts is POST /api/admin/alerts/test: one message to every webhook.
func (s *Server) testAlerts(c *call) error {
	if err := s.deps.Log.Ready(); err != nil {
		return auditUnavailable.after(storeRetry, err)
	}
	results := map[string]string{}
	for hook, err := range s.deps.Alerts.Test(c.Request().Context()) {
		results[hook] = "ok"
		if err != nil {
			results[hook] = err.Error()
		}
	}
	return c.ok(map[string]any{"results": results})
}

// moment is an optional time, RFC 3339; zero when it is absent.
func (f *fields) moment(name string) (t time.Time) {
	text := f.optional(name, maxText)
	if text == "" {
		return t
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		f.complain(name)
	}
	return t
}
