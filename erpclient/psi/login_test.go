package psi

import (
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"snowgate/erpclient"
)

var noon = time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC)

func atNoon(c *Config) { c.Now = func() time.Time { return noon } }

func TestTheKeysSessionHoldsNoSecretAndCostsNoCall(t *testing.T) {
	s := newScripted(t, ok("[]"), atNoon)
	got, err := s.Login(t.Context(), erpclient.Credentials{Account: "stock", Secret: s.Secret(testKey)})
	want := erpclient.Session{
		Token: keySession, ExpiresAt: noon.Add(24 * time.Hour), Profile: erpclient.Profile{Permissions: []string{"inventory:read", "inventory:write"}},
	}
	if err != nil || !reflect.DeepEqual(got, want) || len(s.requests()) != 0 {
		t.Errorf("got %+v, %v, %d calls", got, err, len(s.requests()))
	}
	// Nobody may be bound to a system without accounts with whatever name and password.
	for _, secret := range []string{"", "x", testKey + "x"} {
		_, err := s.Login(t.Context(), erpclient.Credentials{Account: "stock", Secret: s.Secret(secret)})
		wantKind(t, err, erpclient.KindBadCredentials)
	}
}

func TestAPersonLogsIn(t *testing.T) {
	s := newScripted(t, ok(`{"token":"token-1","companyId":7,"companyName":"雪原"}`), withLogin, atNoon)
	got, err := s.Login(t.Context(), erpclient.Credentials{Account: "wu.cang", Secret: s.Secret("p\"w")})
	want := erpclient.Session{Token: "token-1", ExpiresAt: noon.Add(30*time.Minute - 15*time.Second), Profile: erpclient.Profile{
		CompanyID: "7", CompanyName: "雪原", Permissions: []string{"inventory:read", "inventory:write"},
	}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	sent := s.last(t)
	if sent.line != "POST /api/auth/login" || sent.body != `{"password":"p\"w","username":"wu.cang"}` || sent.header.Get("Authorization") != "" {
		t.Errorf("sent %+v", sent)
	}
}

func TestARefusedLogin(t *testing.T) {
	for name, tt := range map[string]struct {
		answer http.HandlerFunc
		kind   erpclient.Kind
	}{
		"401 with 200":    {saying(`{"code":401,"message":"密码错误"}`), erpclient.KindBadCredentials},
		"404 with 200":    {saying(`{"code":404,"message":"用户不存在"}`), erpclient.KindBadCredentials},
		"403 as a status": {status(403, ""), erpclient.KindBadCredentials},
		"422":             {saying(`{"code":422,"message":"x"}`), erpclient.KindBadCredentials},
		"429":             {saying(`{"code":429,"message":"x"}`), erpclient.KindTooManyAttempts},
		"500":             {status(500, ""), erpclient.KindUnavailable},
		"another path":    {status(404, "404 page not found"), erpclient.KindBadAnswer},
		"no token":        {ok(`{"token":""}`), erpclient.KindBadAnswer},
		"no data":         {saying(`{"code":0}`), erpclient.KindBadAnswer},
		"a token's token": {ok(`{"token":{"a":1}}`), erpclient.KindBadAnswer},
		"no header value": {ok(`{"token":"a\nb"}`), erpclient.KindBadAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScripted(t, tt.answer, withLogin)
			_, err := s.Login(t.Context(), erpclient.Credentials{Account: "wu.cang", Secret: "hunter2"})
			if e := failure(t, err, tt.kind); strings.Contains(e.Error(), "hunter2") || len(s.requests()) != 1 {
				t.Errorf("%v, asked %d times", e, len(s.requests()))
			}
		})
	}
}
