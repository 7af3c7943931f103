package tryton

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"snowgate/erpclient"
)

// loginReplies are what Tryton said to a customer's login.
func loginReplies() map[string][]reply {
	return map[string][]reply{
		"common.db.login": {result(`[2,"00ff"]`)},
		"model.res.user.get_preferences": {result(`{"company_filter":"one","employee":1,"company":1,"company.rec_name":"雪兽制造 Snow Works",` +
			`"language":"en","groups":[19]}`)},
		"model.res.user.search_read": {result(`[{"id":2,"create_date":{"__class__":"datetime","year":2026,"month":11,"day":20,"hour":19,"minute":51,"second":7,"microsecond":5},` +
			`"write_date":null,"groups.":[{"id":19,"name":"Customer portal"}]}]`)},
		"model.company.employee.search_read": {result(`[{"id":1,"party":2}]`)},
		"model.ir.model.access.get_access": {result(`{"sale.sale":{"read":1,"write":0,"create":0},"sale.line":{"read":true,"write":false,"create":0},` +
			`"stock.move":{"read":1},"stock.shipment.internal":{"create":0},"purchase.purchase":{"read":0,"write":0}}`)},
		"model.ir.model.button.search_read": {nothing},
	}
}

var customer = erpclient.Credentials{Account: "merchant", Secret: "s3cret-word"}

func TestLogin(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	d, s, _ := newScripted(t, loginReplies(), wantNoDrift(t), func(c *Config) { c.Now = func() time.Time { return now } })
	got, err := d.Login(t.Context(), customer)
	if err != nil {
		t.Fatal(err)
	}
	var kept token
	if err := json.Unmarshal([]byte(got.Token), &kept); err != nil {
		t.Fatal(err)
	}
	if want := (token{User: "merchant", ID: 2, Key: "00ff", Company: 1, Language: "en", Stamp: "2026-11-20T19:51:07.000005Z"}); kept != want {
		t.Errorf("kept %#v of %+v", kept, kept.Stamp)
	}
	p := got.Profile
	if p.CompanyID != "1" || p.CompanyName != "雪兽制造 Snow Works" || p.CustomerID != "2" || !slices.Equal(p.Permissions, []string{mayReadOrders, mayReadMaterials}) {
		t.Errorf("got %+v", p)
	}
	if want := now.Add(8*time.Hour - sessionSafety); !got.ExpiresAt.Equal(want) {
		t.Errorf("it ends at %s, want %s", got.ExpiresAt, want)
	}
	if call := s.last(t, "common.db.login"); string(call.Params[1]) != `{"password":"s3cret-word"}` || call.auth != "" {
		t.Errorf("sent %s with %q", call.Params, call.auth)
	}
}

func TestLoginRefusals(t *testing.T) {
	const employee, preferences = "model.company.employee.search_read", "model.res.user.get_preferences"
	for name, tt := range map[string]struct {
		method string
		reply  reply
		want   erpclient.Kind
	}{
		"wrong password":                 {"common.db.login", reply{status: 401, body: "<html>"}, erpclient.KindBadCredentials},
		"too many":                       {"common.db.login", reply{status: 429, body: "<html>"}, erpclient.KindTooManyAttempts},
		"a second factor":                {"common.db.login", failed(`["LoginException",["sms_code","s3cret-word","char"]]`), erpclient.KindNotSupported},
		"no key":                         {"common.db.login", result(`[2,null]`), erpclient.KindBadAnswer},
		"null":                           {"common.db.login", null, erpclient.KindBadAnswer},
		"a database that is not there":   {"common.db.login", failed(`["Database '/srv/erp.sqlite' doesn't exist!",""]`), erpclient.KindBadAnswer},
		"a key that is worth nothing":    {preferences, reply{status: 401}, erpclient.KindBadAnswer},
		"no preferences":                 {preferences, null, erpclient.KindBadAnswer},
		"set inactive in the meantime":   {"model.res.user.search_read", nothing, erpclient.KindBadCredentials},
		"a customer who is nobody":       {employee, nothing, erpclient.KindForbidden},
		"a customer without a party":     {employee, result(`[{"id":1,"party":null}]`), erpclient.KindForbidden},
		"rights that are none":           {"model.ir.model.access.get_access", result(`[]`), erpclient.KindBadAnswer},
		"a failure in between":           {"model.ir.model.button.search_read", reply{status: 503}, erpclient.KindUnavailable},
		"a customer without an employee": {preferences, result(`{"employee":null,"company":1,"company.rec_name":"W","language":"en"}`), erpclient.KindForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			replies := loginReplies()
			replies[tt.method] = []reply{tt.reply}
			d, _, _ := newScripted(t, replies)
			_, err := d.Login(t.Context(), customer)
			wantKind(t, err, tt.want)
			if strings.Contains(err.Error(), "s3cret-word") || strings.Contains(err.Error(), "/srv") || strings.Contains(err.Error(), "00ff") {
				t.Errorf("the error has what nobody may read: %v", err)
			}
			var e *erpclient.Error
			if errors.As(err, &e) && (e.RetryAfter != 0) != (tt.want == erpclient.KindTooManyAttempts) {
				t.Errorf("come back in %s", e.RetryAfter)
			}
		})
	}
}

