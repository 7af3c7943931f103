package erphttp_test

import (
	"bufio"
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"snowgate/erpclient"
	"snowgate/erpclient/erphttp"
)

// wire is a transport whose other end has written these bytes.
type wire []byte

func (w wire) RoundTrip(req *http.Request) (*http.Response, error) {
	return http.ReadResponse(bufio.NewReader(bytes.NewReader(w)), req)
}

// Whatever stands on the wire is an answer read whole and within its bound, or an error of a kind that tells how the ERP
// is; neither names the address that was asked.
func FuzzDo(f *testing.F) {
	for _, raw := range []string{
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"HTTP/1.1 302 Found\r\nLocation: http://elsewhere.example/\r\nSet-Cookie: sid=1\r\nSet-Cookie: =;;\r\n\r\n", "HTTP/1.1 429 x\r\nRetry-After: 7\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x00", "HTTP/1.1 503 x\r\nRetry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\n\r\n", "HTTP/1.0 99 \r\n\r\n", "",
		"HTTP/1.1 200 OK\r\n\r\n" + strings.Repeat("x", 600),
	} {
		f.Add([]byte(raw))
	}
	const bound = 512
	f.Fuzz(func(t *testing.T, raw []byte) {
		client, err := erphttp.New(erphttp.Config{
			Origin: "https://erp.example", Transport: wire(raw), MaxBodyBytes: bound, Logger: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			t.Fatal(err)
		}
		got, err := client.Do(t.Context(), "op", erphttp.Request{Method: http.MethodPost, Path: "/secret-path", Body: map[string]string{"a": "b"}})
		if err != nil {
			var e *erpclient.Error
			if !errors.As(err, &e) || !e.Kind.Unhealthy() || strings.Contains(err.Error(), "secret-path") && !bytes.Contains(raw, []byte("secret-path")) {
				t.Errorf("%v", err)
			}
			return
		}
		if len(got.Body) > bound {
			t.Errorf("%d bytes were read", len(got.Body))
		}
		if failed := got.StatusError("op"); (failed == nil) != (got.Status >= 200 && got.Status < 300) {
			t.Errorf("status %d is %v", got.Status, failed)
		}
	})
}

// However long an ERP asks us to stay away, it is a day at most.
func FuzzRetryAfter(f *testing.F) {
	for _, text := range []string{"7", " 7 ", "-1", "0", "99999999999999999999", "1e3", "Fri, 31 Dec 1999 23:59:59 GMT", "Fri, 20 Nov 2026 12:00:09 GMT", "Friday, 20-Nov-26 12:00:09 GMT", ""} {
		f.Add(text)
	}
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		wait := erphttp.RetryAfter(http.Header{"Retry-After": {text}}, now)
		if wait < 0 || wait > 24*time.Hour {
			t.Errorf("%q is %s", text, wait)
		}
	})
}

// An origin is a scheme and a host, or an error that tells no password.
func FuzzOrigin(f *testing.F) {
	for _, origin := range []string{"https://erp.example", "http://127.0.0.1:8080/", "https://u:p4ss@erp.example", "https://erp.example/x?y#z", "https://[::1%25eth0]:1", "//x", "https://", "https:///x", "https://a b"} {
		f.Add(origin)
	}
	f.Fuzz(func(t *testing.T, origin string) {
		client, err := erphttp.New(erphttp.Config{Origin: origin, Transport: wire(nil)})
		if err != nil {
			if strings.Contains(err.Error(), "p4ss") {
				t.Errorf("the error tells the password: %v", err)
			}
			return
		}
		if u := client.Origin(); u.Host == "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "http" && u.Scheme != "https" {
			t.Errorf("%q became %s", origin, u)
		}
	})
}
