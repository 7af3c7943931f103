package sandbox

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// firstMsgID has 19 digits, as the real ones have: above 2^53.
const firstMsgID = 3400000000000000001

// SentMessage is a subscribe message that WeChat accepted.
type SentMessage struct {
	MsgID      int64             `json:"msgid,string"`
	ToUser     string            `json:"touser"` // openid
	TemplateID string            `json:"template_id"`
	Page       string            `json:"page"`
	State      string            `json:"miniprogram_state"`
	Lang       string            `json:"lang"`
	Data       map[string]string `json:"data"` // value by keyword
	At         time.Time         `json:"at"`
}

// wechatMessages keeps sends and grants; WeChat.mu guards it.
type wechatMessages struct {
	sent     []SentMessage
	inFlight map[string]int // sends under way by openid
	most     map[string]int // the most that ever were
	calls    []WeChatCall
	ledger   bool // whether grants are needed
	grants   map[[2]string]int
}

func (m *wechatMessages) open() {
	m.inFlight, m.most, m.grants = map[string]int{}, map[string]int{}, map[[2]string]int{}
}

// Sent returns the accepted messages, oldest first.
func (w *WeChat) Sent() []SentMessage {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]SentMessage{}, w.messages.sent...)
}

// RequireGrants switches the ledger of one-time subscriptions on: a message then
// costs one grant, and without one the answer is 43101. It is off at the start.
func (w *WeChat) RequireGrants(on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.messages.ledger = on
}

// Grant adds n one-time subscriptions of a user to a template.
func (w *WeChat) Grant(openid, templateID string, n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.messages.grants[[2]string{openid, templateID}] += n
}

type sendBody struct {
	ToUser     string          `json:"touser"`
	TemplateID string          `json:"template_id"`
	Page       string          `json:"page"`
	State      string          `json:"miniprogram_state"`
	Lang       string          `json:"lang"`
	Data       json.RawMessage `json:"data"`
}

type sendAnswer struct {
	errorAnswer
	MsgID int64 `json:"msgid"`
}

// replySend is the subscribe message call.
func (w *WeChat) replySend(call wechatCall) any {
	if refused := w.tokens.check(call.URL.Query().Get("access_token"), w.opts.Now()); refused != 0 {
		return refused
	}
	var in sendBody
	if json.Unmarshal(call.body, &in) != nil {
		return errcode(47001)
	}
	template := templateByID(in.TemplateID)
	_, known := w.users.byOpenID[in.ToUser]
	switch {
	case !known:
		return errcode(40003)
	case template == nil:
		return errcode(40037)
	case in.Page != "" && !strings.HasPrefix(in.Page, "pages/"):
		return errcode(41030)
	case !slices.Contains([]string{"", "developer", "trial", "formal"}, in.State):
		return errtext{47003, "argument invalid! miniprogram_state invalid"}
	case !slices.Contains([]string{"", "zh_CN", "en_US", "zh_HK", "zh_TW"}, in.Lang):
		return errtext{47003, "argument invalid! lang invalid"}
	}
	values, complaint := template.values(in.Data)
	switch {
	case complaint != "":
		return errtext{47003, complaint}
	case call.busy:
		return errcode(43108)
	case !w.messages.spend(in.ToUser, in.TemplateID):
		return errcode(43101)
	}
	return w.accept(call, in, values)
}

// spend takes a grant; false means there is none.
func (m *wechatMessages) spend(openid, templateID string) bool {
	key := [2]string{openid, templateID}
	if !m.ledger {
		return true
	}
	if m.grants[key] <= 0 {
		return false
	}
	m.grants[key]--
	return true
}

// accept keeps a message; its sent event goes out when the answer is on its way, or lost.
func (w *WeChat) accept(call wechatCall, in sendBody, values map[string]string) sendAnswer {
	id := int64(firstMsgID + len(w.messages.sent))
	m := SentMessage{id, in.ToUser, in.TemplateID, in.Page, in.State, in.Lang, values, w.opts.Now()}
	w.messages.sent = append(w.messages.sent, m)
	*call.accepted = append(*call.accepted, m)
	return sendAnswer{errorAnswer{0, "ok"}, id}
}
