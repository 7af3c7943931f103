package erpclient

import "context"

// ReadPermissions are what a customer bound by invite code may do.
var ReadPermissions = []string{"orders:read", "materials:read"}

// Bound is what a successful bind tells. Account and Secret are empty the invite way: the service account asks.
type Bound struct {
	Account    string
	CustomerID string
	Secret     string
	Proof      string // to be kept with the binding and handed back in Identity.Proof
	Profile    Profile
}

// BindAccount logs in with a user's own name and password: exactly one attempt. The password is forgotten; Secret is
// what the driver needs to log in again.
func (c *Client) BindAccount(ctx context.Context, account, password string) (Bound, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.LoginTimeout)
	defer cancel()
	creds := Credentials{Account: account, Secret: c.primary.driver.Secret(password)}
	s, err := c.primary.logins.verify(ctx, creds)
	if err != nil {
		return Bound{}, err
	}
	return Bound{Account: account, CustomerID: s.Profile.CustomerID, Secret: creds.Secret, Proof: creds.Proof(), Profile: s.Profile}, nil
}

// BindInvite finds the customer of an invite code through the service account. NotSupported where there is none.
func (c *Client) BindInvite(ctx context.Context, code string) (Bound, error) {
	if c.cfg.Service.Account == "" {
		return Bound{}, notSupported("bind_invite")
	}
	ctx, cancel := context.WithTimeout(ctx, c.cfg.LoginTimeout)
	defer cancel()
	customer, err := read(ctx, c, question[Customer]{
		op: "bind_invite", class: ClassRead, needs: CapabilityInvites, reach: reachCompany, id: c.serviceIdentity(), params: params(code),
		ask: able("bind_invite", func(ctx context.Context, r InviteReader, a Auth) (Customer, error) {
			return r.CustomerByInvite(ctx, a, code)
		}),
	})
	if err != nil {
		return Bound{}, err
	}
	if customer.Disabled || customer.ID == "" {
		return Bound{}, Errorf("bind_invite", KindNotFound, "customer is disabled")
	}
	return Bound{
		CustomerID: customer.ID,
		Profile: Profile{CompanyID: customer.ID, CompanyName: customer.Name, CustomerID: customer.ID,
			Permissions: ReadPermissions},
	}, nil
}
