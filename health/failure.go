package health

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"syscall"
)

// The kinds a failure gets when the check does not name one itself. A kind is short, stable and free of addresses, so it
// may be shown to anybody.
const (
	KindTimeout = "timeout" // no answer in time, or an earlier check still has not come back
	KindRefused = "refused" // nobody listens there
	KindReset   = "reset"   // the connection was cut
	KindDNS     = "dns"     // the name was not found
	KindTLS     = "tls"     // the handshake or the certificate
	KindPanic   = "panic"   // a defect in the check
	KindError   = "error"   // anything else
)

// ErrUnknownProbe says that no probe has the name asked for.
var ErrUnknownProbe = errors.New("health: no such probe")

// ErrRunning is returned by a second Run while the first has not ended.
var ErrRunning = errors.New("health: monitor is already running")

// Failure is a failed look with a kind that is fit for the public. A check returns one to name its own kind ("bad_answer",
// "store_full"), whose words are in Config.Words; every other error is given one of the Kind constants.
type Failure struct {
	Kind string // a short stable word
	Err  error  // the whole story, for the log only
}

// Error gives kind and cause; it is for logs.
func (f *Failure) Error() string { return fmt.Sprintf("%s: %v", f.Kind, f.Err) }

// Unwrap gives the cause.
func (f *Failure) Unwrap() error { return f.Err }

// panicked is the cause of a KindPanic failure; the stack goes to the log once, with the change of state.
type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("check panicked: %v", p.value) }

// kindOf finds the public word for an error; "" for nil.
func kindOf(err error) string {
	var named *Failure
	switch {
	case err == nil:
		return ""
	case errors.As(err, &named) && named.Kind != "":
		return named.Kind
	case isTimeout(err):
		return KindTimeout
	case errors.Is(err, syscall.ECONNREFUSED):
		return KindRefused
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return KindReset
	case isDNS(err):
		return KindDNS
	case isTLS(err):
		return KindTLS
	}
	return KindError
}

func isTimeout(err error) bool {
	var netErr net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &netErr) && netErr.Timeout()
}

func isDNS(err error) bool {
	var dnsErr *net.DNSError
	return errors.As(err, &dnsErr)
}

func isTLS(err error) bool {
	var (
		certificate *tls.CertificateVerificationError
		record      tls.RecordHeaderError
		alert       tls.AlertError
		authority   x509.UnknownAuthorityError
		hostname    x509.HostnameError
	)
	return errors.As(err, &certificate) || errors.As(err, &record) || errors.As(err, &alert) ||
		errors.As(err, &authority) || errors.As(err, &hostname)
}

var address = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^\s"]+`)

// logText is the error's whole text, with every URL cut down to scheme and host: net/http quotes the URL it called, and a URL
// may carry a token, a password or an AppSecret.
func logText(err error) string { return address.ReplaceAllStringFunc(err.Error(), origin) }

func origin(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "(address withheld)"
	}
	return u.Scheme + "://" + u.Host
}
