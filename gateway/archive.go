package gateway

import (
	"context"
	"net/url"
	"strconv"
	"time"
)

// Archive answers questions about what was written down. Errors are the database's: unavailable.
type Archive interface {
	// FindCalls returns one page of calls, the newest first, and whether there are more behind it.
	FindCalls(ctx context.Context, q CallQuery) (calls []LoggedCall, more bool, err error)
	// FindMessages does the same for messages.
	FindMessages(ctx context.Context, q MessageQuery) (messages []LoggedMessage, more bool, err error)
	// ExportUser returns all rows that are held of a person.
	ExportUser(ctx context.Context, pseudonym string, sessionIDs []string) (UserRows, error)
}

// UserRows are the rows held of a person, in the form in which the person gets them. No list is nil.
type UserRows struct {
	Sessions []UserSession `json:"sessions"`
	Bindings []UserBinding `json:"bindings"`
	Calls    []LoggedCall  `json:"calls"` // the newest 1000
	Messages []UserMessage `json:"messages"`
	Writes   []UserWrite   `json:"writes"`
}

// UserSession is one row of user_sessions. Openid and unionid are pseudonyms.
type UserSession struct {
	SessionID string    `json:"sessionId"`
	OpenID    string    `json:"openid"`
	UnionID   string    `json:"unionid"`
	CreatedAt time.Time `json:"createdAt"`
	ExpiresAt time.Time `json:"expiresAt"`
	Active    bool      `json:"active"`
}

// UserBinding is one row of erp_bindings.
type UserBinding struct {
	BindingID   string    `json:"bindingId"`
	SessionID   string    `json:"sessionId"`
	ERPUsername string    `json:"erpUsername"`
	CompanyID   string    `json:"companyId"`
	CompanyName string    `json:"companyName"`
	BoundAt     time.Time `json:"boundAt"`
	Valid       bool      `json:"valid"`
}

// UserMessage is one row of message_logs.
type UserMessage struct {
	MsgID      string    `json:"msgId"`
	SessionID  string    `json:"sessionId"`
	TemplateID string    `json:"templateId"`
	Content    string    `json:"content"`
	Status     string    `json:"status"`
	SentAt     time.Time `json:"sentAt"`
	Error      string    `json:"error"`
}

// UserWrite is one row of erp_writes: something that was to be written in the ERP.
type UserWrite struct {
	Op          string    `json:"op"`
	Params      string    `json:"params"`
	State       string    `json:"state"`
	ERPRecordID string    `json:"erpRecordId"`
	ERPUsername string    `json:"erpUsername"`
	Error       string    `json:"error"`
	RequestID   string    `json:"requestId"`
	IntendedAt  time.Time `json:"intendedAt"`
}

// CallQuery narrows a search in the call log. Empty fields do not narrow.
type CallQuery struct {
	From, To  time.Time
	Route     string
	User      string // pseudonym
	RequestID string
	Status    int
	Page      int
	PageSize  int
}

// LoggedCall is one row of the call log as an admin sees it.
type LoggedCall struct {
	LogID     string    `json:"logId"`
	CalledAt  time.Time `json:"calledAt"`
	SessionID string    `json:"sessionId"`
	User      string    `json:"user"` // pseudonym
	Route     string    `json:"route"`
	Method    string    `json:"method"`
	Params    string    `json:"params"`
	Status    int       `json:"status"`
	Response  string    `json:"response"`
	TookMS    int64     `json:"tookMs"`
	Error     string    `json:"error"`
	RequestID string    `json:"requestId"`
	Replica   string    `json:"replica"`
	Source    string    `json:"source"`
	Attempts  int       `json:"attempts"`
	ERPMS     int64     `json:"erpMs"`
}

// Bounds on a search: an admin who does not say when means the last day.
const (
	defaultSearch = 24 * time.Hour
	maxSearchPage = 100
	maxRouteRunes = 200
	maxUserRunes  = 128
)

// searchCalls is GET /api/admin/calls?from&to&route&user&status&requestId&page&pageSize. Its own row keeps neither whom it
// was about nor what was found: both would outlive a person's wish to be forgotten.
func (s *Server) searchCalls(c *call) error {
	c.record.secrets = []string{"user"}
	values, err := c.query()
	if err != nil {
		return err
	}
	q, err := s.callQuery(values)
	if err != nil {
		return err
	}
	calls, more, err := s.deps.Archive.FindCalls(c.Request().Context(), q)
	if err != nil {
		return auditUnavailable.after(storeRetry, err)
	}
	if calls == nil {
		calls = []LoggedCall{}
	}
	err = c.ok(map[string]any{"calls": calls, "more": more, "page": q.Page, "pageSize": q.PageSize})
	c.record.response = nil
	return err
}

