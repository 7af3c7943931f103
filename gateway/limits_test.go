package gateway

import (
	"net/http"
	"testing"
	"time"

	"snowgate/session"
)

// Who asks for somebody else is refused as that, however often, until the address has guessed too much: the user's own limit,
// which counted the request before it was refused, is nobody's excuse.
func TestAGuessIsStoppedByItsAddress(t *testing.T) {
	const user, address = 2, 12
	w := newWorld(t, func(c *Config, d *Deps) {
		c.Limits = Limits{PerOpenID: session.Rate{Count: user, Per: time.Hour}, PerIP: session.Rate{Count: address, Per: time.Hour}}
		l := session.NewLimiter(d.Sessions.(*session.Store))
		d.Limiter, d.Arrivals = l, l
	})
	token := w.login(alice)
	refused := 0
	for range address + 1 {
		a := w.get("/api/user/profile?openid="+bob, token)
		if a.status == http.StatusTooManyRequests {
			if refused <= user {
				t.Errorf("stopped after %d refusals", refused)
			}
			a.is(t, 429, "rate_limited")
			return
		}
		a.is(t, 403, "openid_mismatch")
		refused++
	}
	t.Errorf("%d refusals, and the address was not stopped", refused)
}
