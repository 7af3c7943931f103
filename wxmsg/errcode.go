package wxmsg

import (
	"regexp"
	"time"
)

// anyCall are the errcodes that every call may answer (WeChat: access token, global return codes 全局返回码).
var anyCall = map[int]Kind{
	-1:    KindBusy,
	45011: KindRateLimited,   // minute quota
	45009: KindQuota,         // daily quota
	40002: KindMisconfigured, // invalid grant_type
	40013: KindMisconfigured, // invalid appid
	40125: KindMisconfigured, // invalid appsecret
	40164: KindMisconfigured, // our address is not on the list
	41002: KindMisconfigured, // appid missing
	41004: KindMisconfigured, // secret missing
	48001: KindMisconfigured, // api unauthorized
	89503: KindMisconfigured, // our address awaits the administrator's consent
	89506: KindMisconfigured, // our address was refused, for 24 hours
	89507: KindMisconfigured, // our address was refused, for an hour
}

const errCodeMissing = 41008

// oneCall are the errcodes that mean something in one call only. 40163 is in no official table, and sent.
var oneCall = map[string]map[int]Kind{
	opCode2Session: {
		40029:          KindCodeInvalid, // invalid code: wrong, expired, or issued for another AppID
		40163:          KindCodeInvalid, // code been used
		errCodeMissing: KindCodeInvalid,
		40226:          KindUserBlocked, // code blocked: high-risk user
	},
	opToken: {
		40001: KindMisconfigured, // here it is the AppSecret that is invalid
	},
	opTemplates: {
		40001: KindToken,         // invalid, or replaced by a newer one
		40014: KindToken,         // invalid
		42001: KindToken,         // expired
		41001: KindMisconfigured, // missing: something on the way removes it, we always send it
	},
	opSend: {
		40001: KindToken,
		40014: KindToken,
		42001: KindToken,
		41001: KindMisconfigured,
		40003: KindOpenID,
		40037: KindTemplate,
		41030: KindPage,
		43101: KindNoConsent,
		43107: KindBanned,
		43108: KindConcurrent,
		45103: KindUnsupported, // the template message, gone since 2020
		45109: KindUnsupported, // the uniform message, gone since 2023
		45168: KindData,        // a forbidden word
		47001: KindData,        // not JSON
		47003: KindData,        // a value is missing or breaks its rule
	},
}

// kindOf is what an errcode means as the answer of a call.
func kindOf(op string, errCode int) Kind {
	if kind, known := oneCall[op][errCode]; known {
		return kind
	}
	if kind, known := anyCall[errCode]; known {
		return kind
	}
	return KindBadAnswer
}

// refused is an errcode other than 0.
func refused(op string, errCode int, errMsg string, now time.Time) *Error {
	kind := kindOf(op, errCode)
	e := &Error{Op: op, Kind: kind, ErrCode: errCode, RID: ridOf(errMsg), RetryAfter: retryAfter(kind, now)}
	if kind == KindData {
		e.Keyword = keywordOf(errMsg)
	}
	if kind == KindMisconfigured && op == opSend {
		e.RetryAfter = misconfiguredPause
	}
	return e
}

// misconfiguredPause is how long no message is sent when WeChat refuses us and not the message (an address taken off
// the list, an ability withdrawn). Every message would fail the same way, and for good, over a mistake that is put
// right in the console; so they wait, and one of them looks from time to time whether it has been.
const misconfiguredPause = 5 * time.Minute

// china is the zone of WeChat's days. It has no summer time.
var china = time.FixedZone("CST", 8*60*60)

// retryAfter is the time to the end of the minute or the day that WeChat counts by.
func retryAfter(kind Kind, now time.Time) time.Duration {
	now = now.In(china)
	switch kind {
	case KindRateLimited:
		return now.Truncate(time.Minute).Add(time.Minute).Sub(now)
	case KindQuota:
		return time.Date(now.Year(), now.Month(), now.Day()+1, 0, 0, 0, 0, china).Sub(now)
	default:
		return 0
	}
}

// rid is how errmsg ends: "invalid code, rid: 5f…-…-…" under /sns, "invalid openid rid: …" under /cgi-bin, and in the
// form of 2020 and before "invalid code, hints: [ req_id: … ]".
var rid = regexp.MustCompile(`\b(?:rid|req_id):\s*([0-9A-Za-z_-]{1,64})`)

func ridOf(errMsg string) string {
	found := rid.FindAllStringSubmatch(errMsg, -1)
	if len(found) == 0 {
		return ""
	}
	return found[len(found)-1][1]
}

// keywordNamed finds thing3 in "argument invalid! data.thing3.value invalid". What else errmsg says may hold the value.
var keywordNamed = regexp.MustCompile(`\bdata\.([a-z_]{1,32}[0-9]{1,3})\b`)

func keywordOf(errMsg string) string {
	if found := keywordNamed.FindStringSubmatch(errMsg); found != nil {
		return found[1]
	}
	return ""
}
