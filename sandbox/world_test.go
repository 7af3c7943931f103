package sandbox

import (
	"context"
	"strings"
	"testing"
	"time"

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
	key := "Bearer " + w.PSI.APIKey()
	if got := ask(t, plainClient(t), "GET", w.PSIURL+"/api/warehouse/list", nil, "Authorization", key).object(t); text(got["code"]) != "0" {
		t.Errorf("PSI: %v", got)
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
	for _, url := range []string{w.ERPURL, w.PSIURL, w.WeChatURL} {
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

func TestWorldCanHaveOrdersUpToToday(t *testing.T) {
	today := time.Now()
	w, err := StartOn(today)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	orders := w.ERP.Orders("")
	if got, want := orders[len(orders)-1].Code, "SO"+today.Format("20060102"); !strings.HasPrefix(got, want) {
		t.Errorf("the newest order is %s, want one of %s", got, want)
	}
}
