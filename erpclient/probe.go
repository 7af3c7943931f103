package erpclient

import (
	"context"
	"errors"
	"time"
)

// Probe looks whether the primary channel answers: through the service account a real cheap query, without one only
// whether the origin speaks. It goes around breaker and bulkhead, because it has to see an ERP that comes back, and its
// result decides whether the primary is in use. While the session store is away it shows whether the origin speaks, which is
// too little to decide anything by.
func (c *Client) Probe(ctx context.Context) error {
	err := c.primary.probe(ctx, c.serviceIdentity())
	if OutcomeOf(err) == KindStore {
		return c.primary.look(ctx, Session{})
	}
	if !errors.Is(ctx.Err(), context.Canceled) {
		c.failover.probed(err)
	}
	return err
}

// Heard takes over what a probe of the primary found that another replica has made: it counts like one's own.
func (c *Client) Heard(err error) { c.failover.probed(err) }

// loginShown is how long a login that went well shows that logins work.
const loginShown = 5 * time.Minute

// ProbeLogin looks whether the primary channel takes logins: somebody whose session lives would not notice if it did not. A
// login that went well a moment ago, for whatever reason, is answer enough; otherwise the service account logs in anew. ERPs
// lock accounts, so it is to be asked rarely, and a refused password is not tried again for a while. That the session store
// is away says nothing about the ERP. NotSupported where there is no service account.
func (c *Client) ProbeLogin(ctx context.Context) error {
	if c.cfg.Service.Account == "" {
		return notSupported("probe_login")
	}
	if err := c.primary.logins.prove(ctx, c.serviceIdentity(), c.cfg.Service); OutcomeOf(err) != KindStore {
		return err
	}
	return nil
}

// prove has an account log in unless that is known to work.
func (l *logins) prove(ctx context.Context, id Identity, creds Credentials) error {
	if _, err := l.session(ctx, id, nil); err != nil { // beside others who need one, so that they log in once
		return refusedLogin(err)
	}
	if l.lately() {
		return nil
	}
	unlock, err := l.lock(ctx, creds.Account)
	if err != nil {
		return err
	}
	defer unlock()
	if l.lately() {
		return nil
	}
	_, err = l.renew(ctx, creds)
	return err
}

// lately reports whether a login went well a moment ago.
func (l *logins) lately() bool {
	at := l.good.Load()
	return at != nil && l.now().Sub(*at) < loginShown
}

// refusedLogin is the ERP's own refusal where customers are only told that it is unavailable.
func refusedLogin(err error) error {
	var told *Error
	if errors.As(err, &told) && KindOf(told.Err) == KindBadCredentials {
		return told.Err
	}
	return err
}

// ProbeStandby looks whether the standby channel answers; NotSupported where there is none.
func (c *Client) ProbeStandby(ctx context.Context) error {
	if c.standby == nil {
		return notSupported("probe_standby")
	}
	err := c.standby.probe(ctx, c.serviceIdentity())
	if OutcomeOf(err) == KindStore {
		return c.standby.look(ctx, Session{})
	}
	return err
}

func (ch *channel) probe(ctx context.Context, service Identity) error {
	if service.Account == "" {
		return ch.look(ctx, Session{})
	}
	s, err := ch.logins.session(ctx, service, nil)
	if err != nil {
		return err
	}
	if err = ch.look(ctx, s); KindOf(err) != KindSessionExpired {
		return err
	}
	renewed, err := ch.logins.session(ctx, service, &s)
	if err != nil {
		return err
	}
	return ch.judge(ch.look(ctx, renewed), service.Account, true)
}

func (ch *channel) look(ctx context.Context, s Session) error {
	_, err := guarded("probe", func() (struct{}, error) { return struct{}{}, ch.driver.Probe(ctx, s) })
	return err
}