func TestRightsAreThoseOfGroups(t *testing.T) {
	replies := loginReplies()
	replies["model.ir.model.access.get_access"] = []reply{result(`{"stock.shipment.internal":{"create":1,"write":1},"purchase.purchase":{"read":1,"write":1}}`)}
	button := func(model, name, groups string) string {
		return `{"id":1,"name":"` + name + `","model.":{"id":1,"model":"` + model + `"},"groups.":[` + groups + `]}`
	}
	const mine, others = `{"id":19,"name":"A"}`, `{"id":14,"name":"B"}`
	replies["model.ir.model.button.search_read"] = []reply{result("[" + strings.Join([]string{
		button("purchase.purchase", "confirm", others+","+mine), button("purchase.purchase", "cancel", others),
		button("stock.shipment.internal", "wait", mine), button("stock.shipment.internal", "done", ""), button("sale.sale", "cancel", others),
	}, ",") + "]")}
	d, _, _ := newScripted(t, replies, func(c *Config) { c.CustomerGroups = []string{"Another"} })
	got, err := d.Login(t.Context(), customer)
	if err != nil || !slices.Equal(got.Profile.Permissions, []string{mayWriteStock, mayReadApprovals}) || got.Profile.CustomerID != "" {
		t.Errorf("got %+v, %v", got.Profile, err)
	}
}

func TestWithoutApprovalsNobodyAsksForThem(t *testing.T) {
	d, s, _ := newScripted(t, loginReplies(), func(c *Config) { c.Without = []string{erpclient.CapabilityApprovals} })
	if _, err := d.Login(t.Context(), customer); err != nil {
		t.Fatal(err)
	}
	for _, m := range []string{"model.ir.model.access.get_access", "model.ir.model.button.search_read"} {
		if text, _ := json.Marshal(s.last(t, m).Params); strings.Contains(string(text), "purchase") {
			t.Errorf("%s was asked with %s", m, text)
		}
	}
}

func TestUsersAreLookedAtNowAndThen(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	me := func(second string) reply {
		return result(`[{"id":7,"create_date":null,"write_date":{"__class__":"datetime","year":2026,"month":11,"day":20,"hour":19,"minute":51,"second":` + second + `,"microsecond":815151}}]`)
	}
	const user = "model.res.user.search_read"
	d, s, a := newScripted(t, map[string][]reply{
		"model.stock.location.search_read": {nothing}, user: {me("7"), {status: 503}, me("7"), me("8"), nothing},
	}, func(c *Config) { c.Now = func() time.Time { return now } })
	ask := func() error { _, err := d.Warehouses(t.Context(), a); return err }
	for i, tt := range []struct {
		later time.Duration
		want  erpclient.Kind
		looks int
	}{
		{0, "", 0}, {59 * time.Second, "", 0}, {time.Second, "", 1}, {time.Second, "", 1},
		{time.Minute, erpclient.KindUnavailable, 2}, {time.Second, "", 3}, // what was not seen is looked at again
		{time.Minute, erpclient.KindSessionExpired, 4}, {0, erpclient.KindSessionExpired, 5},
	} {
		now = now.Add(tt.later)
		wantKind(t, ask(), tt.want)
		if looks := strings.Count(strings.Join(s.methods(), " "), "res.user."); looks != tt.looks {
			t.Errorf("after step %d it was looked at %d times, want %d", i, looks, tt.looks)
		}
	}
}
