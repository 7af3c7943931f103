package wxmsg

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/singleflight"
)

// TokenStore shares the access_token of the one mini-program between replicas. What it keeps is sealed by the
// implementation.
type TokenStore interface {
	// LoadToken returns what was saved last; ok is false when there is nothing, or its ttl is over.
	LoadToken(ctx context.Context) (token []byte, ok bool, err error)
	SaveToken(ctx context.Context, token []byte, ttl time.Duration) error
	// DropToken removes the token only if it is still this one.
	DropToken(ctx context.Context, token []byte) error
	// Lock waits for the lease on name until ctx ends.
	Lock(ctx context.Context, name string, lease time.Duration) (unlock func(), err error)
}

const (
	// tokenMargin is how long before its end a token is no longer handed out by the store. In these last five minutes
	// WeChat gives a new one, and takes both.
	tokenMargin = 5 * time.Minute
	// tokenGrace is how far into the margin a token still serves where no other can be had.
	tokenGrace = 4 * time.Minute
	// maxTokenLife is the longest life WeChat's page knows, minTokenLife keeps a token that is nearly over from being
	// fetched for every message.
	maxTokenLife = 2 * time.Hour
	minTokenLife = 30 * time.Second
	// tokenFresh is how long the process's copy is not held against the store's: what another replica has dropped is
	// used no longer than that.
	tokenFresh = time.Minute
	// storePause is how long a store that failed is left alone while the copy serves.
	storePause = time.Second
	// dropPause bounds the fetches when WeChat refuses every token it gives: within it a second drop is not believed.
	dropPause = 2 * time.Second

	tokenLock = "wechat access_token"
	// tokenLease outlives a fetch, and tokenPatience the lease of an owner that died, with a fetch after it.
	tokenLease    = 10 * time.Second
	tokenPatience = 2 * tokenLease

	// A failed fetch is repeated after 1 s, doubled up to 30 s; what only a person can mend once a minute.
	backoffFrom   = time.Second
	backoffTo     = 30 * time.Second
	refusalMemory = time.Minute
)

// Tokens keeps the access_token at hand: a copy in the process, the truth in the store, one fetch at a time in the
// process and across replicas. It is safe for concurrent use.
//
// It asks for the stable token and never forces a new one: that would end the old one at once for every other user of
// the same AppID, and is rationed to 20 a day.
type Tokens struct {
	client *Client
	store  TokenStore
	count  func(outcome string)
	flight singleflight.Group

	mu        sync.Mutex
	kept      keptToken
	dropped   string // not believed when the store still has it; a fetch may bring it back
	droppedAt time.Time
	failed    failedFetch
}

// keptToken is the process's copy.
type keptToken struct {
	token string
	fresh time.Time // until when the store is not asked
	good  time.Time // until when it serves if neither the store nor WeChat has a better one
}

// failedFetch is not repeated until a moment.
type failedFetch struct {
	err   *Error
	times int // in a row
	until time.Time
}

// TokenOption changes what NewTokens makes.
type TokenOption func(*Tokens)

// CountTokens counts the fetches in snowgate_wechat_token_refreshes_total, by outcome: ok or the kind of failure. It
// panics where that name is taken. Without this option nothing is counted.
func CountTokens(r prometheus.Registerer) TokenOption {
	fetches := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "snowgate_wechat_token_refreshes_total",
		Help: "Access tokens asked for at WeChat, by outcome: ok or the kind of failure.",
	}, []string{"outcome"})
	r.MustRegister(fetches)
	return func(t *Tokens) { t.count = func(outcome string) { fetches.WithLabelValues(outcome).Inc() } }
}

// NewTokens makes a Tokens; nothing is fetched yet.
func NewTokens(c *Client, store TokenStore, options ...TokenOption) *Tokens {
	t := &Tokens{client: c, store: store, count: func(string) {}}
	for _, change := range options {
		change(t)
	}
	return t
}

// Token returns an access_token that is good for some minutes at least: the process's copy, else the store's, else a
// new one. The end of ctx ends the waiting, not the fetch that others wait for as well.
//
// Errors: *Error when WeChat gives none, and the same error at once until a back-off is over (RetryAfter tells when);
// the store's own error when it fails and the process has no copy; ctx's error. Each came before any message was sent.
func (t *Tokens) Token(ctx context.Context) (string, error) {
	if token, err := t.known(); token != "" || err != nil {
		return token, err
	}
	fetched := t.flight.DoChan("", func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tokenPatience)
		defer cancel()
		return t.renew(ctx)
	})
	select {
	case <-ctx.Done():
		return "", fmt.Errorf("wechat %s: %w", opToken, ctx.Err())
	case result := <-fetched:
		token, _ := result.Val.(string)
		return token, result.Err
	}
}

