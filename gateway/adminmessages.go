package gateway

import (
	"net/url"
	"slices"
	"time"

	"snowgate/wxmsg/queue"
)

// MessageQuery narrows a search in the message log. Empty fields do not narrow.
type MessageQuery struct {
	From, To   time.Time
	State      string
	User       string // pseudonym
	TemplateID string
	MsgID      string
	Page       int
	PageSize   int
}

// LoggedMessage is one row of the message log as an admin sees it.
type LoggedMessage struct {
	MsgID      string     `json:"msgid"`
	User       string     `json:"user"` // pseudonym
	Sender     string     `json:"sender"`
	TemplateID string     `json:"templateId"`
	Status     string     `json:"status"`
	Attempts   int        `json:"attempts"`
	Reason     string     `json:"reason"`
	ErrCode    int        `json:"errcode"` // WeChat's
	WXMsgID    string     `json:"wxMsgid"`
	AcceptedAt *time.Time `json:"acceptedAt"` // null in rows from before it was kept
	UpdatedAt  *time.Time `json:"updatedAt"`
}

// messageStates are those that a row can be in.
var messageStates = []queue.State{
	queue.StateQueued, queue.StateSent, queue.StateFailed, queue.StateUnknown, queue.StateRefused, queue.StateCancelled,
}

// messageSearch is how far back a search goes that does not say: dead messages are kept for 30 days.
const messageSearch = 30 * 24 * time.Hour

// searchMessages is GET /api/admin/messages?state&user&template&msgid&from&to&page&pageSize, the newest first.
func (s *Server) searchMessages(c *call) error {
	c.record.secrets = []string{"user"}
	values, err := c.query()
	if err != nil {
		return err
	}
	q, err := s.messageQuery(values)
	if err != nil {
		return err
	}
	messages, more, err := s.deps.Archive.FindMessages(c.Request().Context(), q)
	if err != nil {
		return auditUnavailable.after(storeRetry, err)
	}
	if messages == nil {
		messages = []LoggedMessage{}
	}
	err = c.ok(map[string]any{"messages": messages, "more": more, "page": q.Page, "pageSize": q.PageSize})
	c.record.response = nil
	return err
}

func (s *Server) messageQuery(values url.Values) (q MessageQuery, err error) {
	if q.To, err = moment(values, "to", s.cfg.Now()); err != nil {
		return q, err
	}
	if q.From, err = moment(values, "from", q.To.Add(-messageSearch)); err != nil {
		return q, err
	}
	texts := []struct {
		name  string
		limit int
		into  *string
	}{
		{"state", maxIDRunes, &q.State}, {"user", maxUserRunes, &q.User}, {"template", maxUserRunes, &q.TemplateID},
		{"msgid", maxIDRunes, &q.MsgID},
	}
	for _, t := range texts {
		if *t.into, err = searchText(values, t.name, t.limit); err != nil {
			return q, err
		}
	}
	if q.State != "" && !slices.Contains(messageStates, queue.State(q.State)) {
		return q, badField.in("state")
	}
	q.User = s.deps.Masker.Pseudonym("openid", q.User)
	if q.Page, err = pageNumber(values, "page", 1, maxSearchPage); err != nil {
		return q, err
	}
	q.PageSize, err = pageNumber(values, "pageSize", defaultPageSize, maxPageSize)
	return q, err
}

// retryMessage is POST /api/admin/messages/{msgid}/retry: a message that failed, or whose outcome is unknown, is sent
// again. For an unknown one that is the admin's decision: the user may get it twice.
func (s *Server) retryMessage(c *call) error {
	return s.changeMessage(c, func(id string) error { return s.deps.Messages.Retry(c.Request().Context(), id) })
}

// dropMessage is POST /api/admin/messages/{msgid}/drop: a message that waits or failed is cancelled.
func (s *Server) dropMessage(c *call) error {
	return s.changeMessage(c, func(id string) error { return s.deps.Messages.Drop(c.Request().Context(), id) })
}

// changeMessage does what an admin asks and tells how the message stands then. The call's own row is the record of it.
func (s *Server) changeMessage(c *call, change func(id string) error) error {
	if err := s.deps.Log.Ready(); err != nil {
		return auditUnavailable.after(storeRetry, err)
	}
	id, err := c.pathID()
	if err != nil {
		return err
	}
	if err := change(id); err != nil {
		return err
	}
	m, err := s.deps.Messages.Status(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return c.ok(map[string]any{"msgid": m.MsgID, "status": string(m.State)})
}

// queueAnswer is the queue over all replicas.
type queueAnswer struct {
	Depth         map[queue.State]int `json:"depth"`
	OldestSeconds float64             `json:"oldestSeconds"` // how long the oldest queued message has waited
	Backlog       float64             `json:"backlogSeconds"`
	Paused        bool                `json:"paused"`
	PausedUntil   *string             `json:"pausedUntil"` // null where only an admin ends the pause
	PauseReason   string              `json:"pauseReason"`
}

// queueStatus is GET /api/admin/queue.
func (s *Server) queueStatus(c *call) error {
	stats, err := s.deps.Messages.Stats(c.Request().Context())
	if err != nil {
		return err
	}
	answer := queueAnswer{
		Depth: map[queue.State]int{
			queue.StateQueued: stats.Queued, queue.StateUnknown: stats.Unknown, queue.StateFailed: stats.Failed,
		},
		OldestSeconds: stats.Oldest.Seconds(), Backlog: stats.Backlog.Seconds(), Paused: stats.Paused, PauseReason: stats.PauseReason,
	}
	if !stats.PausedUntil.IsZero() {
		until := s.timestamp(stats.PausedUntil)
		answer.PausedUntil = &until
	}
	return c.ok(answer)
}

// resumeQueue is POST /api/admin/queue/resume: what made WeChat refuse everything has been mended.
func (s *Server) resumeQueue(c *call) error {
	if err := s.deps.Messages.Resume(c.Request().Context()); err != nil {
		return err
	}
	return s.queueStatus(c)
}
