package erpclient

import (
	"context"
	"errors"
)

// Probe looks whether the primary channel answers: through the service account a real cheap query, without one only
// whether the origin speaks. It goes around breaker and bulkhead, because it has to see an ERP that comes back, and its
// result decides whether the primary is in use.
func (c *Client) Probe(ctx context.Context) error {
	err := c.primary.probe(ctx, c.serviceIdentity())
	if !errors.Is(ctx.Err(), context.Canceled) {
		c.failover.probed(err)
	}
	return err
}

// ProbeStandby looks whether the standby channel answers; NotSupported where there is none.
func (c *Client) ProbeStandby(ctx context.Context) error {
	if c.standby == nil {
		return notSupported("probe_standby")
	}
	return c.standby.probe(ctx, c.serviceIdentity())
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
