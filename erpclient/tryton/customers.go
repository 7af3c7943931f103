package tryton

import (
	"context"

	"snowgate/erpclient"
)

// minInvite is how long an invite code has to be. Shorter ones could be tried out.
const minInvite = 8

// CustomerByInvite finds the party that has the code as an identifier without a type. A party's own code is none: Tryton
// counts those up, and whoever can count could bind to anybody. Parties that are inactive are not found.
func (d *Driver) CustomerByInvite(ctx context.Context, a erpclient.Auth, code string) (erpclient.Customer, error) {
	none := erpclient.Errorf(opInvite, erpclient.KindNotFound, "nobody has this code")
	if len(code) < minInvite {
		return erpclient.Customer{}, none
	}
	c, err := d.on(ctx, a.Session, opInvite)
	if err != nil {
		return erpclient.Customer{}, err
	}
	rows, err := c.rows(ctx, query{
		model: "party.identifier", where: domain{is("code", code), is("type", nil), is("party.active", true)},
		fields: []string{"code", "party.code", "party.name"}, limit: 2,
	})
	switch {
	case err != nil:
		return erpclient.Customer{}, err
	case len(rows) > 1:
		return erpclient.Customer{}, erpclient.Errorf(opInvite, erpclient.KindConflict, "several have this code")
	case len(rows) == 0 || rows[0].text("code") != code: // some databases compare regardless of case
		return erpclient.Customer{}, none
	}
	party := rows[0].to("party")
	return erpclient.Customer{ID: party.id("id"), Code: party.text("code"), Name: party.text("name")}, nil
}
