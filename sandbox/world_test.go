package sandbox

import (
	"context"
	"testing"

	"github.com/redis/go-redis/v9"
)

func TestWorldStartsAndEnds(t *testing.T) {
	w, err := Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	loggedIn(t, w.ERP, w.ERPURL, "alice.chen")
	if got := newWeChatClient(t, w.WeChat, w.WeChatURL).login("test-alice"); text(got["openid"]) == "" {
		t.Errorf("WeChat: %v", got)
	}
	opts, err := redis.ParseURL(w.RedisURL)
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(opts)
	if err := c.Ping(t.Context()).Err(); err != nil {
		t.Errorf("Redis: %v", err)
	}
	_ = c.Close()

	if err := w.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Errorf("Close again: %v", err)
	}
	for _, url := range []string{w.ERPURL, w.WeChatURL} {
		if _, err := tryAsk(t.Context(), plainClient(t), "GET", url+"/__sandbox/faults", nil); err == nil {
			t.Errorf("%s still answers", url)
		}
	}
}

// TestWorldCloseEndsHeldRequests: goleak, run after all tests, sees what stays behind.
func TestWorldCloseEndsHeldRequests(t *testing.T) {
	w, err := Start()
	if err != nil {
		t.Fatal(err)
	}
	w.ERP.SetFaults(Fault{Kind: "hang", Times: 1})
	c := plainClient(t)
	ended := make(chan error, 1)
	go func() {
		_, err := tryAsk(context.Background(), c, "GET", w.ERPURL+"/apps/login", nil)
		ended <- err
	}()
	eventually(t, "the request is held", func() bool { return len(w.ERP.Faults()) == 0 })
	if err := w.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if <-ended == nil {
		t.Error("a held request was answered")
	}
}
