package sandbox

import (
	"encoding/json"
	"slices"
	"time"
)

// keptWeChatCalls is enough for a test of some minutes at full rate.
const keptWeChatCalls = 20_000

// WeChatCall is one recorded request, also when a fault spoiled its answer.
type WeChatCall struct {
	API      string    `json:"api"`    // as in [WeChat.Count]
	OpenID   string    `json:"openid"` // of a send
	At       time.Time `json:"at"`     // when it arrived
	Parallel int       `json:"parallel"`
}

// Calls returns the latest 20000 requests, oldest first. Parallel is how many sends to the
// same openid were under way, the call itself counted; 0 for other calls.
func (w *WeChat) Calls() []WeChatCall {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]WeChatCall{}, w.messages.calls...)
}

// MaxParallelSends returns how many sends to one openid were ever under way at the same
// time; "" asks for the openid that had most.
func (w *WeChat) MaxParallelSends(openid string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if openid != "" {
		return w.messages.most[openid]
	}
	most := 0
	for _, n := range w.messages.most {
		most = max(most, n)
	}
	return most
}

// enter notes a request and, for a send, that its openid is busy until leave is called.
func (w *WeChat) enter(api string, body []byte) (leave func(), busy bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.counts[api]++
	var in sendBody
	if api != "send" || json.Unmarshal(body, &in) != nil || in.ToUser == "" {
		w.messages.note(WeChatCall{API: api, At: w.opts.Now()})
		return func() {}, false
	}
	w.messages.inFlight[in.ToUser]++
	n := w.messages.inFlight[in.ToUser]
	w.messages.most[in.ToUser] = max(w.messages.most[in.ToUser], n)
	w.messages.note(WeChatCall{API: api, OpenID: in.ToUser, At: w.opts.Now(), Parallel: n})
	return func() { w.leave(in.ToUser) }, n > 1
}

func (m *wechatMessages) note(call WeChatCall) {
	if len(m.calls) == keptWeChatCalls {
		m.calls = slices.Delete(m.calls, 0, keptWeChatCalls/10)
	}
	m.calls = append(m.calls, call)
}

func (w *WeChat) leave(openid string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.messages.inFlight[openid]--
	if w.messages.inFlight[openid] == 0 {
		delete(w.messages.inFlight, openid)
	}
}
