package wxmsg

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// Kind says what went wrong, and so what to do about it.
type Kind string

// The kinds of Error.
const (
	KindCodeInvalid   Kind = "code invalid"  // the client calls wx.login again; from all users at once: a wrong AppID
	KindUserBlocked   Kind = "user blocked"  // WeChat refuses this user for good
	KindRateLimited   Kind = "rate limited"  // until the next minute
	KindQuota         Kind = "quota used up" // until the next day in China
	KindBusy          Kind = "busy"          // WeChat's own trouble; later
	KindMisconfigured Kind = "misconfigured" // nothing works until an operator acts
	KindUnavailable   Kind = "unavailable"   // no connection, or an HTTP status other than 200
	KindTimeout       Kind = "timeout"       // no answer in time: the code may have been spent
	KindBadAnswer     Kind = "bad answer"    // not what the documentation promises, an unknown errcode included
)

const errCodeMissing = 41008

// kinds are the errcodes of WeChat's pages on code2Session and access tokens. 40163 is in no official table, and sent.
var kinds = map[int]Kind{
	-1:             KindBusy,
	40029:          KindCodeInvalid, // invalid code: wrong, expired, or issued for another AppID
	40163:          KindCodeInvalid, // code been used
	errCodeMissing: KindCodeInvalid,
	40226:          KindUserBlocked,   // code blocked: high-risk user
	45011:          KindRateLimited,   // minute quota
	45009:          KindQuota,         // daily quota
	40002:          KindMisconfigured, // invalid grant_type
	40013:          KindMisconfigured, // invalid appid
	40125:          KindMisconfigured, // invalid appsecret
	40164:          KindMisconfigured, // our address is not on the list
	41002:          KindMisconfigured, // appid missing
	41004:          KindMisconfigured, // secret missing
	48001:          KindMisconfigured, // api unauthorized
	89503:          KindMisconfigured, // our address awaits the administrator's consent
	89506:          KindMisconfigured, // our address was refused, for 24 hours
	89507:          KindMisconfigured, // our address was refused, for an hour
}

// Error is everything this package returns from a call. Its text holds no URL, no secret, no login code, and of WeChat's
// errmsg the request id only.
type Error struct {
	Op         string        // the call
	Kind       Kind          // what to do
	ErrCode    int           // WeChat's errcode; 0 when there was no such answer
	RID        string        // WeChat's request id, which their support asks for; may be empty
	RetryAfter time.Duration // how long to wait; 0 when waiting is no remedy, or its length unknown
	Err        error         // the cause, where it was not WeChat's answer
}

func (e *Error) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "wechat %s: %s", e.Op, e.Kind)
	if e.ErrCode != 0 {
		fmt.Fprintf(&text, " (errcode %d", e.ErrCode)
		if e.RID != "" {
			fmt.Fprintf(&text, ", rid %s", e.RID)
		}
		text.WriteString(")")
	}
	if e.Err != nil {
		fmt.Fprintf(&text, ": %v", e.Err)
	}
	return text.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// refused is an errcode other than 0.
func refused(op string, errCode int, errMsg string, now time.Time) *Error {
	kind, known := kinds[errCode]
	if !known {
		kind = KindBadAnswer
	}
	return &Error{Op: op, Kind: kind, ErrCode: errCode, RID: ridOf(errMsg), RetryAfter: retryAfter(kind, now)}
}

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

func badAnswer(op, why string) *Error {
	return &Error{Op: op, Kind: KindBadAnswer, Err: errors.New(why)}
}

func statusError(op string, status int) *Error {
	return &Error{Op: op, Kind: KindUnavailable, Err: fmt.Errorf("HTTP status %d", status)}
}

func transportError(op string, err error) *Error {
	kind := KindUnavailable
	if isTimeout(err) {
		kind = KindTimeout
	}
	return &Error{Op: op, Kind: kind, Err: cause(err)}
}

func isTimeout(err error) bool {
	var netErr net.Error
	return errors.Is(err, context.DeadlineExceeded) || (errors.As(err, &netErr) && netErr.Timeout())
}

// cause replaces a transport error by what is safe to print. net/http puts the URL, and with it the AppSecret, around
// every error, and quotes what a server sent, which may be our own request.
func cause(err error) error {
	for _, known := range []error{context.Canceled, context.DeadlineExceeded, io.ErrUnexpectedEOF, io.EOF,
		syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.EPIPE, syscall.EHOSTUNREACH, syscall.ENETUNREACH, os.ErrDeadlineExceeded} {
		if errors.Is(err, known) {
			return known
		}
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return errors.New("host name does not resolve")
	}
	var certificate *tls.CertificateVerificationError
	if errors.As(err, &certificate) {
		return errors.New("TLS certificate not accepted")
	}
	return errors.New("transport failure")
}
