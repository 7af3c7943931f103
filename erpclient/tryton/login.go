package tryton

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"snowgate/erpclient"
	"snowgate/erpclient/wire"
)

// sessionSafety is taken off a session's life so that it does not end between the check and the answer.
const sessionSafety = 15 * time.Second

// Login sends name and password, once, and then asks who that is and what they may do. Wrong ones, and users who are
// inactive, are KindBadCredentials; after six failures within five minutes Tryton says KindTooManyAttempts, also to the
// right password, and every further try prolongs that. Before that it answers late, by a random number of seconds that
// doubles with each failure: KindTimeout.
func (d *Driver) Login(ctx context.Context, c erpclient.Credentials) (erpclient.Session, error) {
	began := d.now()
	t, err := d.openSession(ctx, c)
	if err != nil {
		return erpclient.Session{}, err
	}
	asker := d.newCaller(t, opLogin)
	profile, err := asker.profile(ctx)
	if err != nil {
		return erpclient.Session{}, insideLogin(err)
	}
	d.standing.note(asker.token)
	text, err := asker.token.encode()
	if err != nil {
		return erpclient.Session{}, erpclient.Errorf(opLogin, erpclient.KindBadAnswer, "the session cannot be kept")
	}
	life := max(d.sessionLife-sessionSafety, d.sessionLife/2)
	return erpclient.Session{Token: text, ExpiresAt: began.Add(life), Profile: profile}, nil
}

// openSession has Tryton check the password, and takes the key that it gives.
func (d *Driver) openSession(ctx context.Context, c erpclient.Credentials) (token, error) {
	result, err := d.post(ctx, opLogin, d.path, nil, message{
		Method: "common.db.login", Params: []any{c.Account, map[string]string{"password": c.Secret}},
	})
	var e *erpclient.Error
	if errors.As(err, &e) && e.Kind == erpclient.KindSessionExpired { // 401: there is no session yet that could be lost
		e.Kind = erpclient.KindBadCredentials
	}
	if err != nil {
		return token{}, err
	}
	t := token{User: c.Account}
	parts := []any{&t.ID, &t.Key}
	if json.Unmarshal(result, &parts) != nil || t.ID == 0 || t.Key == "" {
		d.drift(opLogin).report("login", "user and key", wire.TypeOf(result))
		return token{}, erpclient.Errorf(opLogin, erpclient.KindBadAnswer, "the login gave no session")
	}
	return t, nil
}

// insideLogin keeps what follows the password from saying anything about the password.
func insideLogin(err error) error {
	var e *erpclient.Error
	if errors.As(err, &e) && e.Kind == erpclient.KindSessionExpired {
		e.Kind = erpclient.KindBadAnswer
	}
	return err
}

// profile is who has logged in. What their calls need beside the key is put into the token.
func (c *caller) profile(ctx context.Context) (erpclient.Profile, error) {
	result, err := c.search(ctx, "model.res.user.get_preferences", true, c.context())
	if err != nil {
		return erpclient.Profile{}, err
	}
	preferences := row{what: "preferences", drift: c.drift}
	if wire.TypeOf(result) != wire.Object || json.Unmarshal(result, &preferences.fields) != nil {
		return erpclient.Profile{}, erpclient.Errorf(c.op, erpclient.KindBadAnswer, "the answer has no preferences")
	}
	c.token.Company, c.token.Language = preferences.number("company"), preferences.text("language")
	me, err := c.me(ctx, "write_date", "create_date", "groups.name")
	if err != nil {
		return erpclient.Profile{}, err
	}
	if me == nil {
		return erpclient.Profile{}, erpclient.Errorf(c.op, erpclient.KindBadCredentials, "the user is not active")
	}
	c.token.Stamp = me.stamp()
	return c.describe(ctx, preferences, me.all("groups"))
}

// describe puts company, customer and rights together.
func (c *caller) describe(ctx context.Context, preferences row, groups []row) (erpclient.Profile, error) {
	p := erpclient.Profile{CompanyID: preferences.id("company"), CompanyName: preferences.text("company.rec_name")}
	isCustomer := slices.ContainsFunc(groups, func(g row) bool { return slices.Contains(c.driver.customers, g.text("name")) })
	if isCustomer {
		party, err := c.employeeParty(ctx, preferences.number("employee"))
		if err != nil {
			return p, err
		}
		p.CustomerID = party
	}
	rights, err := c.rights(ctx, groups)
	if err != nil {
		return p, err
	}
	p.Permissions = rights.permissions(isCustomer)
	return p, nil
}

// employeeParty is whose customer's user this is. One that is nobody's would be narrowed to nobody, which reads as "to
// nothing" everywhere else: they cannot log in.
func (c *caller) employeeParty(ctx context.Context, employee int64) (string, error) {
	nobody := erpclient.Errorf(c.op, erpclient.KindForbidden, "a customer's user without a party")
	if employee == 0 {
		return "", nobody
	}
	found, err := c.one(ctx, query{model: "company.employee", where: domain{is("id", employee)}, fields: []string{"party"}})
	if err != nil {
		return "", err
	}
	if found == nil || found.number("party") == 0 {
		return "", nobody
	}
	return formatID(found.number("party")), nil
}
