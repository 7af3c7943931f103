package alert

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// dingtalk is the custom robot of DingTalk (钉钉自定义机器人), signed in the query where it has a secret.
type dingtalk struct{}

// dingtalkText is well below what DingTalk takes, which its page does not say; a message is read on a phone.
const dingtalkText = 4096

type dingtalkPayload struct {
	Type string          `json:"msgtype"`
	Text dingtalkContent `json:"text"`
	At   dingtalkAt      `json:"at"`
}

type dingtalkContent struct {
	Content string `json:"content"`
}

type dingtalkAt struct {
	Mobiles []string `json:"atMobiles"`
	All     bool     `json:"isAtAll"`
}

// dingtalkBlock is how long a robot is shut out that sent more than 20 messages in a minute.
const dingtalkBlock = 10 * time.Minute

var dingtalkCodes = map[int]known{
	310000: {why: "the signature does not match, or another security setting (keyword, address) refuses"},
	130101: {why: "too many messages, it is blocked for ten minutes", pause: dingtalkBlock},
}

func (dingtalk) target(w *Webhook, now time.Time) string {
	if w.secret == "" {
		return w.url
	}
	ms := strconv.FormatInt(now.UnixMilli(), 10)
	join := "?"
	if strings.Contains(w.url, "?") {
		join = "&"
	}
	return w.url + join + "timestamp=" + ms + "&sign=" + url.QueryEscape(dingtalkSign(w.secret, ms))
}

// dingtalkSign is DingTalk's signature: the secret is the key and part of the text.
func dingtalkSign(secret, ms string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(ms + "\n" + secret))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func (dingtalk) payload(_ *Webhook, m Message, _ time.Time) any {
	return dingtalkPayload{
		Type: "text", Text: dingtalkContent{m.body(dingtalkText)},
		At: dingtalkAt{Mobiles: []string{}, All: m.wakesAll()},
	}
}

func (dingtalk) verdict(status int, body []byte) error {
	return judge(status, body, "errcode", dingtalkCodes)
}
