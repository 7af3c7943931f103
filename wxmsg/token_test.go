package wxmsg

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// mint is a stable_token that gives t1, t2 and so on, or says what it is told to.
type mint struct {
	*wechat
	clock *clock
	store *fakeStore
	says  atomic.Pointer[string] // nil: tokens
	given atomic.Int32
	gate  chan struct{} // not nil: an answer waits for it
}

func newMint(t *testing.T) *mint {
	t.Helper()
	m := &mint{clock: newClock()}
	m.store = newStore(m.clock)
	m.wechat = startWeChat(t, func(w http.ResponseWriter, r *http.Request) {
		if m.gate != nil {
			<-m.gate
		}
		if body := m.says.Load(); body != nil {
			says(*body)(w, r)
			return
		}
		says(fmt.Sprintf(`{"access_token":"%s%d","expires_in":7200}`, testToken, m.given.Add(1)))(w, r)
	})
	m.client.now = m.clock.now
	return m
}

func (m *mint) will(say string) { m.says.Store(&say) }

func (m *mint) tokens() *Tokens { return NewTokens(m.client, m.store) }

// wantToken is the nth that was given.
func wantToken(t *testing.T, tokens *Tokens, n int) {
	t.Helper()
	got, err := tokens.Token(ctx)
	if want := fmt.Sprintf("%s%d", testToken, n); err != nil || got != want {
		t.Fatalf("got %q, %v; want %q", got, err, want)
	}
}

func (m *mint) wantFetches(t *testing.T, want int32) {
	t.Helper()
	if got := m.calls.Load(); got != want {
		t.Fatalf("%d fetches, want %d", got, want)
	}
}

func TestTokenIsAskedForAsDocumentedAndNeverForced(t *testing.T) {
	var asked map[string]any
	var path, query string
	w := startWeChat(t, func(rw http.ResponseWriter, r *http.Request) {
		path, query = r.Method+" "+r.URL.Path, r.URL.RawQuery
		raw, _ := io.ReadAll(r.Body)
		if err := json.Unmarshal(raw, &asked); err != nil {
			t.Error(err)
		}
		says(`{"access_token":"x","expires_in":7200}`)(rw, r)
	})
	if token, err := NewTokens(w.client, newStore(newClock())).Token(ctx); err != nil || token != "x" {
		t.Fatalf("got %q, %v", token, err)
	}
	want := map[string]any{"grant_type": "client_credential", "appid": "wx1", "secret": testSecret, "force_refresh": false}
	if path != "POST /cgi-bin/stable_token" || query != "" || !reflect.DeepEqual(asked, want) {
		t.Errorf("asked %s?%s %v", path, query, asked)
	}
}

func TestTokenIsKeptForItsLifeLessFiveMinutes(t *testing.T) {
	for answer, want := range map[string]time.Duration{
		`"expires_in":7200`:                6900 * time.Second,
		`"expires_in":3000`:                2700 * time.Second,
		`"expires_in":7200,"errcode":0`:    6900 * time.Second,
		`"expires_in":300`:                 30 * time.Second,
		`"expires_in":0`:                   30 * time.Second,
		`"expires_in":-7200`:               30 * time.Second,
		`"errmsg":"ok"`:                    30 * time.Second,
		`"expires_in":9223372036854775807`: 6900 * time.Second,
	} {
		m := newMint(t)
		m.will(`{"access_token":"x",` + answer + `}`)
		if _, err := m.tokens().Token(ctx); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(m.store.saved, []time.Duration{want}) {
			t.Errorf("%s: kept for %v, want %v", answer, m.store.saved, want)
		}
	}
}

