package alert

import "time"

// wecom is the group robot of WeCom (企业微信群机器人). The key in its URL is its only protection.
type wecom struct{}

// wecomText is the most bytes of a text message; longer ones are refused with 40058.
const wecomText = 2048

type wecomPayload struct {
	Type string       `json:"msgtype"`
	Text wecomContent `json:"text"`
}

type wecomContent struct {
	Content string   `json:"content"`
	All     []string `json:"mentioned_list"`
	Mobiles []string `json:"mentioned_mobile_list"`
}

var wecomCodes = map[int]known{
	93000: {why: "the key in the URL is not valid"},
	45009: {why: "too many messages", pause: time.Minute},
	40058: {why: "the message is too long"},
}

func (wecom) target(w *Webhook, _ time.Time) string { return w.url }

func (wecom) payload(_ *Webhook, m Message, _ time.Time) any {
	content := wecomContent{Content: m.body(wecomText), All: []string{}, Mobiles: []string{}}
	if m.wakesAll() {
		content.All = []string{"@all"}
	}
	return wecomPayload{Type: "text", Text: content}
}

func (wecom) verdict(status int, body []byte) error {
	return judge(status, body, "errcode", wecomCodes)
}
