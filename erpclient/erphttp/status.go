package erphttp

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"snowgate/erpclient"
)

// StatusError is what a failing HTTP status means for any ERP, or nil for 2xx. A driver whose ERP gives a status its
// own meaning (Snowbeasts: 403 is a lost session) looks at it first.
func (a *Answer) StatusError(op string) error {
	if a.Status >= 200 && a.Status < 300 {
		return nil
	}
	e := erpclient.Errorf(op, statusKind(a.Status), "http status %d", a.Status)
	e.RetryAfter = RetryAfter(a.Header, time.Now())
	return e
}

func statusKind(status int) erpclient.Kind {
	switch status {
	case http.StatusUnauthorized:
		return erpclient.KindSessionExpired
	case http.StatusForbidden:
		return erpclient.KindForbidden
	case http.StatusNotFound:
		return erpclient.KindNotFound
	case http.StatusConflict:
		return erpclient.KindConflict
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return erpclient.KindInvalid
	case http.StatusTooManyRequests:
		return erpclient.KindBusy
	case http.StatusRequestTimeout, http.StatusGatewayTimeout:
		return erpclient.KindTimeout
	case http.StatusNotImplemented:
		return erpclient.KindNotSupported
	}
	if status >= 500 {
		return erpclient.KindUnavailable
	}
	return erpclient.KindBadAnswer
}

// RetryAfter reads the header in both its forms, seconds and HTTP date (RFC 9110 §10.2.3), a day at most; 0 when absent or
// past.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if s, err := strconv.Atoi(v); err == nil && s > 0 {
		return time.Duration(min(s, 24*60*60)) * time.Second
	}
	if t, err := http.ParseTime(v); err == nil && t.After(now) {
		return min(t.Sub(now), 24*time.Hour)
	}
	return 0
}
