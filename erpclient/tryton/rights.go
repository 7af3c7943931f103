package tryton

import (
	"context"
	"encoding/json"
	"slices"

	"snowgate/erpclient"
	"snowgate/erpclient/wire"
)

// The gateway's names for what somebody may do.
const (
	mayReadOrders     = "orders:read"
	mayReadMaterials  = "materials:read"
	mayWriteOrders    = "orders:write"
	mayReadStock      = "inventory:read"
	mayWriteStock     = "inventory:write"
	mayReadApprovals  = "approvals:read"
	mayWriteApprovals = "approvals:write"
)

// rights are what Tryton says about a user: ir.model.access for models, ir.model.button for buttons. They only decide what
// is offered; Tryton itself refuses the rest.
type rights struct {
	access  map[string]row
	buttons []row
	groups  map[string]bool
}

// needsOf are the rights that each permission takes.
var needsOf = []struct {
	permission string
	staff      bool // the company's own business: no customer's
	needs      []need
}{
	{mayReadOrders, false, []need{{"sale.sale", "read", nil}}},
	{mayReadMaterials, false, []need{{"sale.sale", "read", nil}, {"sale.line", "read", nil}}},
	{mayWriteOrders, false, []need{{"sale.sale", "create", []string{"quote"}}, {"sale.line", "create", nil}}},
	{mayReadStock, true, []need{{"stock.move", "read", nil}}},
	{mayWriteStock, true, []need{{"stock.shipment.internal", "create", []string{"wait", "assign_try", "done", "cancel"}}}},
	{mayReadApprovals, true, []need{{"purchase.purchase", "read", nil}}},
	{mayWriteApprovals, true, []need{{"purchase.purchase", "write", []string{"confirm", "cancel"}}}},
}

// need is a right on a model, and buttons on it.
type need struct {
	model, access string
	buttons       []string
}

// permissions are in the gateway's names.
func (r rights) permissions(customer bool) []string {
	list := []string{}
	for _, p := range needsOf {
		if (!p.staff || !customer) && !slices.ContainsFunc(p.needs, func(n need) bool { return !r.have(n) }) {
			list = append(list, p.permission)
		}
	}
	return list
}

func (r rights) have(n need) bool {
	access, known := r.access[n.model]
	if !known || !access.flag(n.access) {
		return false
	}
	return !slices.ContainsFunc(n.buttons, func(button string) bool { return !r.mayPress(n.model, button) })
}

// mayPress reports whether one of a button's groups is the user's. A button without groups takes the right to write.
func (r rights) mayPress(model, button string) bool {
	for _, b := range r.buttons {
		if b.to("model").text("model") != model || b.text("name") != button {
			continue
		}
		groups := b.all("groups")
		if len(groups) > 0 {
			return slices.ContainsFunc(groups, func(g row) bool { return r.groups[g.id("id")] })
		}
	}
	return r.access[model].flag("write")
}

func (c *caller) rights(ctx context.Context, groups []row) (rights, error) {
	r := rights{groups: map[string]bool{}}
	for _, g := range groups {
		r.groups[g.id("id")] = true
	}
	models, buttons := c.neededRights()
	err := sideBySide(ctx,
		func(ctx context.Context) (err error) { r.access, err = c.access(ctx, models); return err },
		func(ctx context.Context) (err error) { r.buttons, err = c.rows(ctx, buttons); return err },
	)
	return r, err
}

// neededRights are the models to ask about, and the buttons.
func (c *caller) neededRights() (models []any, buttons query) {
	var names []string
	for _, p := range needsOf {
		for _, n := range p.needs {
			if n.model == "purchase.purchase" && c.driver.Lacks(erpclient.CapabilityApprovals) {
				continue // the module may not be there, and then Tryton fails over the name
			}
			if !slices.Contains(models, any(n.model)) {
				models = append(models, n.model)
			}
			names = append(names, n.buttons...)
		}
	}
	return models, query{
		model: "ir.model.button", where: domain{oneOf("model.model", models), oneOf("name", names)},
		fields: []string{"name", "model.model", "groups.name"}, limit: maxPageSize,
	}
}

// access are a user's rights on models.
func (c *caller) access(ctx context.Context, models []any) (map[string]row, error) {
	result, err := c.search(ctx, "model.ir.model.access.get_access", models, c.context())
	if err != nil {
		return nil, err
	}
	var told map[string]map[string]json.RawMessage
	if wire.TypeOf(result) != wire.Object || json.Unmarshal(result, &told) != nil {
		c.drift.report("access", wire.Object, wire.TypeOf(result))
		return nil, erpclient.Errorf(c.op, erpclient.KindBadAnswer, "the answer has no rights")
	}
	all := map[string]row{}
	for model, fields := range told {
		all[model] = row{what: "access", fields: fields, drift: c.drift}
	}
	return all, nil
}
