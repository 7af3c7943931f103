// Package audit is the gateway's memory of what happened: every answered API call and every change of a session, a
// binding or a message is appended to a spool on disk before the answer is finished, every write to the ERP before the
// ERP is asked, and all of it is shipped from there to a Sink in batches, beside the requests.
//
// Its promise is a sum that always holds: accepted = written + still in the spool + dropped and counted; and dropped is
// 0 unless the disk is full. Calls are chained by hash, so that a row that was changed or removed later can be found.
// The package never looks at what a record says and never masks: the maker of a record has done that with the package
// mask.
package audit

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"snowgate/audit/spool"
)

// The kinds of record in the spool. Their numbers are on disk: they never change.
const (
	kindCallJSON spool.Kind = 1 // as calls were written once
	kindSession  spool.Kind = 2
	kindBinding  spool.Kind = 3
	kindMessage  spool.Kind = 4
	kindProbe    spool.Kind = 5 // means nothing: it found out whether the disk takes records again
	kindForget   spool.Kind = 6
	kindWrite    spool.Kind = 7
	kindCall     spool.Kind = 8
)

// Call is one answered API call. All texts are masked by the maker.
type Call struct {
	LogID     string        `json:"id"` // UUIDv7 made when the request came in, so that a repeated write changes nothing
	SessionID string        `json:"session,omitempty"`
	OpenID    string        `json:"openid,omitempty"` // pseudonym; outside the hash chain, so that a person can be forgotten
	Endpoint  string        `json:"endpoint"`         // route template, never the raw path
	Method    string        `json:"method"`
	Params    string        `json:"params,omitempty"`
	Status    int           `json:"status"` // as the client saw it: the envelope's code, 200 for success
	Response  string        `json:"response,omitempty"`
	Duration  time.Duration `json:"ns"`
	Error     string        `json:"error,omitempty"` // name from the error catalogue; empty for a success
	CalledAt  time.Time     `json:"at"`
	RequestID string        `json:"request,omitempty"`
	Replica   string        `json:"replica,omitempty"`
	Source    string        `json:"source,omitempty"`   // live, standby or stale; empty when the ERP was not asked
	Attempts  int           `json:"attempts,omitempty"` // at the ERP
	ERPTime   time.Duration `json:"erpNs,omitempty"`    // spent waiting for the ERP

	// Link is the call's place in its chain; the spool makes it.
	Link Link `json:"-"`
}

// SessionChange is the state of a session after it was opened, renewed or ended.
type SessionChange struct {
	SessionID string    `json:"id"`                // hash of the token
	OpenID    string    `json:"openid"`            // pseudonym, never the openid itself
	UnionID   string    `json:"unionid,omitempty"` // pseudonym; empty if WeChat gave none
	CreatedAt time.Time `json:"created"`
	ExpiresAt time.Time `json:"expires"`
	Active    bool      `json:"active"`
	ChangedAt time.Time `json:"changed"`
}

// BindingChange is the state of an ERP binding after it was made, renewed or ended.
type BindingChange struct {
	BindingID   string    `json:"id"`
	SessionID   string    `json:"session"` // hash of the token of the session that bound
	ERPUsername string    `json:"user,omitempty"`
	CompanyID   string    `json:"company,omitempty"`
	CompanyName string    `json:"companyName,omitempty"`
	BoundAt     time.Time `json:"bound"`
	Valid       bool      `json:"valid"`
	ChangedAt   time.Time `json:"changed"`
}

// MessageChange is the state of a subscribe message after one of its steps: all that is known of it then, for the parts
// that change replace those of an earlier state.
type MessageChange struct {
	MsgID      string    `json:"id"`
	SessionID  string    `json:"session"`          // hash of the token; empty if no session asked for it
	OpenID     string    `json:"openid,omitempty"` // pseudonym of who gets it
	Sender     string    `json:"sender,omitempty"` // session, service or event
	TemplateID string    `json:"template"`
	Content    string    `json:"content,omitempty"`
	Status     string    `json:"status"`             // queued, sent, failed, unknown, refused or cancelled
	Attempts   int       `json:"attempts,omitempty"` // times it was given to WeChat
	ErrCode    int       `json:"errcode,omitempty"`  // WeChat's; 0: none
	WXMsgID    string    `json:"wxMsgId,omitempty"`  // WeChat's own id
	Reason     string    `json:"reason,omitempty"`   // why it is in this state
	Error      string    `json:"error,omitempty"`    // in detail
	RequestID  string    `json:"request,omitempty"`  // of the request that was answered "queued"
	AcceptedAt time.Time `json:"accepted"`           // when that was
	SentAt     time.Time `json:"sent"`               // when WeChat took it; zero: it has not
	ChangedAt  time.Time `json:"changed"`            // decides between states, to the millisecond; now if zero
}

