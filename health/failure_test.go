package health

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"time"
)

func TestKindsAreShortWordsWithoutAddresses(t *testing.T) {
	tests := map[string]struct {
		err  error
		want string
	}{
		"none":             {nil, ""},
		"named":            {fmt.Errorf("look: %w", &Failure{"store_full", errSick}), "store_full"},
		"named by nothing": {&Failure{"", context.DeadlineExceeded}, KindTimeout},
		"deadline":         {fmt.Errorf("ping: %w", context.DeadlineExceeded), KindTimeout},
		"net timeout":      {&net.OpError{Op: "read", Err: &net.DNSError{IsTimeout: true}}, KindTimeout},
		"refused":          {&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, KindRefused},
		"reset":            {&net.OpError{Op: "read", Err: syscall.ECONNRESET}, KindReset},
		"broken pipe":      {fmt.Errorf("write: %w", syscall.EPIPE), KindReset},
		"dns":              {&net.DNSError{Err: "no such host", Name: "erp.internal"}, KindDNS},
		"tls alert":        {fmt.Errorf("dial: %w", tls.AlertError(40)), KindTLS},
		"other":            {errSick, KindError},
	}
	for name, test := range tests {
		if got := kindOf(test.err); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func TestKindsOfRealConnections(t *testing.T) {
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	hanging, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = hanging.Close() })

	tests := map[string]struct{ url, want string }{
		"certificate nobody signed": {secure.URL, KindTLS},
		"no TLS over there":         {"https" + plain.URL[len("http"):], KindError}, // net/http replaces the typed error
		"nobody listens":            {gone.URL, KindRefused},
		"nobody answers":            {"http://" + hanging.Addr().String(), KindTimeout},
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for name, test := range tests {
		patience := time.Minute // a busy machine takes its time for a handshake
		if test.want == KindTimeout {
			patience = 100 * time.Millisecond
		}
		m := NewMonitor(quiet(), Probe{Name: "erp", Timeout: patience, Check: func(ctx context.Context) error { return get(ctx, client, test.url) }})
		if got := look(t, m, "erp").LastError; got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func get(ctx context.Context, client *http.Client, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	return response.Body.Close()
}

func TestAFailureCanBeUnwrappedAndTellsTheLogEverything(t *testing.T) {
	err := error(&Failure{"bad_answer", errSick})
	if !errors.Is(err, errSick) {
		t.Error("the cause is lost")
	}
	if got, want := err.Error(), "bad_answer: sick at 10.0.0.7"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestLogTextCarriesNoSecretOfAURL(t *testing.T) {
	tests := map[string]string{ //nolint:gosec // invented secrets: that they vanish is the test
		`Get "https://api.weixin.qq.com/cgi-bin/token?secret=S": EOF`: `Get "https://api.weixin.qq.com": EOF`,
		`dial redis://user:pw@127.0.0.1:6379/0 failed`:                `dial redis://127.0.0.1:6379 failed`,
		`parse "redis://:p/w@h": invalid port`:                        `parse "(address withheld)": invalid port`,
		`two: http://a/?x=1 and http://b/?y=2`:                        `two: http://a and http://b`,
		`nothing to hide`:                                             `nothing to hide`,
	}
	for text, want := range tests {
		if got := logText(errors.New(text)); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}
