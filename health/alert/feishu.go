package alert

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"time"
)

// feishu is the custom robot of Feishu and Lark (飞书自定义机器人), signed in the body where it has a secret.
type feishu struct{}

// feishuText keeps the whole body below 20 KB, also where every character is escaped as two.
const feishuText = 8192

type feishuPayload struct {
	Type      string        `json:"msg_type"`
	Content   feishuContent `json:"content"`
	Timestamp string        `json:"timestamp,omitempty"`
	Sign      string        `json:"sign,omitempty"`
}

type feishuContent struct {
	Text string `json:"text"`
}

var feishuCodes = map[int]known{
	9499:  {why: "the message is not understood"},
	11232: {why: "too many messages", pause: time.Minute},
	19021: {why: "the signature does not match, or this machine's clock is more than an hour off"},
	19022: {why: "this machine's address is not on the robot's list"},
	19024: {why: "the robot's keyword is missing"},
}

func (feishu) target(w *Webhook, _ time.Time) string { return w.url }

func (feishu) payload(w *Webhook, m Message, now time.Time) any {
	p := feishuPayload{Type: "text", Content: feishuContent{m.body(feishuText)}}
	if w.secret != "" {
		p.Timestamp = strconv.FormatInt(now.Unix(), 10)
		p.Sign = feishuSign(w.secret, p.Timestamp)
	}
	return p
}

// feishuSign is Feishu's signature: unlike DingTalk's, timestamp and secret are the key and the text is empty.
func feishuSign(secret, seconds string) string {
	mac := hmac.New(sha256.New, []byte(seconds+"\n"+secret))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func (feishu) verdict(status int, body []byte) error { return judge(status, body, "code", feishuCodes) }