func (s *Server) callQuery(values url.Values) (q CallQuery, err error) {
	if q.To, err = moment(values, "to", s.cfg.Now()); err != nil {
		return q, err
	}
	if q.From, err = moment(values, "from", q.To.Add(-defaultSearch)); err != nil {
		return q, err
	}
	if q.Route, err = searchText(values, "route", maxRouteRunes); err != nil {
		return q, err
	}
	if q.RequestID, err = searchText(values, "requestId", maxIDRunes); err != nil {
		return q, err
	}
	if q.User, err = searchText(values, "user", maxUserRunes); err != nil {
		return q, err
	}
	q.User = s.deps.Masker.Pseudonym("openid", q.User) // an admin may know the openid itself; a pseudonym's is itself
	if text := values.Get("status"); text != "" {
		if q.Status, err = strconv.Atoi(text); err != nil || q.Status < 100 || q.Status > 599 {
			return q, badField.in("status")
		}
	}
	if q.Page, err = pageNumber(values, "page", 1, maxSearchPage); err != nil {
		return q, err
	}
	q.PageSize, err = pageNumber(values, "pageSize", defaultPageSize, maxPageSize)
	return q, err
}

func moment(values url.Values, name string, absent time.Time) (time.Time, error) {
	text := values.Get(name)
	if text == "" {
		return absent, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, badField.in(name)
	}
	return t, nil
}

func searchText(values url.Values, name string, limit int) (string, error) {
	text := values.Get(name)
	if !printable(text, limit) {
		return "", badField.in(name)
	}
	return text, nil
}

// exportUser is GET /api/user/export: everything held of the caller (PIPL: access and copy).
func (s *Server) exportUser(c *call) error {
	ctx := c.Request().Context()
	sessions, err := s.deps.Sessions.List(ctx, c.session.OpenID)
	if err != nil {
		return err
	}
	profile, err := s.profileOf(c, len(sessions))
	if err != nil {
		return err
	}
	ids := make([]string, len(sessions))
	held := make([]map[string]string, len(sessions))
	for i, x := range sessions {
		ids[i] = x.ID
		held[i] = map[string]string{"id": x.ID, "createdAt": s.timestamp(x.CreatedAt), "expiresAt": s.timestamp(x.ExpiresAt)}
	}
	rows, err := s.deps.Archive.ExportUser(ctx, s.deps.Masker.Pseudonym("openid", c.session.OpenID), ids)
	if err != nil {
		return auditUnavailable.after(storeRetry, err)
	}
	return c.ok(map[string]any{"profile": profile, "sessions": held, "rows": rows, "exportedAt": s.timestamp(s.cfg.Now())})
}

// forgetUser is DELETE /api/user: sessions, binding, credentials and kept answers are erased at once, on every replica;
// log rows lose what links them to the person, in order behind what is still on its way. It may be repeated as long as
// there is a session to ask with.
func (s *Server) forgetUser(c *call) error {
	ended, err := s.erase(c.Request().Context(), c.session.OpenID)
	if err != nil {
		return err
	}
	c.record.forgotten = true
	return c.ok(map[string]any{"erased": true, "sessions": ended})
}

// erase forgets a person, asked by them or by WeChat, and returns how many sessions ended. It may be repeated, and after
// an error has to be: the session to ask with ends last. Nothing is done while it cannot be written down.
func (s *Server) erase(ctx context.Context, openid string) (sessions int, err error) {
	if err := s.deps.Log.Ready(); err != nil {
		return 0, auditUnavailable.after(storeRetry, err)
	}
	old, ended, err := s.endBinding(ctx, openid)
	if err != nil {
		return 0, err
	}
	if ended {
		old.ERPUsername = "" // should this be the first that the table hears of the binding
		s.deps.Log.Binding(bindingChange("", old, false))
	}
	if _, err := s.deps.Messages.Forget(ctx, openid); err != nil {
		return 0, err
	}
	if err := s.deps.Log.Forget(s.deps.Masker.Pseudonym("openid", openid)); err != nil {
		return 0, auditUnavailable.after(storeRetry, err)
	}
	ids, err := s.deps.Sessions.RevokeAll(ctx, openid)
	return len(ids), err
}
