package sandbox

import (
	"crypto/rand"
	"fmt"
)

// errcode is one of WeChat's error codes; 0 means success.
type errcode int

// errtext is an error code whose errmsg names something of the request.
type errtext struct {
	code errcode
	text string
}

// errmsgs are the texts seen with each code. Codes without a known text say "error".
var errmsgs = map[errcode]string{
	-1:    "system error",
	40001: "invalid credential, access_token is invalid or not latest",
	40002: "invalid grant_type",
	40003: "invalid openid",
	40013: "invalid appid",
	40014: "invalid access_token",
	40029: "invalid code",
	40037: "invalid template_id",
	40125: "invalid appsecret",
	40163: "code been used",
	40164: "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist",
	40226: "code blocked",
	41001: "access_token missing",
	41002: "appid missing",
	41004: "appsecret missing",
	41008: "missing code",
	41030: "invalid page",
	42001: "access_token expired",
	43101: "user refuse to accept the msg",
	43107: "error",
	43108: "Cannot make concurrent calls to the same OpenID, please try again",
	45009: "reach max api daily quota limit",
	45011: "api minute-quota reach limit, must slower, retry next minute",
	45103: "This API has been unsupported",
	45109: "This API has been unsupported",
	45168: "keyword in blacklist",
	47001: "data format error",
	47003: "argument invalid! data.thing1.value invalid",
	48001: "api unauthorized",
	87008: "invalid sig_method",
	87009: "invalid signature",
	89503: "need confirm from admin",
	89506: "ip refused, retry after 24 hours",
	89507: "ip refused, retry after 1 hour",
}

type errorAnswer struct {
	Code    errcode `json:"errcode"`
	Message string  `json:"errmsg"`
}

// answer is the error as it goes over the wire, with a request id at the end.
func (c errcode) answer(text string, comma bool) errorAnswer {
	if text == "" {
		text = errmsgs[c]
	}
	if text == "" {
		text = "error"
	}
	separator := " "
	if comma {
		separator = ", "
	}
	return errorAnswer{c, text + separator + "rid: " + newRID()}
}

// newRID is a request id, three times eight hexadecimal digits.
func newRID() string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // never fails, by its documentation
	return fmt.Sprintf("%x-%x-%x", b[:4], b[4:8], b[8:])
}

type failNext struct {
	code errcode
	left int // 0 = until told otherwise
}

// FailNext makes the next times calls of api (jscode2session, stable_token, send,
// gettemplate, checksession) answer with code; times 0 means until the next FailNext
// for that api, and code 0 ends it. A failed login does not use up its code.
func (w *WeChat) FailNext(api string, code int, times int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.failing, api)
	if code != 0 {
		w.failing[api] = &failNext{errcode(code), times}
	}
}

// nextFailure is the code the next call of api must answer, 0 for none.
// The caller holds w.mu.
func (w *WeChat) nextFailure(api string) errcode {
	f := w.failing[api]
	if f == nil {
		return 0
	}
	if f.left == 1 {
		delete(w.failing, api)
	}
	f.left = max(f.left-1, 0)
	return f.code
}