// Drop is for a token that WeChat has refused: it is forgotten here and in the store, unless it has been replaced
// already. Right after another drop nothing happens, because a WeChat that refuses its newest token will refuse the
// next one too. Returns the store's error; Token does not return the refused one even then.
func (t *Tokens) Drop(ctx context.Context, used string) error {
	if !t.forget(used) {
		return nil
	}
	if err := t.store.DropToken(ctx, []byte(used)); err != nil {
		return fmt.Errorf("wechat access_token: %w", err)
	}
	return nil
}

func (t *Tokens) forget(used string) bool {
	now := t.client.now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if used == "" || t.kept.token != used || !t.droppedAt.IsZero() && now.Sub(t.droppedAt) < dropPause {
		return false
	}
	t.kept, t.dropped, t.droppedAt = keptToken{}, used, now
	return true
}

// known is what can be said without asking anybody: neither a token nor an error when that is nothing.
func (t *Tokens) known() (string, error) {
	now := t.client.now()
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case now.Before(t.kept.fresh):
		return t.kept.token, nil
	case !now.Before(t.failed.until):
		return "", nil
	case now.Before(t.kept.good):
		return t.kept.token, nil
	}
	again := *t.failed.err
	again.RetryAfter = t.failed.until.Sub(now)
	return "", &again
}

// renew takes what another replica has fetched, else fetches. It asks known again, because the last flight may have
// landed between that question and this take-off.
func (t *Tokens) renew(ctx context.Context) (string, error) {
	if token, err := t.known(); token != "" || err != nil {
		return token, err
	}
	token, err := t.shared(ctx)
	if token == "" && err == nil {
		token, err = t.fetchAlone(ctx)
	}
	if err == nil {
		return token, nil
	}
	if kept := t.stopgap(); kept != "" {
		return kept, nil
	}
	return "", err
}

// stopgap is the copy that is past its best and better than nothing.
func (t *Tokens) stopgap() string {
	now := t.client.now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if !now.Before(t.kept.good) {
		return ""
	}
	t.kept.fresh = now.Add(storePause)
	return t.kept.token
}

// shared returns the store's token, or "" when it has none that will do.
func (t *Tokens) shared(ctx context.Context) (string, error) {
	raw, ok, err := t.store.LoadToken(ctx)
	if err != nil {
		return "", fmt.Errorf("wechat access_token: %w", err)
	}
	if token := string(raw); ok && t.take(token) {
		t.client.note(opToken, nil) // another replica was not refused
		return token, nil
	}
	return "", nil
}

// take keeps a token of the store's. How long it has been there is unknown, but what the store gives out is good for
// its margin at least.
func (t *Tokens) take(token string) bool {
	now := t.client.now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if token == "" || token == t.dropped {
		return false
	}
	good := now.Add(tokenGrace)
	if token == t.kept.token && t.kept.good.After(good) {
		good = t.kept.good
	}
	t.kept, t.failed = keptToken{token, now.Add(tokenFresh), good}, failedFetch{}
	return true
}

// fetchAlone fetches while no other replica does, unless one has just done it.
func (t *Tokens) fetchAlone(ctx context.Context) (string, error) {
	unlock, err := t.store.Lock(ctx, tokenLock, tokenLease)
	if err != nil {
		return "", fmt.Errorf("wechat access_token: %w", err)
	}
	defer unlock()
	if token, err := t.shared(ctx); token != "" || err != nil {
		return token, err
	}
	token, ttl, failure := t.client.stableToken(ctx)
	t.client.note(opToken, failure)
	if failure != nil {
		t.count(string(failure.Kind))
		return "", t.remember(failure)
	}
	t.count("ok")
	t.keep(token, ttl)
	// Where saving fails, this process has its token and the others fetch the same one.
	_ = t.store.SaveToken(ctx, []byte(token), ttl)
	return token, nil
}

func (t *Tokens) keep(token string, ttl time.Duration) {
	now := t.client.now()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = keptToken{token, now.Add(min(ttl, tokenFresh)), now.Add(ttl + tokenGrace)}
	t.dropped, t.failed = "", failedFetch{}
}

// remember returns the failure as others will be told it until the back-off is over.
func (t *Tokens) remember(failure *Error) error {
	now := t.client.now()
	t.mu.Lock()
	defer t.mu.Unlock()
	pause := backoff(failure, t.failed.times)
	t.failed = failedFetch{failure, t.failed.times + 1, now.Add(pause)}
	told := *failure
	told.RetryAfter = pause
	return &told
}

// backoff is how long after a failure nothing is fetched, when there were so many before it in a row. Jitter keeps
// replicas from asking in step.
func backoff(failure *Error, before int) time.Duration {
	switch failure.Kind {
	case KindMisconfigured, KindQuota: // an administrator can end both at any time
		return refusalMemory
	case KindRateLimited:
		return failure.RetryAfter
	}
	pause := min(backoffFrom<<min(before, 5), backoffTo)
	return pause*3/4 + rand.N(pause/2) //nolint:gosec // jitter, not a secret
}
