package psi

import (
	"context"
	"crypto/subtle"
	"errors"
	"net/http"
	"time"

	"snowgate/erpclient"
	"snowgate/erpclient/erphttp"
	"snowgate/erpclient/wire"
)

const (
	// keySession is the token of a session behind an API key. The key itself stays out of the store of sessions.
	keySession = "api-key"
	// keySessionLife only says how often the session is made anew, which costs no call.
	keySessionLife = 24 * time.Hour
	// sessionSafety is taken off a session's life so that it does not end between the check and the answer.
	sessionSafety = 15 * time.Second
)

// permissions are what somebody may do whose login does not say: the system itself refuses the rest.
var permissions = []string{"inventory:read", "inventory:write"}

// Secret is the password as it is: the login takes nothing else.
func (d *Driver) Secret(password string) string { return password }

// Login makes a session. With an API key nobody is asked: the secret must be the key. Otherwise the person's name and
// password are sent, once; refused ones are KindBadCredentials, too many attempts KindTooManyAttempts.
func (d *Driver) Login(ctx context.Context, c erpclient.Credentials) (erpclient.Session, error) {
	if d.apiKey != "" {
		return d.keySession(c)
	}
	began := d.now()
	got, err := d.http.Do(ctx, opLogin, erphttp.Request{
		Method: http.MethodPost, Path: d.loginPath, Header: map[string]string{"Accept": "application/json"},
		Body: map[string]string{"username": c.Account, "password": c.Secret},
	})
	if err != nil {
		return erpclient.Session{}, err
	}
	r := &reply{op: opLogin, drift: d.drift(opLogin)}
	if err := r.read(got); err != nil {
		return erpclient.Session{}, loginKind(err)
	}
	return d.session(r, began)
}

func (d *Driver) keySession(c erpclient.Credentials) (erpclient.Session, error) {
	if subtle.ConstantTimeCompare([]byte(c.Secret), []byte(d.apiKey)) != 1 {
		return erpclient.Session{}, erpclient.Errorf(opLogin, erpclient.KindBadCredentials, "this system has no accounts")
	}
	return erpclient.Session{
		Token: keySession, ExpiresAt: d.now().Add(keySessionLife), Profile: erpclient.Profile{Permissions: permissions},
	}, nil
}

// loginKind tells what a refusal means for a login, where 401 cannot be a lost session, nor 404 a missing record.
func loginKind(err error) error {
	var e *erpclient.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Kind {
	case erpclient.KindSessionExpired, erpclient.KindForbidden, erpclient.KindNotFound, erpclient.KindInvalid:
		e.Kind = erpclient.KindBadCredentials
	case erpclient.KindBusy, erpclient.KindConflict:
		e.Kind = erpclient.KindTooManyAttempts
	}
	return e
}

// session reads data.token, and what the login tells about the person.
func (d *Driver) session(r *reply, began time.Time) (erpclient.Session, error) {
	data, ok := rowOf(r.Data, "login", r.drift)
	token := data.fields["token"].text()
	if !ok || !isToken(token) {
		r.drift.report("login.token", wire.Text, data.fields["token"].got())
		return erpclient.Session{}, erpclient.Errorf(opLogin, erpclient.KindBadAnswer, "the login gave no token")
	}
	life := max(d.sessionLife-sessionSafety, d.sessionLife/2)
	return erpclient.Session{
		Token: token, ExpiresAt: began.Add(life), Profile: erpclient.Profile{
			CompanyID: data.fields["companyId"].id(), CompanyName: data.fields["companyName"].text(), Permissions: permissions,
		},
	}, nil
}
