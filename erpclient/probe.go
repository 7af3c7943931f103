package erpclient

import "context"

// opProbe is the operation's name in errors and traces.
const opProbe = "probe"

// Probe looks whether the primary channel answers: through the service account a real cheap query, without one only
// whether the origin speaks. It goes around breaker and bulkhead: it has to see an ERP that comes back.
func (c *Client) Probe(ctx context.Context) error { return c.primary.probe(ctx, c.cfg.Service.Account) }

func (ch *channel) probe(ctx context.Context, account string) error {
	if account == "" {
		return ch.driver.Probe(ctx, Session{})
	}
	id := Identity{Account: account}
	s, err := ch.logins.session(ctx, id, nil)
	if err != nil {
		return err
	}
	err = ch.driver.Probe(ctx, s)
	if KindOf(err) != KindSessionExpired {
		return err
	}
	if s, err = ch.logins.session(ctx, id, &s); err != nil {
		return err
	}
	return ch.driver.Probe(ctx, s)
}
