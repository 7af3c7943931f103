package main

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"
)

// behindProxy is the program with limits, which believes a proxy on this machine. The periods are long, so that nothing
// comes back while a busy machine thinks.
func behindProxy(t *testing.T, limits ...string) *gate {
	t.Helper()
	return start(t, append([]string{"SNOWGATE_MODE=sandbox", "SNOWGATE_SERVER__TRUSTED_PROXIES=127.0.0.0/8"}, limits...)...)
}

// from asks as the proxy does for a client at an address.
func (g *gate) from(address, method, path, token, body string) reply {
	g.t.Helper()
	return g.ask(method, path, token, body, "X-Forwarded-For", address)
}

// wantLimited wants an answer that says to come back later, and how the limit stands.
func wantLimited(t *testing.T, r reply, name string) {
	t.Helper()
	after, err := strconv.Atoi(r.header.Get("Retry-After"))
	if r.status != http.StatusTooManyRequests || r.Error != name || err != nil || after < 1 {
		t.Fatalf("answered %d %s, Retry-After %q", r.status, r.raw, r.header.Get("Retry-After"))
	}
	if name != "rate_limited" {
		return
	}
	limit, _ := strconv.Atoi(r.header.Get("RateLimit-Limit"))
	if limit < 1 || r.header.Get("RateLimit-Remaining") != "0" || r.header.Get("RateLimit-Reset") == "" {
		t.Errorf("the limit's headers are %v", r.header)
	}
}

// untilLimited asks until the limit is reached, and returns how many were served before. A busy machine may find Redis slow,
// answer 503, or count for a while by itself: that is more than the limit allows, and never endless.
func untilLimited(t *testing.T, served func(reply) bool, ask func(n int) reply) (before int) {
	t.Helper()
	for n := range 40 {
		r := ask(n)
		switch {
		case r.status == http.StatusTooManyRequests:
			return before
		case served(r):
			before++
		case r.status < http.StatusBadGateway:
			t.Fatalf("request %d: %s", n, r.raw)
		}
	}
	t.Fatal("40 requests, and no limit")
	return before
}

func isOK(r reply) bool       { return r.Code == 0 }
func isStranger(r reply) bool { return r.status == http.StatusUnauthorized }

// served asks until a busy machine has the time, and wants the answer to be no refusal.
func served(t *testing.T, is func(reply) bool, ask func() reply) {
	t.Helper()
	var r reply
	eventually(t, "an answer", func() bool { r = ask(); return r.status < http.StatusBadGateway })
	if !is(r) {
		t.Errorf("answered %s", r.raw)
	}
}

// TestOneUserIsLimitedAndNobodyElse keeps: per openid, over all of a user's sessions, reading and writing apart.
func TestOneUserIsLimitedAndNobodyElse(t *testing.T) {
	g := behindProxy(t, "SNOWGATE_LIMITS__REQUESTS_PER_OPENID=5/10m", "SNOWGATE_LIMITS__REQUESTS_PER_IP=0")
	alice, again, bob := g.comesIn("alice"), g.comesIn("alice"), g.comesIn("bob")
	profile := func(token string) func() reply {
		return func() reply { return g.ask("GET", "/api/user/profile", token, "") }
	}
	n := untilLimited(t, isOK, func(n int) reply { return profile([]string{alice, again}[n%2])() })
	if n < 5 {
		t.Errorf("limited after %d requests", n)
	}
	wantLimited(t, profile(alice)(), "rate_limited")
	wantLimited(t, profile(again)(), "rate_limited")
	served(t, isOK, profile(bob))
	served(t, isOK, func() reply { return g.ask("POST", "/api/auth/logout", again, "") })
	served(t, func(r reply) bool { return r.status == http.StatusOK }, func() reply { return g.ask("GET", "/api/health/check", "", "") })
}