func TestOneFetchServesACrowdOnEveryReplica(t *testing.T) {
	m := newMint(t)
	replicas := []*Tokens{m.tokens(), m.tokens(), m.tokens()}
	var crowd sync.WaitGroup
	for i := range 60 {
		crowd.Go(func() { wantToken(t, replicas[i%len(replicas)], 1) })
	}
	crowd.Wait()
	m.wantFetches(t, 1)
	m.clock.wind(2 * time.Hour)
	wantToken(t, replicas[0], 2)
	wantToken(t, replicas[1], 2)
	m.wantFetches(t, 2)
}

func TestWhoGivesUpLeavesTheFetchToTheOthers(t *testing.T) {
	m := newMint(t)
	m.gate = make(chan struct{})
	open := sync.OnceFunc(func() { close(m.gate) })
	t.Cleanup(open)
	tokens := m.tokens()
	first, giveUp := context.WithCancel(ctx)
	gone, served := make(chan error, 1), make(chan error, 1)
	go func() { _, err := tokens.Token(first); gone <- err }()
	eventually(t, "the fetch begins", func() bool { return m.calls.Load() == 1 })
	go func() { _, err := tokens.Token(ctx); served <- err }()
	giveUp()
	if err := <-gone; !errors.Is(err, context.Canceled) || FateOf(err) != FateRetry {
		t.Errorf("who gave up: %v", err)
	}
	open()
	if err := <-served; err != nil {
		t.Errorf("the other: %v", err)
	}
	m.wantFetches(t, 1)
}

func TestAReplicaThatHasToWaitTakesWhatTheOtherFetched(t *testing.T) {
	m := newMint(t)
	unlock, err := m.store.Lock(ctx, tokenLock, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan string, 1)
	go func() { token, _ := m.tokens().Token(ctx); got <- token }()
	eventually(t, "it waits for the lock", func() bool {
		m.store.mu.Lock()
		defer m.store.mu.Unlock()
		return len(m.store.locked) == 2
	})
	if err := m.store.SaveToken(ctx, []byte("theirs"), time.Hour); err != nil {
		t.Fatal(err)
	}
	unlock()
	if token := <-got; token != "theirs" {
		t.Errorf("got %q", token)
	}
	m.wantFetches(t, 0)
}

func TestTheCopyIsHeldAgainstTheStoreOnceAMinute(t *testing.T) {
	m := newMint(t)
	tokens := m.tokens()
	wantToken(t, tokens, 1)
	asked := m.store.loads
	m.clock.wind(tokenFresh - time.Second)
	wantToken(t, tokens, 1)
	if m.store.loads != asked {
		t.Error("the store was asked for a fresh copy")
	}
	m.store.set(func(s *fakeStore) { s.token = []byte(testToken + "9") }) // another replica's
	m.clock.wind(2 * time.Second)
	wantToken(t, tokens, 9)
	m.wantFetches(t, 1)
}

func TestTheCopyServesWhileTheStoreIsGone(t *testing.T) {
	m := newMint(t)
	tokens := m.tokens()
	wantToken(t, tokens, 1)
	m.clock.wind(tokenFresh)
	wantToken(t, tokens, 1) // from the store, which does not tell its age
	m.store.set(func(s *fakeStore) { s.gone = true })
	m.clock.wind(time.Hour)
	wantToken(t, tokens, 1)
	asked := m.store.loads
	wantToken(t, tokens, 1)
	if m.store.loads != asked {
		t.Error("a store that has just failed was asked again")
	}
	m.clock.wind(time.Hour)
	if token, err := tokens.Token(ctx); !errors.Is(err, errStore) || token != "" || FateOf(err) != FateRetry {
		t.Errorf("past its life: %q, %v", token, err)
	}
	if token, err := m.tokens().Token(ctx); !errors.Is(err, errStore) || token != "" {
		t.Errorf("without a copy: %q, %v", token, err)
	}
	m.wantFetches(t, 1)
}

