package tryton

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"snowgate/erpclient"
	"snowgate/erpclient/erphttp"
)

// The classes of failure that Tryton names (trytond.exceptions). Any other text in their place is an error inside Tryton,
// with whatever its text gives away: a field, a file's path, SQL.
const (
	userError            = "UserError"
	userWarning          = "UserWarning"
	concurrencyException = "ConcurrencyException"
	loginException       = "LoginException"
)

// lockout is how long Tryton counts failed logins, and so how long it refuses further ones: its session.timeout. It sends
// no Retry-After. Each try that it refuses in between is counted as well.
const lockout = 5 * time.Minute

// refusal is a UserError. Its text, which may quote records and rules, only decides what kind it is: see refusedAs.
type refusal struct{ text string }

// Error names the class only.
func (refusal) Error() string { return userError }

// failure reads the error of an envelope, whose first element is the class.
func failure(op string, raw json.RawMessage) error {
	var parts []json.RawMessage
	_ = json.Unmarshal(raw, &parts) // anything but a list has no class
	class := ""
	if len(parts) > 0 {
		_ = json.Unmarshal(parts[0], &class)
	}
	switch class {
	case userError:
		return &erpclient.Error{Op: op, Kind: erpclient.KindInvalid, Err: refusal{firstText(parts)}}
	case userWarning, concurrencyException:
		return erpclient.Errorf(op, erpclient.KindConflict, "%s", class)
	case loginException:
		return erpclient.Errorf(op, erpclient.KindNotSupported, "%s: it asks for more than a password", class)
	default:
		return erpclient.Errorf(op, erpclient.KindBadAnswer, "an error inside Tryton (no such database, model or field, say)")
	}
}

// firstText is what a person would be shown. What follows it may be a dump of field definitions.
func firstText(parts []json.RawMessage) (text string) {
	var told []json.RawMessage
	if len(parts) < 2 || json.Unmarshal(parts[1], &told) != nil || len(told) == 0 {
		return ""
	}
	_ = json.Unmarshal(told[0], &text) // no text is an empty one
	return text
}

// refusedAs gives a UserError its kind, and lets go of its text; other errors stay as they are.
func refusedAs(err error, kind func(text string) erpclient.Kind) error {
	var e *erpclient.Error
	var r refusal
	if errors.As(err, &e) && errors.As(err, &r) {
		e.Kind, e.Err = kind(r.text), refusal{}
	}
	return err
}

// saidNo reports that Tryton has looked at a call and refused it: nothing of it has happened.
func saidNo(err error) bool {
	switch erpclient.KindOf(err) {
	case erpclient.KindInvalid, erpclient.KindConflict, erpclient.KindForbidden, erpclient.KindNotFound:
		return true
	default:
		return false
	}
}

// refusalKind tells refusals apart by Tryton's English messages (ir/message.xml). What is none of them is about the values.
func refusalKind(text string) erpclient.Kind {
	switch {
	case strings.Contains(text, "not allowed to read records"), strings.Contains(text, "don't exist anymore"):
		return erpclient.KindNotFound
	case strings.Contains(text, "not allowed"):
		return erpclient.KindForbidden
	default:
		return erpclient.KindInvalid
	}
}

// statusError is what an HTTP status means here. With a message of three keys Tryton itself uses only the first few.
func statusError(op string, got *erphttp.Answer) error {
	switch got.Status {
	case http.StatusUnauthorized:
		return erpclient.Errorf(op, erpclient.KindSessionExpired, "http status %d", got.Status)
	case http.StatusTooManyRequests:
		e := erpclient.Errorf(op, erpclient.KindTooManyAttempts, "http status %d", got.Status)
		if e.RetryAfter = erphttp.RetryAfter(got.Header, time.Now()); e.RetryAfter == 0 {
			e.RetryAfter = lockout
		}
		return e
	}
	if err := got.StatusError(op); err != nil && erpclient.KindOf(err).Unhealthy() {
		return err
	}
	// 403 is a method that is not public, 404 a path: nothing about a record, nor about the caller.
	return erpclient.Errorf(op, erpclient.KindBadAnswer, "http status %d", got.Status)
}
