package wxmsg

import (
	"errors"
	"io"
	"log"
	"net/http"
	"strings"
	"testing"
)

func silentLog() *log.Logger { return log.New(io.Discard, "", 0) }

func newPost(t *testing.T) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://wechat.invalid/", strings.NewReader("message"))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestABodyThatWasReadMayHaveBeenSent(t *testing.T) {
	broken := errors.New("broken")
	for name, row := range map[string]struct {
		below  roundTrip
		unsent bool
	}{
		"not read": {func(*http.Request) (*http.Response, error) { return nil, broken }, true},
		"closed":   {func(r *http.Request) (*http.Response, error) { _ = r.Body.Close(); return nil, broken }, true},
		"read":     {func(r *http.Request) (*http.Response, error) { _, _ = io.ReadAll(r.Body); return nil, broken }, false},
		"read in part": {func(r *http.Request) (*http.Response, error) {
			_, _ = r.Body.Read(make([]byte, 1))
			return nil, broken
		}, false},
		"read of nothing": {func(r *http.Request) (*http.Response, error) { _, _ = r.Body.Read(nil); return nil, broken }, false},
	} {
		t.Run(name, func(t *testing.T) {
			answer, err := atMostOnce{row.below}.RoundTrip(newPost(t))
			if answer != nil {
				_ = answer.Body.Close()
			}
			if !errors.Is(err, broken) || isUnsent(err) != row.unsent {
				t.Errorf("got %v, unsent %v", err, isUnsent(err))
			}
		})
	}
}

// A transport may have a goroutine that is still about to write when the call has been given up.
func TestABodyThatWasGivenUpCannotBeReadAnyMore(t *testing.T) {
	var late io.Reader
	request := newPost(t)
	answer, err := atMostOnce{roundTrip(func(r *http.Request) (*http.Response, error) {
		late = r.Body
		if r.GetBody != nil {
			t.Error("the body can be had a second time")
		}
		return nil, errors.New("given up")
	})}.RoundTrip(request)
	if answer != nil {
		_ = answer.Body.Close()
	}
	if !isUnsent(err) {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(late); len(got) != 0 || !errors.Is(err, errWithheld) {
		t.Errorf("read %q, %v", got, err)
	}
	if request.GetBody == nil {
		t.Error("the caller's request was changed")
	}
}
