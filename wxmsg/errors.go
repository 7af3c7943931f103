package wxmsg

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
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
	KindTimeout       Kind = "timeout"       // no answer in time: the code may have been spent, the message sent
	KindBadAnswer     Kind = "bad answer"    // not what the documentation promises, an unknown errcode included

	KindToken       Kind = "access token refused" // also after another one was fetched; later
	KindNoConsent   Kind = "no consent"           // never subscribed, refused, or every one-time subscription used up
	KindConcurrent  Kind = "concurrent send"      // another message to this openid is on its way; shortly
	KindBanned      Kind = "banned"               // WeChat took the ability to send away; an administrator has to act
	KindTemplate    Kind = "template invalid"     // not a template of this mini-program
	KindOpenID      Kind = "openid invalid"       // empty, or of another mini-program
	KindPage        Kind = "page invalid"         // the released version has no such page
	KindData        Kind = "data invalid"         // a value breaks its keyword's rule, or holds a forbidden word
	KindUnsupported Kind = "call unsupported"     // WeChat has shut this call down
)

// Error is what a call of this package returns. Its text holds no URL, no secret, no token, no login code, and of
// WeChat's errmsg the request id and a keyword's name only.
type Error struct {
	Op         string        // the call
	Kind       Kind          // what to do
	ErrCode    int           // WeChat's errcode; 0 when there was no such answer
	RID        string        // WeChat's request id, which their support asks for; may be empty
	Keyword    string        // the keyword WeChat complains about, such as thing1; may be empty
	RetryAfter time.Duration // how long to wait; 0 when waiting is no remedy, or its length unknown
	Err        error         // the cause, where it was not WeChat's answer

	unsent bool // nothing of the request's body has left. False when in doubt
}

func (e *Error) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "wechat %s: %s", e.Op, e.Kind)
	if e.ErrCode != 0 {
		fmt.Fprintf(&text, " (errcode %d", e.ErrCode)
		if e.Keyword != "" {
			fmt.Fprintf(&text, ", keyword %s", e.Keyword)
		}
		if e.RID != "" {
			fmt.Fprintf(&text, ", rid %s", e.RID)
		}
		text.WriteString(")")
	}
	if e.Err != nil {
		fmt.Fprintf(&text, ": %v", e.Err)
	}
	if e.unsent {
		text.WriteString(", before anything was sent")
	}
	return text.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

const notTheJSON = "the answer is not the JSON that was expected"

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
	return &Error{Op: op, Kind: kind, Err: cause(err), unsent: isUnsent(err)}
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
