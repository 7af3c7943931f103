package snowbeasts

import (
	"encoding/json"
	"strings"

	"snowgate/erpclient"
)

// What the ERP's texts say is not documented. These are the words by which a refusal's meaning can be told in Chinese
// and English; a text with none of them stays in doubt.
var (
	sessionWords = []string{"登录", "登陆", "会话", "过期", "失效", "login", "log in", "logged", "sign in", "session", "expired", "token", "unauthorized", "unauthenticated"}
	absentWords  = []string{"不存在", "未找到", "找不到", "没有找到", "已删除", "not found", "not exist", "no such"}
	deniedWords  = []string{"权限", "无权", "拒绝", "permission", "denied", "forbidden", "not allowed"}
	busyWords    = []string{"繁忙", "频繁", "限流", "稍后", "稍候", "too many", "too frequent", "busy", "try again later"}
	lockedWords  = []string{"锁定", "锁住", "冻结", "次数过多", "locked", "too many", "too frequent", "频繁", "稍后", "稍候", "try again later"}
	stateWords   = []string{"不足", "已审批", "已审核", "已存在", "重复", "insufficient", "not enough", "already", "duplicate"}
	unsureWords  = []string{"超时", "异常", "timeout", "timed out", "exception"}
	warningWords = []string{"还剩", "剩余", "将被", "将锁", "remaining", "will be locked"}
)

// speaksOf reports whether the text has one of the words, in any case.
func speaksOf(text string, words []string) bool {
	text = strings.ToLower(text)
	for _, word := range words {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}

// refusedLogin tells a locked account from wrong credentials. A warning that the next failure will lock the account
// is still a wrong password.
func refusedLogin(text string) erpclient.Kind {
	if speaksOf(text, lockedWords) && !speaksOf(text, warningWords) {
		return erpclient.KindTooManyAttempts
	}
	return erpclient.KindBadCredentials
}

// refusal is what {"success": false} means for a question. The ERP says it for a lost session as well as for other
// reasons; where the text does not tell, the session is suspected first and Otherwise says what remains.
func (q question) refusal(text string) error {
	e := erpclient.Errorf(q.op, q.meaning(text), "the ERP refused: %s", quoted(text))
	switch {
	case e.Kind == erpclient.KindOutcomeUnknown, e.Kind == erpclient.KindConflict:
	case speaksOf(text, deniedWords): // an ERP without a session may well say that it has no permission
		e.Kind, e.Otherwise = erpclient.KindSessionExpired, e.Kind
	case speaksOf(text, sessionWords):
		e.Kind = erpclient.KindSessionExpired
	case e.Kind == "":
		e.Kind, e.Otherwise = erpclient.KindSessionExpired, q.otherwise
	}
	return e
}

// meaning is the kind that a text clearly names, or "".
func (q question) meaning(text string) erpclient.Kind {
	switch {
	case q.writes && speaksOf(text, unsureWords) && !speaksOf(text, sessionWords): // it failed, and who knows how far it had come
		return erpclient.KindOutcomeUnknown
	case q.writes && speaksOf(text, stateWords):
		return erpclient.KindConflict
	case speaksOf(text, deniedWords) && q.otherwise == erpclient.KindNotFound:
		return erpclient.KindNotFound // whether a single record exists is nobody's business
	case speaksOf(text, deniedWords):
		return erpclient.KindForbidden
	case speaksOf(text, absentWords):
		return erpclient.KindNotFound
	case speaksOf(text, busyWords):
		return erpclient.KindBusy
	default:
		return ""
	}
}

// answerHead is what every JSON answer of the ERP starts with; the rest is left alone.
type answerHead struct {
	Success value `json:"success"`
	Message value `json:"message"`
	Msg     value `json:"msg"`
}

// text is the ERP's own explanation; under which name it stands is not known.
func (h answerHead) text() string { return firstOf(h.Message.text(), h.Msg.text()) }

// said is the explanation in a body that may be no JSON at all.
func said(body []byte) string {
	var head answerHead
	_ = json.Unmarshal(trimBOM(body), &head) // no JSON, nothing said
	return head.text()
}

// maxQuoted bounds how much of the ERP's text gets into an error, and so into a log, in runes.
const maxQuoted = 200

func quoted(text string) string {
	n := 0
	for i := range text {
		if n == maxQuoted {
			return text[:i] + "…"
		}
		n++
	}
	return text
}