func TestASaveThatFailsCostsNobodyTheToken(t *testing.T) {
	m := newMint(t)
	m.gate = make(chan struct{})
	done := make(chan error, 1)
	go func() { _, err := m.tokens().Token(ctx); done <- err }()
	eventually(t, "the fetch begins", func() bool { return m.calls.Load() == 1 })
	m.store.set(func(s *fakeStore) { s.gone = true })
	close(m.gate)
	if err := <-done; err != nil || m.store.held() != "" {
		t.Errorf("got %v, stored %q", err, m.store.held())
	}
}

func TestAWeChatThatIsDownIsNotStormed(t *testing.T) {
	m := newMint(t)
	tokens := m.tokens()
	m.will(`{"errcode":-1,"errmsg":"system error rid: a-b-c"}`)
	for i, want := range []time.Duration{1, 2, 4, 8, 16, 30, 30} {
		want *= time.Second
		_, err := tokens.Token(ctx)
		first := errorOf(t, err, KindBusy)
		if first.RetryAfter < want*3/4 || first.RetryAfter > want*5/4 || first.RID != "a-b-c" || FateOf(err) != FateRetry {
			t.Errorf("failure %d: %v, again in %v, want about %v", i+1, err, first.RetryAfter, want)
		}
		m.clock.wind(first.RetryAfter / 2)
		for range 20 {
			_, err := tokens.Token(ctx)
			if again := errorOf(t, err, KindBusy); again.RetryAfter != first.RetryAfter-first.RetryAfter/2 {
				t.Errorf("told to wait %v", again.RetryAfter)
			}
		}
		m.wantFetches(t, int32(i)+1)
		m.clock.wind(first.RetryAfter)
	}
	m.says.Store(nil)
	wantToken(t, tokens, 1)
	m.will(`{"errcode":-1}`)
	m.clock.wind(3 * time.Hour)
	_, err := tokens.Token(ctx)
	if e := errorOf(t, err, KindBusy); e.RetryAfter > 2*time.Second {
		t.Errorf("after a success the back-off starts with %v", e.RetryAfter)
	}
}

func TestAnOldTokenBridgesAnOutage(t *testing.T) {
	m := newMint(t)
	tokens := m.tokens()
	wantToken(t, tokens, 1)
	m.will(`{"errcode":40125}`)
	m.clock.wind(7200*time.Second - tokenMargin)
	wantToken(t, tokens, 1)
	m.clock.wind(2 * storePause)
	wantToken(t, tokens, 1)
	m.wantFetches(t, 2)
	m.clock.wind(refusalMemory)
	wantToken(t, tokens, 1)
	m.wantFetches(t, 3)
	m.clock.wind(tokenGrace)
	_, err := tokens.Token(ctx)
	wantError(t, err, KindMisconfigured)
}

// WeChat: access token, table of errcodes. 40001 is about the AppSecret here.
func TestWhatTheTokenEndpointRefuses(t *testing.T) {
	for _, row := range []struct {
		errCode int
		want    Kind
		wait    time.Duration // 0: the back-off of passing trouble
	}{
		{40001, KindMisconfigured, time.Minute},
		{40002, KindMisconfigured, time.Minute},
		{40013, KindMisconfigured, time.Minute},
		{40125, KindMisconfigured, time.Minute},
		{40164, KindMisconfigured, time.Minute},
		{41002, KindMisconfigured, time.Minute},
		{41004, KindMisconfigured, time.Minute},
		{48001, KindMisconfigured, time.Minute},
		{89503, KindMisconfigured, time.Minute},
		{89506, KindMisconfigured, time.Minute},
		{89507, KindMisconfigured, time.Minute},
		{45009, KindQuota, time.Minute},
		{45011, KindRateLimited, 15 * time.Second},
		{-1, KindBusy, 0},
		{40014, KindBadAnswer, 0},
		{99999, KindBadAnswer, 0},
	} {
		t.Run(fmt.Sprint(row.errCode), func(t *testing.T) {
			m := newMint(t)
			tokens := m.tokens()
			m.will(fmt.Sprintf(`{"errcode":%d,"errmsg":"no rid: a-b-c"}`, row.errCode))
			_, err := tokens.Token(ctx)
			e := errorOf(t, err, row.want)
			if e.Op != "stable_token" || e.ErrCode != row.errCode || row.wait != 0 && e.RetryAfter != row.wait || FateOf(err) != FateRetry {
				t.Errorf("got %+v, %v", *e, FateOf(err))
			}
			if got := m.client.Misconfigured() != nil; got != (row.want == KindMisconfigured) {
				t.Errorf("misconfigured: %v", got)
			}
			noSecrets(t, err, m.log)
			m.says.Store(nil)
			m.clock.wind(e.RetryAfter)
			wantToken(t, tokens, 1)
			if m.client.Misconfigured() != nil {
				t.Error("still misconfigured")
			}
		})
	}
}

