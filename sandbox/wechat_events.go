package sandbox

import "strconv"

// originalID is the mini-program's account as pushes name it.
const originalID = "gh_5a4db0c02026"

// The events about subscribe messages.
const (
	eventPopup  = "subscribe_msg_popup_event"
	eventChange = "subscribe_msg_change_event"
	eventSent   = "subscribe_msg_sent_event"
)

// Popup is a user who answers the window that asks for a subscription: accepting grants one
// message. The event is pushed.
func (w *WeChat) Popup(openid, templateID string, accept bool) {
	if accept {
		w.Grant(openid, templateID, 1)
	}
	w.pushItem(Push{Event: eventPopup, OpenID: openid, TemplateID: templateID}, map[string]any{
		"TemplateId": templateID, "SubscribeStatusString": answerOf(accept), "PopupScene": "0",
	})
}

// Change is a user who changes a subscription in the mini-program's settings: refusing takes
// all grants away. The event is pushed; of the real WeChat only refusals are known.
func (w *WeChat) Change(openid, templateID string, accept bool) {
	if !accept {
		w.mu.Lock()
		delete(w.messages.grants, [2]string{openid, templateID})
		w.mu.Unlock()
	}
	w.pushItem(Push{Event: eventChange, OpenID: openid, TemplateID: templateID}, map[string]any{
		"TemplateId": templateID, "SubscribeStatusString": answerOf(accept),
	})
}

func answerOf(accept bool) string {
	if accept {
		return "accept"
	}
	return "reject"
}

// pushSent tells what became of an accepted message.
func (w *WeChat) pushSent(m SentMessage) {
	w.pushes.mu.Lock()
	fault := w.pushes.fails
	w.pushes.mu.Unlock()
	if fault.code == 0 {
		fault.status = "success"
	}
	w.pushItem(Push{Event: eventSent, OpenID: m.ToUser, TemplateID: m.TemplateID, MsgID: m.MsgID}, map[string]any{
		"TemplateId": m.TemplateID, "MsgID": strconv.FormatInt(m.MsgID, 10),
		"ErrorCode": strconv.Itoa(fault.code), "ErrorStatus": fault.status,
	})
}

// pushItem pushes an event with one item. SDKs and real pushes disagree on the forms, so
// every other event has the other one: a list instead of an object, numbers instead of texts.
func (w *WeChat) pushItem(p Push, item map[string]any) {
	w.mu.Lock()
	w.events++
	other := w.events%2 == 0
	w.mu.Unlock()
	body := map[string]any{
		"ToUserName": originalID, "FromUserName": p.OpenID, "MsgType": "event", "Event": p.Event,
		"CreateTime": w.opts.Now().Unix(), "List": item,
	}
	if other {
		for _, name := range []string{"MsgID", "ErrorCode"} {
			if n, err := strconv.ParseInt(text(item[name]), 10, 64); err == nil {
				item[name] = n
			}
		}
		body["CreateTime"], body["List"] = strconv.FormatInt(w.opts.Now().Unix(), 10), []any{item}
	}
	w.pushes.push(p, wechatJSON(body), w.opts)
}
