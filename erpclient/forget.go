package erpclient

import "context"

// Forget drops an account's ERP session on every channel, for all replicas: its binding has ended. Whoever else is bound
// to the account is logged in for anew. "" is nobody's session. The error is the SessionStore's.
func (c *Client) Forget(ctx context.Context, account string) error {
	if account == "" {
		return nil
	}
	for _, ch := range c.channels() {
		if err := ch.logins.forget(ctx, account); err != nil {
			return err
		}
	}
	return nil
}

func (l *logins) forget(ctx context.Context, account string) error {
	l.mu.Lock()
	delete(l.local, account)
	l.mu.Unlock()
	session, ok, err := l.store.Load(ctx, l.key(account))
	if err != nil || !ok {
		return err
	}
	return l.store.Drop(ctx, l.key(account), session)
}