func TestARefusedSecretIsReportedUntilSomeReplicaHasAToken(t *testing.T) {
	m := newMint(t)
	tokens := m.tokens()
	m.will(`{"errcode":40001}`)
	_, err := tokens.Token(ctx)
	wantError(t, err, KindMisconfigured)
	m.will(`{"openid":"o1","session_key":"k"}`)
	if _, err := m.client.Code2Session(ctx, testCode); err != nil {
		t.Fatal(err)
	}
	wantError(t, m.client.Misconfigured(), KindMisconfigured) // logins that work do not hide it
	if err := m.store.SaveToken(ctx, []byte(testToken+"8"), time.Hour); err != nil {
		t.Fatal(err)
	}
	m.clock.wind(refusalMemory)
	wantToken(t, tokens, 8)
	if err := m.client.Misconfigured(); err != nil {
		t.Errorf("still reported: %v", err)
	}
}

func TestTokenFaultsAreToldApart(t *testing.T) {
	for _, row := range []struct {
		name   string
		answer http.HandlerFunc
		want   Kind
	}{
		{"hang", hangs, KindTimeout},
		{"reset", resets, KindUnavailable},
		{"the request sent back", echoes, KindUnavailable},
		{"502", status(502), KindUnavailable},
		{"html", says("<html>"), KindBadAnswer},
		{"no token", says(`{"expires_in":7200}`), KindBadAnswer},
		{"a number for a token", says(`{"access_token":1,"expires_in":7200}`), KindBadAnswer},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := startWeChat(t, row.answer)
			w.client.timeout = 2 * time.Second
			token, err := NewTokens(w.client, newStore(newClock())).Token(ctx)
			wantError(t, err, row.want)
			if token != "" || w.calls.Load() != 1 || FateOf(err) != FateRetry {
				t.Errorf("got %q after %d calls", token, w.calls.Load())
			}
			noSecrets(t, err, w.log)
		})
	}
}

func TestDropForgetsWhatWasUsedAndNothingNewer(t *testing.T) {
	m := newMint(t)
	tokens := m.tokens()
	wantToken(t, tokens, 1)
	for _, other := range []string{"", testToken + "0", testToken + "2"} {
		if err := tokens.Drop(ctx, other); err != nil || m.store.held() != testToken+"1" {
			t.Fatalf("dropping %q: %v, left %q", other, err, m.store.held())
		}
	}
	if err := tokens.Drop(ctx, testToken+"1"); err != nil || m.store.held() != "" {
		t.Fatalf("%v, left %q", err, m.store.held())
	}
	wantToken(t, tokens, 2)
	if err := tokens.Drop(ctx, testToken+"1"); err != nil || m.store.held() != testToken+"2" {
		t.Errorf("late: %v, left %q", err, m.store.held())
	}
	m.wantFetches(t, 2)
}

func TestDropLeavesAnotherReplicasToken(t *testing.T) {
	m := newMint(t)
	tokens := m.tokens()
	wantToken(t, tokens, 1)
	m.store.set(func(s *fakeStore) { s.token = []byte(testToken + "8") })
	if err := tokens.Drop(ctx, testToken+"1"); err != nil {
		t.Fatal(err)
	}
	wantToken(t, tokens, 8)
	m.wantFetches(t, 1)
}

