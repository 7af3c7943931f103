package gateway

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"snowgate/erpclient"
	"snowgate/session"
	"snowgate/wxmsg"
	"snowgate/wxmsg/queue"
)

// fault is a problem met by one request. Only the problem, the field's name and the waiting time reach the client;
// the cause is for the log.
type fault struct {
	*problem
	field      string
	retryAfter time.Duration
	data       any
	cause      error
}

func (f *fault) Error() string {
	if f.cause == nil {
		return f.Name
	}
	return f.Name + ": " + f.cause.Error()
}

func (f *fault) Unwrap() error { return f.cause }

// because makes a fault with its cause.
func (p *problem) because(cause error) *fault { return &fault{problem: p, cause: cause} }

// in makes a fault that names the field.
func (p *problem) in(field string) *fault { return &fault{problem: p, field: field} }

// after makes a fault that tells when to come back.
func (p *problem) after(wait time.Duration, cause error) *fault {
	return &fault{problem: p, retryAfter: wait, cause: cause}
}

// storeRetry is when to come back after Redis was away: it is back within seconds or an admin is on the way.
const storeRetry = 2 * time.Second

// faultFor is the one place where what went wrong becomes what the client sees. It never says 401: that a session is gone
// is known where sessions are looked up (admitMember), and nothing met later on the way may look like it.
func faultFor(err error) *fault {
	var (
		own     *fault
		erp     *erpclient.Error
		wx      *wxmsg.Error
		data    *wxmsg.DataError
		echoErr *echo.HTTPError
	)
	switch {
	case errors.As(err, &own):
		return own
	case errors.Is(err, session.ErrNotBound), errors.Is(err, session.ErrUnreadable): // its sealing key was dropped: bind again
		return erpNotBound.because(err)
	case errors.Is(err, session.ErrUnavailable), errors.Is(err, queue.ErrUnavailable):
		return storeUnavailable.after(storeRetry, err)
	case errors.As(err, &erp):
		return erpFault(erp, err)
	case errors.Is(err, queue.ErrNotFound):
		return notFound.because(err)
	case errors.Is(err, queue.ErrKeyReused):
		return keyReused.because(err)
	case errors.Is(err, queue.ErrNoConsent):
		return noConsent.because(err)
	case errors.Is(err, queue.ErrState):
		return conflict.because(err)
	case errors.As(err, &data):
		return &fault{problem: templateDataInvalid, field: dataField(data), cause: err}
	case errors.As(err, &wx):
		return wxFault(wx, err)
	case errors.As(err, &echoErr):
		return echoFault(echoErr, err)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return storeUnavailable.after(storeRetry, err)
	default:
		return internal.because(err)
	}
}

// dataField names the keyword; one that is no keyword at all is a client's own text, and not repeated.
func dataField(e *wxmsg.DataError) string {
	if e.Keyword == "" {
		return "data"
	}
	return "data." + e.Keyword
}

// erpFaults maps the kinds that mean the same wherever they happen.
var erpFaults = map[erpclient.Kind]*problem{
	erpclient.KindBadCredentials:  erpNotBound, // at renewal: the password was changed, the binding has ended
	erpclient.KindTooManyAttempts: tooManyAttempts,
	erpclient.KindSessionExpired:  erpBadAnswer, // the client renews sessions itself; one that leaves it is an ERP contradicting itself
	erpclient.KindForbidden:       forbidden,
	erpclient.KindNotFound:        notFound,
	erpclient.KindInvalid:         badField,
	erpclient.KindConflict:        conflict,
	erpclient.KindBusy:            erpBusy,
	erpclient.KindUnavailable:     erpUnavailable,
	erpclient.KindTimeout:         erpTimeout,
	erpclient.KindBadAnswer:       erpBadAnswer,
	erpclient.KindOutcomeUnknown:  outcomeUnknown,
	erpclient.KindNotSupported:    notSupported,
}

// erpRetry is when to come back where the ERP did not say.
const erpRetry = 5 * time.Second

// lockRetry is when to come back where an ERP refuses further log-ins without saying for how long: a quarter of an hour
// is what they usually lock an account for, and trying earlier may prolong it.
const lockRetry = 15 * time.Minute

func erpFault(e *erpclient.Error, err error) *fault {
	p, ok := erpFaults[e.Kind]
	if !ok {
		return internal.because(err)
	}
	wait := e.RetryAfter
	if wait == 0 && (p == erpBusy || p == erpUnavailable || p == erpTimeout) {
		wait = erpRetry
	}
	if wait == 0 && p == tooManyAttempts {
		wait = lockRetry
	}
	return p.after(wait, err)
}

var wxFaults = map[wxmsg.Kind]*problem{
	wxmsg.KindCodeInvalid:   wxCodeInvalid,
	wxmsg.KindUserBlocked:   wxUserBlocked,
	wxmsg.KindRateLimited:   rateLimited,
	wxmsg.KindQuota:         wxUnavailable,
	wxmsg.KindBusy:          wxUnavailable,
	wxmsg.KindMisconfigured: wxUnavailable,
	wxmsg.KindUnavailable:   wxUnavailable,
	wxmsg.KindTimeout:       wxTimeout,
	wxmsg.KindBadAnswer:     wxBadAnswer,
}

func wxFault(e *wxmsg.Error, err error) *fault {
	p, ok := wxFaults[e.Kind]
	if !ok {
		return internal.because(err)
	}
	wait := e.RetryAfter
	if wait == 0 && (p == wxUnavailable || p == rateLimited) {
		wait = erpRetry
	}
	return p.after(wait, err)
}

// echoFault translates what the router itself says. Its texts are not used.
func echoFault(e *echo.HTTPError, err error) *fault {
	switch e.Code {
	case http.StatusNotFound:
		return notFound.because(err)
	case http.StatusMethodNotAllowed:
		return methodNotAllowed.because(err)
	case http.StatusRequestEntityTooLarge:
		return tooLarge.because(err)
	case http.StatusUnsupportedMediaType:
		return unsupportedMedia.because(err)
	default:
		return internal.because(err)
	}
}
