package erphttp_test

import (
	"net/http"
	"testing"
	"time"

	"snowgate/erpclient"
	"snowgate/erpclient/erphttp"
)

func TestStatusError(t *testing.T) {
	tests := map[int]erpclient.Kind{
		200: "", 201: "", 204: "", 299: "",
		301: erpclient.KindBadAnswer, 302: erpclient.KindBadAnswer, 304: erpclient.KindBadAnswer,
		400: erpclient.KindInvalid, 401: erpclient.KindSessionExpired, 403: erpclient.KindForbidden, 404: erpclient.KindNotFound,
		405: erpclient.KindBadAnswer, 408: erpclient.KindTimeout, 409: erpclient.KindConflict, 418: erpclient.KindBadAnswer,
		422: erpclient.KindInvalid, 429: erpclient.KindBusy,
		500: erpclient.KindUnavailable, 501: erpclient.KindNotSupported, 502: erpclient.KindUnavailable,
		503: erpclient.KindUnavailable, 504: erpclient.KindTimeout, 599: erpclient.KindUnavailable, 999: erpclient.KindUnavailable,
		199: erpclient.KindBadAnswer, 0: erpclient.KindBadAnswer,
	}
	for status, want := range tests {
		err := (&erphttp.Answer{Status: status}).StatusError("order")
		if got := erpclient.KindOf(err); got != want || (err == nil) != (want == "") {
			t.Errorf("%d: got %v, want kind %q", status, err, want)
		}
	}
}

func TestStatusErrorCarriesRetryAfter(t *testing.T) {
	a := &erphttp.Answer{Status: 503, Header: http.Header{"Retry-After": {"7"}}}
	err, ok := a.StatusError("order").(*erpclient.Error) //nolint:errorlint // it is promised to be this very type
	if !ok || err.RetryAfter != 7*time.Second || err.Op != "order" {
		t.Errorf("got %+v, want RetryAfter of 7 s for order", err)
	}
}

func TestRetryAfterInBothItsForms(t *testing.T) {
	now := time.Date(2026, 1, 31, 10, 20, 30, 0, time.UTC)
	tests := []struct {
		name, header string
		want         time.Duration
	}{
		{"absent", "", 0}, {"seconds", "120", 2 * time.Minute}, {"with spaces", " 5 ", 5 * time.Second},
		{"none", "0", 0}, {"negative", "-3", 0}, {"a fraction", "1.5", 0}, {"words", "soon", 0},
		{"a year is cut to a day", "31536000", 24 * time.Hour}, {"too many digits", "99999999999999999999", 0},
		{"a date", "Sat, 31 Jan 2026 10:21:00 GMT", 30 * time.Second},
		{"an old form of a date", "Saturday, 31-Jan-26 10:21:00 GMT", 30 * time.Second},
		{"a past date", "Sat, 31 Jan 2026 10:20:00 GMT", 0}, {"now", "Sat, 31 Jan 2026 10:20:30 GMT", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := http.Header{}
			if tt.header != "" {
				h.Set("Retry-After", tt.header)
			}
			if got := erphttp.RetryAfter(h, now); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