// The store could not drop it, or a flight was loading it at that moment.
func TestADroppedTokenIsNotBelievedAgain(t *testing.T) {
	m := newMint(t)
	tokens := m.tokens()
	wantToken(t, tokens, 1)
	m.store.set(func(s *fakeStore) { s.gone = true })
	if err := tokens.Drop(ctx, testToken+"1"); !errors.Is(err, errStore) {
		t.Errorf("dropping: %v", err)
	}
	if _, err := tokens.Token(ctx); !errors.Is(err, errStore) {
		t.Errorf("the store is gone: %v", err)
	}
	m.store.set(func(s *fakeStore) { s.gone = false })
	wantToken(t, tokens, 2)
	if m.store.held() != testToken+"2" {
		t.Errorf("stored %q", m.store.held())
	}
}

// WeChat gives the same stable token again when nothing is wrong with it.
func TestADroppedTokenThatWeChatRepeatsIsTaken(t *testing.T) {
	m := newMint(t)
	m.will(`{"access_token":"` + testToken + `1","expires_in":7200}`)
	tokens, other := m.tokens(), m.tokens()
	wantToken(t, tokens, 1)
	if err := tokens.Drop(ctx, testToken+"1"); err != nil {
		t.Fatal(err)
	}
	wantToken(t, tokens, 1)
	m.clock.wind(2 * tokenFresh)
	wantToken(t, tokens, 1)
	wantToken(t, other, 1)
	m.wantFetches(t, 2)
}

func TestAWeChatThatRefusesEveryTokenIsNotStormed(t *testing.T) {
	m := newMint(t)
	tokens := m.tokens()
	for range 50 {
		token, err := tokens.Token(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if err := tokens.Drop(ctx, token); err != nil {
			t.Fatal(err)
		}
	}
	m.wantFetches(t, 2)
	m.clock.wind(dropPause)
	if err := tokens.Drop(ctx, testToken+"2"); err != nil {
		t.Fatal(err)
	}
	wantToken(t, tokens, 3)
}

func TestTokenFetchesAreCounted(t *testing.T) {
	m := newMint(t)
	registry := prometheus.NewRegistry()
	tokens := NewTokens(m.client, m.store, CountTokens(registry))
	wantToken(t, tokens, 1)
	wantToken(t, tokens, 1)
	m.will(`{"errcode":40125}`)
	m.clock.wind(3 * time.Hour)
	_, err := tokens.Token(ctx)
	wantError(t, err, KindMisconfigured)
	families, err := registry.Gather()
	if err != nil || len(families) != 1 || families[0].GetName() != "snowgate_wechat_token_refreshes_total" {
		t.Fatalf("%v, %v", families, err)
	}
	got := map[string]float64{}
	for _, sample := range families[0].GetMetric() {
		got[sample.GetLabel()[0].GetName()+" "+sample.GetLabel()[0].GetValue()] = sample.GetCounter().GetValue()
	}
	if want := map[string]float64{"outcome ok": 1, "outcome misconfigured": 1}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func FuzzReadToken(f *testing.F) {
	f.Add([]byte(`{"access_token":"x","expires_in":7200}`))
	f.Add([]byte(`{"errcode":40001,"errmsg":"rid: 1-2-3"}`))
	f.Add([]byte(`{"access_token":"x","expires_in":1e3}`))
	c := &Client{now: time.Now}
	f.Fuzz(func(t *testing.T, body []byte) {
		token, ttl, failure := c.readToken(body)
		if (failure == nil) != (token != "") || failure == nil && (ttl < minTokenLife || ttl > maxTokenLife-tokenMargin) {
			t.Errorf("%q: %q for %v, %v", body, token, ttl, failure)
		}
	})
}
