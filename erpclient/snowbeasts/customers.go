package snowbeasts

import (
	"context"
	"crypto/subtle"

	"snowgate/erpclient"
)

// CustomerByInvite finds the customer with this invite code. The ERP's filter is lenient and would bind a stranger, so
// the field itself must equal the code. Unknown, disabled and ambiguous codes are all KindNotFound; an ambiguous one
// is reported as drift, because somebody has to clean it up.
func (d *Driver) CustomerByInvite(ctx context.Context, a erpclient.Auth, code string) (erpclient.Customer, error) {
	none := erpclient.Errorf(opInvite, erpclient.KindNotFound, "no customer has this invite code")
	if code == "" {
		return erpclient.Customer{}, none
	}
	req := d.listRequest(d.forms.customers)
	req.Filters[d.forms.customers.columns["inviteCode"]] = code
	q := question{op: opInvite, form: d.forms.customers, otherwise: erpclient.KindBadAnswer}
	p, err := d.list(ctx, a.Session, q, req)
	if err != nil {
		return erpclient.Customer{}, err
	}
	found, err := readRows(d, p, once(func(c erpclient.Customer) string { return c.ID }, customerWith(code)))
	switch {
	case err != nil:
		return erpclient.Customer{}, err
	case len(found) > 1:
		p.drift.report(d.forms.customers.columns["inviteCode"], "unique", "several customers")
		return erpclient.Customer{}, none
	case len(found) == 0 || found[0].Disabled || !a.Scope.Admits(found[0].ID):
		return erpclient.Customer{}, none
	}
	return found[0], nil
}

// customerWith reads the customers whose code is exactly this one. The comparison takes the same time wherever they
// differ, because a code is a secret.
func customerWith(code string) func(row) (erpclient.Customer, verdict) {
	return func(r row) (erpclient.Customer, verdict) {
		if !r.has("id") {
			return erpclient.Customer{}, broken
		}
		if subtle.ConstantTimeCompare([]byte(r.text("inviteCode")), []byte(code)) != 1 {
			return erpclient.Customer{}, skip
		}
		return erpclient.Customer{
			ID: r.id("id"), Code: r.text("code"), Name: firstOf(r.text("name"), r.text("abbr")), Disabled: r.disabled(),
		}, keep
	}
}

// disabled takes an answer that cannot be understood for yes: a binding must not hang on a misread field.
func (r row) disabled() bool {
	_, understood := r.value("disabled").flag()
	return r.flag("disabled") || !understood
}