// WriteChange is a write to the ERP, meant or done: as it is intended, before the ERP is asked, and again when it is
// known what came of it. All texts are masked by the maker.
type WriteChange struct {
	KeyHash     string    `json:"key"`                 // id of the intent, 64 characters at most; never used for another one
	OpenID      string    `json:"openid,omitempty"`    // pseudonym
	SessionID   string    `json:"session,omitempty"`   // hash of the token
	Op          string    `json:"op"`                  // record_stock, create_order, approve or reject
	Reference   string    `json:"reference,omitempty"` // what it is about: a product, a document
	Operator    string    `json:"operator,omitempty"`  // who writes, as the client says
	ERPUsername string    `json:"user,omitempty"`      // who writes, as the ERP says
	Params      string    `json:"params,omitempty"`    // cut to 4096 characters, so that none is too large to be taken
	State       string    `json:"state"`               // intended, done, failed or unknown
	ERPRecordID string    `json:"record,omitempty"`
	Error       string    `json:"error,omitempty"`
	RequestID   string    `json:"request,omitempty"`
	IntendedAt  time.Time `json:"intended"` // ChangedAt if zero
	ChangedAt   time.Time `json:"changed"`  // decides between states, to the millisecond; now if zero
}

// Forgotten is a person whose rows are to lose what links them to the person.
type Forgotten struct {
	OpenID string `json:"openid"` // pseudonym
}

// Bounds on a record's texts, in runes: a call is stored as it was chained, and no write is too large to be taken.
const (
	maxMethod = 10
	maxSource = 16
	maxName   = 64
	maxPath   = 200
	maxText   = 4096
)

// normal is the call as the database will give it back: times in UTC and whole milliseconds, texts in UTF-8 without NUL
// and within their columns.
func (c Call) normal() Call {
	for _, name := range []*string{&c.LogID, &c.SessionID, &c.OpenID, &c.RequestID, &c.Replica} {
		*name = fit(*name, maxName)
	}
	c.Method, c.Source, c.Endpoint = fit(c.Method, maxMethod), fit(c.Source, maxSource), fit(c.Endpoint, maxPath)
	c.Params, c.Response, c.Error = fit(c.Params, maxText), fit(c.Response, maxText), fit(c.Error, maxText)
	c.Duration, c.ERPTime = c.Duration.Truncate(time.Millisecond), c.ERPTime.Truncate(time.Millisecond)
	c.CalledAt = c.CalledAt.UTC().Truncate(time.Millisecond)
	return c
}

// normal is the write with its times, and with texts that fit into a record. The key stays as it is: two that were cut
// could become one.
func (c WriteChange) normal(now time.Time) WriteChange {
	c.ChangedAt = cmp.Or(c.ChangedAt, now)
	c.IntendedAt = cmp.Or(c.IntendedAt, c.ChangedAt)
	for _, name := range []*string{
		&c.OpenID, &c.SessionID, &c.Op, &c.Reference, &c.Operator, &c.ERPUsername, &c.State, &c.ERPRecordID, &c.RequestID,
	} {
		*name = fit(*name, maxPath)
	}
	c.Params, c.Error = fit(c.Params, maxText), fit(c.Error, maxText)
	return c
}

// fit repairs what a text column refuses and cuts to its size.
func fit(s string, runes int) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "\uFFFD")
	}
	if len(s) <= runes || utf8.RuneCountInString(s) <= runes {
		return s
	}
	return string([]rune(s)[:runes])
}

// decode reads a record's payload back into what it was made from.
func decode[T any](r spool.Record) (T, error) {
	var v T
	if err := json.Unmarshal(r.Payload, &v); err != nil {
		return v, fmt.Errorf("audit: record of kind %d: %w", r.Kind, err)
	}
	return v, nil
}
