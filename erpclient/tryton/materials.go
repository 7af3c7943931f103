package tryton

import (
	"context"

	"snowgate/erpclient"
)

const lineModel = "sale.line"

var lineFields = []string{
	"type", "sale.party", "sale.state", "product.code", "product.name", "unit.symbol", "quantity", "description", "shipping_date",
}

// Materials asks for all lines of an order, with what was made and shipped of each. A line of somebody else's order is
// not found.
func (d *Driver) Materials(ctx context.Context, a erpclient.Auth, orderID string) ([]erpclient.Material, error) {
	n, ok := recordID(orderID)
	if !ok {
		return []erpclient.Material{}, nil
	}
	c, err := d.on(ctx, a.Session, opMaterials)
	if err != nil {
		return nil, err
	}
	return c.materials(ctx, a.Scope, is("sale", n), maxPageSize)
}

// Material asks for one line by id. Another customer's is KindNotFound.
func (d *Driver) Material(ctx context.Context, a erpclient.Auth, id string) (erpclient.Material, error) {
	none := erpclient.Errorf(opMaterial, erpclient.KindNotFound, "no such line")
	n, ok := recordID(id)
	if !ok {
		return erpclient.Material{}, none
	}
	c, err := d.on(ctx, a.Session, opMaterial)
	if err != nil {
		return erpclient.Material{}, err
	}
	found, err := c.materials(ctx, a.Scope, is("id", n), 1)
	if err != nil {
		return erpclient.Material{}, err
	}
	if len(found) == 0 {
		return erpclient.Material{}, none
	}
	return found[0], nil
}

// materials reads lines in the order in which they stand on the document.
func (c *caller) materials(ctx context.Context, scope erpclient.Scope, clause []any, limit int) ([]erpclient.Material, error) {
	q := query{
		model: lineModel, where: domain{clause, is("type", "line")}.narrowed(scope, "sale.party"),
		order: []any{by("sequence", "ASC NULLS FIRST"), by("id", "ASC")}, fields: append(c.flowFields(), lineFields...), limit: limit,
	}
	rows, err := c.rows(ctx, q)
	if erpclient.KindOf(err) == erpclient.KindForbidden { // lines, but not the moves behind them
		q.fields = lineFields
		rows, err = c.rows(ctx, q)
	}
	if err != nil {
		return nil, err
	}
	list := make([]erpclient.Material, 0, len(rows))
	for _, r := range rows {
		list = append(list, materialOf(r))
	}
	return list, nil
}

func materialOf(r row) erpclient.Material {
	sale, product := r.to("sale"), r.to("product")
	m := erpclient.Material{
		ID: r.id("id"), OrderID: sale.id("id"), CustomerID: sale.id("party"), Code: product.text("code"), Name: product.text("name"),
		Unit: r.to("unit").text("symbol"), Quantity: r.decimal("quantity"), DeliveryDate: r.day("shipping_date"),
	}
	if m.Name == "" { // a line without a product says in its own words what is sold
		m.Name = r.text("description")
	}
	var f flow
	if r.fields["moves."] != nil {
		f = flowOf(r)
		m.ProducedQuantity, m.ProducingQuantity, m.ShippedQuantity = f.produced, f.producing, f.shipped
	}
	m.Status = lineState(saleStateOf(sale.text("state")), f)
	m.StatusText = lineTexts[m.Status]
	return m
}

// lineState is the order's, but while that is under way each line has come a different way. What cannot be followed goes
// with the order.
func lineState(order saleState, f flow) erpclient.State {
	switch {
	case order.state != erpclient.StateInProgress || !f.goods:
		return order.state
	case f.shipped.Float() >= f.quantity.Float():
		return erpclient.StateDone
	case f.shipped.Float() > 0 || f.begun.Float() > 0:
		return erpclient.StateInProgress
	default:
		return erpclient.StateNotStarted
	}
}