// TestOneAddressIsLimited keeps: whoever guesses tokens is stopped by the address that the proxy saw, and nobody else is;
// what the client itself wrote into the header is not believed.
func TestOneAddressIsLimited(t *testing.T) {
	g := behindProxy(t, "SNOWGATE_LIMITS__REQUESTS_PER_IP=5/10m")
	guess := func(address string) func() reply {
		return func() reply { return g.from(address, "GET", "/api/user/profile", "guessed", "") }
	}
	if n := untilLimited(t, isStranger, func(int) reply { return guess("203.0.113.7")() }); n < 5 {
		t.Errorf("limited after %d guesses", n)
	}
	for _, same := range []string{"203.0.113.7", "198.51.100.1, 203.0.113.7", "::ffff:203.0.113.7"} {
		wantLimited(t, guess(same)(), "rate_limited")
	}
	served(t, isStranger, guess("203.0.113.8"))
	served(t, isStranger, guess("2001:db8::1"))
	untilLimited(t, isStranger, func(n int) reply { return guess(fmt.Sprintf("2001:db8:1:2::%d", n))() }) // a customer of a provider has a /64 at least
	served(t, isStranger, guess("2001:db8:1:3::1"))
}

// TestAForgedAddressIsNobodys keeps: without a listed proxy the header changes nothing.
func TestAForgedAddressIsNobodys(t *testing.T) {
	g := start(t, "SNOWGATE_MODE=sandbox", "SNOWGATE_LIMITS__REQUESTS_PER_IP=5/10m")
	untilLimited(t, isStranger, func(n int) reply {
		return g.from(fmt.Sprintf("203.0.113.%d", n), "GET", "/api/user/profile", "guessed", "")
	})
}

// TestLoginsAreLimitedByAddress keeps: codes cannot be tried by the thousand, and WeChat is not asked about the rest.
func TestLoginsAreLimitedByAddress(t *testing.T) {
	g := behindProxy(t, "SNOWGATE_LIMITS__LOGINS_PER_IP=3/10m")
	login := func(address, code string) reply {
		return g.from(address, "POST", "/api/auth/wx-login", "", `{"code":"test-alice-limit-`+code+`"}`)
	}
	if n := untilLimited(t, isOK, func(n int) reply { return login("203.0.113.7", strconv.Itoa(n)) }); n < 3 {
		t.Errorf("limited after %d logins", n)
	}
	wantLimited(t, login("203.0.113.7", "kept"), "rate_limited")
	if r := login("203.0.113.8", "kept"); r.status == http.StatusBadRequest || r.status == http.StatusTooManyRequests {
		t.Errorf("the code was used up by a login that was refused: %s", r.raw)
	}
}

// TestWrongPasswordsAreLimited keeps: five wrong ones and the ERP is not asked any more, neither for this user nor for this
// account by another user; whoever has not guessed is served.
func TestWrongPasswordsAreLimited(t *testing.T) {
	g := behindProxy(t, "SNOWGATE_LIMITS__BINDS=5/15m")
	alice, bob, carol := g.comesIn("alice"), g.comesIn("bob"), g.comesIn("carol")
	const wrong, right = `{"erpUsername":"alice.chen","erpPassword":"wrong"}`, `{"erpUsername":"alice.chen","erpPassword":"snow-alice-1"}`
	bind := func(address, token, body string) reply {
		return g.from(address, "POST", "/api/auth/erp-bind", token, body)
	}
	guesses := untilLimited(t, func(r reply) bool { return r.Error == "erp_bad_credentials" }, func(int) reply { return bind("203.0.113.7", alice, wrong) })
	if guesses != 5 {
		t.Errorf("%d guesses were let through", guesses)
	}
	wantLimited(t, bind("203.0.113.7", alice, right), "too_many_attempts")
	wantLimited(t, bind("203.0.113.8", bob, right), "too_many_attempts")
	wantLimited(t, bind("203.0.113.7", alice, `{"inviteCode":"SNOW-2026-A"}`), "too_many_attempts")
	served(t, isOK, func() reply { return bind("203.0.113.9", carol, `{"inviteCode":"SNOW-2026-C"}`) })
}
