package erpclient_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"snowgate/erpclient"
	"snowgate/erpclient/erptest"
)

// pair is a world whose ERP has a standby, with sessions of its own, and where last good answers are kept.
type pair struct {
	*world
	standby *erptest.Driver
	answers *erptest.Answers
}

func newPair() *pair {
	p := &pair{world: newWorld(), standby: &erptest.Driver{Name: "standby-"}, answers: &erptest.Answers{}}
	p.erp.Name = "primary-"
	return p
}

// client is a new replica that asks both. change, which may be nil, sees the configuration last.
func (p *pair) client(change func(*erpclient.Config)) *erpclient.Client {
	cfg := p.config()
	if change != nil {
		change(&cfg)
	}
	return erpclient.New(cfg, p.erp, p.standby)
}

func (p *pair) config() erpclient.Config {
	return erpclient.Config{
		Sessions: p.sessions, Keyring: p.keyring, Answers: p.answers,
		Service: erpclient.Credentials{Account: "service", Secret: "digest:service"},
		Logger:  slog.New(slog.DiscardHandler),
	}
}

// script has both channels do the same.
func (p *pair) script(before func(context.Context, string) error) {
	p.erp.Script(before)
	p.standby.Script(before)
}

// run does the client's work beside the requests until the test ends, and wants it to end then. A login that it began
// gets the time to end as well.
func run(t *testing.T, c *erpclient.Client) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
		<-time.After(time.Minute)
	})
}

// traced asks, and returns what the trace tells of it.
func traced(t *testing.T, ask func(context.Context) error) (erpclient.Trail, error) {
	t.Helper()
	ctx, trace := erpclient.WithTrace(t.Context())
	err := ask(ctx)
	return trace.Trail(), err
}

// wantSource asks within limit and wants the answer from source.
func wantSource(t *testing.T, source erpclient.Source, limit time.Duration, ask func(context.Context) error) erpclient.Trail {
	t.Helper()
	start := time.Now()
	trail, err := traced(t, ask)
	if err != nil {
		t.Fatalf("got %v after %v, want an answer", err, trail.Attempts)
	}
	if took := time.Since(start); took > limit {
		t.Errorf("the answer took %s, want at most %s", took, limit)
	}
	if trail.Source != source {
		t.Errorf("got an answer that is %s, want %s", trail.Source, source)
	}
	return trail
}

// searching asks for the list that the keyword names.
func searching(c *erpclient.Client, id erpclient.Identity, keyword string) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := search(ctx, c, id, keyword)
		return err
	}
}

// takeOut opens the primary's breaker for reads, so that the standby is in use. The client must not retry.
func (p *pair) takeOut(t *testing.T, c *erpclient.Client) {
	t.Helper()
	p.erp.Script(erptest.Fail(erpclient.KindUnavailable))
	for range 5 {
		wantSource(t, erpclient.SourceStandby, 0, searching(c, alice, "until it opens"))
	}
	p.erp.Script(nil)
	wantInUse(t, c, "standby")
}

// wantInUse wants exactly this channel to be the one that reads ask first.
func wantInUse(t *testing.T, c *erpclient.Client, name string) {
	t.Helper()
	for _, ch := range c.Status().Channels {
		if ch.InUse != (ch.Name == name) {
			t.Fatalf("channel %s: in use is %v, want %s in use alone", ch.Name, ch.InUse, name)
		}
	}
}
