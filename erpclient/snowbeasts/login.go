package snowbeasts

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"snowgate/erpclient"
	"snowgate/erpclient/erphttp"
)

// sessionSafety is taken off a session's life so that it does not end between the check and the ERP's answer.
const sessionSafety = 15 * time.Second

// credentials is the login's body; state and token are sent as the known client sends them.
type credentials struct {
	State    bool   `json:"state"`
	Account  string `json:"account"`
	Token    string `json:"token"`
	Password string `json:"password"`
}

// Login takes the protocol's two steps: sign in at the portal, then open the app, whose own session cookie every
// business call carries. Neither step is repeated. Refused credentials are KindBadCredentials, a locked account or
// too many attempts KindTooManyAttempts; a portal that lets the account in without opening the app is KindBadAnswer,
// or KindForbidden when it says so.
func (d *Driver) Login(ctx context.Context, c erpclient.Credentials) (erpclient.Session, error) {
	began := d.now()
	sid, body, err := d.signIn(ctx, c)
	if err != nil {
		return erpclient.Session{}, err
	}
	held, err := d.openApp(ctx, sid)
	if err != nil {
		return erpclient.Session{}, err
	}
	life := max(d.sessionLife-sessionSafety, d.sessionLife/2)
	return erpclient.Session{Token: held.encode(), ExpiresAt: began.Add(life), Profile: d.profile(body)}, nil
}

// signIn returns the sid cookie and the answer's body.
func (d *Driver) signIn(ctx context.Context, c erpclient.Credentials) (string, []byte, error) {
	answer, err := d.http.Do(ctx, opLogin, erphttp.Request{
		Method: http.MethodPost, Path: "/apps/service/login",
		Body: credentials{State: true, Account: c.Account, Password: c.Secret},
	})
	if err != nil {
		return "", nil, err
	}
	if err := signInStatus(answer); err != nil {
		return "", nil, err
	}
	got := cookies{}
	got.take(answer.Cookies, d.now())
	if err := signInBody(answer, got[cookieSID] != ""); err != nil {
		return "", nil, err
	}
	return got[cookieSID], answer.Body, nil
}

// signInStatus tells what a status means for a login, where 401 cannot be a lost session.
func signInStatus(a *erphttp.Answer) error {
	err := a.StatusError(opLogin)
	var e *erpclient.Error
	if !errors.As(err, &e) {
		return nil
	}
	switch {
	case a.Status == http.StatusUnauthorized, a.Status == http.StatusForbidden:
		e.Kind = refusedLogin(said(a.Body))
	case a.Status == http.StatusTooManyRequests:
		e.Kind = erpclient.KindTooManyAttempts
	case !e.Kind.Unhealthy():
		e.Kind = erpclient.KindBadAnswer
	}
	return e
}

// signInBody decides from the body. That a wrong password shows as {"success": false} or as a missing cookie is a
// guess; both count, and neither is ever tried again, because an ERP locks accounts.
func signInBody(a *erphttp.Answer, hasSID bool) error {
	if isHTML(a) {
		return erpclient.Errorf(opLogin, erpclient.KindBadAnswer, "the login answered with a page")
	}
	var head answerHead
	if body := trimBOM(a.Body); len(body) > 0 && isBroken(json.Unmarshal(body, &head)) {
		return erpclient.Errorf(opLogin, erpclient.KindBadAnswer, "the login's answer is not JSON")
	}
	if head.Success.isFalse() {
		return erpclient.Errorf(opLogin, refusedLogin(head.text()), "the login was refused: %s", quoted(head.text()))
	}
	if !hasSID {
		return erpclient.Errorf(opLogin, refusedLogin(head.text()), "the login set no sid: %s", quoted(head.text()))
	}
	return nil
}

// profile reads what the login told about the account, under data or at the top; unknown names and types are left
// alone. A customerId in it is not taken: in a service shared by many companies it may well be the tenant's.
func (d *Driver) profile(body []byte) erpclient.Profile {
	var told struct {
		profileFields
		Data profileFields `json:"data"`
	}
	// A mismatch leaves the field empty, which is what unknown means here.
	_ = json.Unmarshal(trimBOM(body), &told)
	p := erpclient.Profile{
		CompanyID:   firstOf(firstOf(told.Data.CompanyID.id(), told.CompanyID.id()), d.appID),
		CompanyName: firstOf(firstOf(told.Data.CompanyName.text(), told.CompanyName.text()), d.appName),
		Permissions: told.Data.Permissions,
	}
	if len(p.Permissions) == 0 {
		p.Permissions = told.Permissions
	}
	if len(p.Permissions) == 0 {
		p.Permissions = []string{"orders:read", "materials:read"}
	}
	return p
}

type profileFields struct {
	CompanyID   value      `json:"companyId"`
	CompanyName value      `json:"companyName"`
	Permissions stringList `json:"permissions"`
}

// stringList takes the strings out of a list and leaves everything else.
type stringList []string

// UnmarshalJSON never fails.
func (l *stringList) UnmarshalJSON(b []byte) error {
	var items []value
	if json.Unmarshal(b, &items) != nil {
		return nil
	}
	for _, item := range items {
		if text := item.text(); text != "" {
			*l = append(*l, text)
		}
	}
	return nil
}
