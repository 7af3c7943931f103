package queue

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"snowgate/wxmsg"
)

// State is what became of a message so far.
type State string

// The states of a message. All but StateQueued are ends, though an admin may retry a failed or unknown one, and WeChat's
// event settles an unknown one.
const (
	StateQueued    State = "queued"    // accepted; waiting, resting before a retry, or on its way
	StateSent      State = "sent"      // WeChat took it
	StateFailed    State = "failed"    // WeChat never will, or has not delivered it
	StateUnknown   State = "unknown"   // it was sent and no answer came: it may have arrived
	StateRefused   State = "refused"   // the user does not want it
	StateCancelled State = "cancelled" // dropped by an admin, or its user was forgotten
)

// stateSending is how Redis keeps a message that is on its way. Callers see it as queued.
const stateSending = "sending"

// purpose binds sealed content to its use; the owner is the msgid.
const purpose = "message.content"

const (
	maxIDBytes       = 128
	maxFingerprint   = 256
	maxContentBytes  = 16 << 10
	maxDeliveryRunes = 64
)

// Request asks for one message.
type Request struct {
	MsgID         string // ours; made before the call, so that a repeat changes nothing. At most 128 bytes
	Fingerprint   string // of the whole request: a repeat must have the same. At most 256 bytes
	Message       wxmsg.Message
	Sender        string // who asked, for the records
	FreeOfConsent bool   // for a template that needs no consent per message: no credit is asked for or used up
}

func (r Request) check() error {
	m := r.Message
	switch {
	case r.MsgID == "" || m.OpenID == "" || m.TemplateID == "":
		return errors.New("accept: the message id, openid or template id is missing")
	case max(len(r.MsgID), len(m.OpenID), len(m.TemplateID), len(r.Sender)) > maxIDBytes || len(r.Fingerprint) > maxFingerprint:
		return errors.New("accept: an id or the fingerprint is too long")
	}
	return nil
}

// Status is what is known of a message.
type Status struct {
	MsgID       string
	State       State
	Attempts    int    // sends so far that WeChat could have seen
	Reason      string // why it is in this state, or why it was not sent yet; for people
	ErrCode     int    // WeChat's, with the reason
	WeChatMsgID string // empty until sent
	Delivered   bool   // WeChat reported the delivery
	TemplateID  string
	Sender      string
	Person      string // pseudonym of the openid
	AcceptedAt  time.Time
	UpdatedAt   time.Time
	Repeated    bool // by Accept: it was accepted before
}

// record is a message as Redis keeps it.
type record map[string]string

// recordFrom reads HGETALL as a script answers it.
func recordFrom(flat answer) record {
	r := make(record, len(flat)/2)
	for i := 0; i+1 < len(flat); i += 2 {
		r[flat.text(i)] = flat.text(i + 1)
	}
	return r
}

func (r record) number(field string) int64 {
	n, _ := strconv.ParseInt(r[field], 10, 64)
	return n
}

func (r record) status() Status {
	state := State(r["st"])
	if state == stateSending {
		state = StateQueued
	}
	return Status{
		MsgID: r["id"], State: state, Attempts: int(r.number("n")), Reason: r["r"], ErrCode: int(r.number("e")),
		WeChatMsgID: r["w"], Delivered: r["d"] == "1", TemplateID: r["t"], Sender: r["s"], Person: r["p"],
		AcceptedAt: time.UnixMilli(r.number("a")), UpdatedAt: time.UnixMilli(r.number("u")),
	}
}

func (q *Queue) sealMessage(r Request) (string, error) {
	plain, err := json.Marshal(r.Message)
	if err != nil {
		return "", fmt.Errorf("accept: %w", err)
	}
	if len(plain) > maxContentBytes {
		return "", errors.New("accept: the message is too large")
	}
	return q.cfg.Sealer.Seal(purpose, r.MsgID, plain), nil
}

func (q *Queue) openMessage(msgID, sealed string) (m wxmsg.Message, err error) {
	plain, err := q.cfg.Sealer.Open(purpose, msgID, sealed)
	if err != nil {
		return m, err
	}
	return m, json.Unmarshal(plain, &m)
}
