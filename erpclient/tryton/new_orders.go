package tryton

import (
	"context"
	"encoding/json"
	"time"

	"snowgate/erpclient"
	"snowgate/erpclient/wire"
)

// CreateOrder makes a quotation, which has a number and waits for somebody of the company to confirm it: confirming in
// Tryton makes shipments and productions at once. Addresses, terms, units, prices and taxes are what Tryton proposes, as on
// its own screens. An order that is there already under the reference is not made again. The reference stands where the
// customer's own number does.
func (d *Driver) CreateOrder(ctx context.Context, a erpclient.Auth, o erpclient.NewOrder) (erpclient.Order, error) {
	if a.Scope.CustomerID != "" {
		o.CustomerID = a.Scope.CustomerID
	}
	done, err := d.turns.take(ctx, opCreateOrder, o.Reference)
	if err != nil {
		return erpclient.Order{}, err
	}
	defer done()
	c, err := d.on(ctx, a.Session, opCreateOrder)
	if err != nil {
		return erpclient.Order{}, untouched(err)
	}
	found, err := c.sale(ctx, domain{is("reference", o.Reference)})
	if err != nil {
		return erpclient.Order{}, untouched(err)
	}
	if found != nil {
		return c.quoted(ctx, orderOf(*found)), nil
	}
	values, err := c.newSale(ctx, o)
	if err != nil {
		return erpclient.Order{}, untouched(err)
	}
	id, err := c.create(ctx, saleModel, values)
	if err != nil {
		return erpclient.Order{}, err
	}
	draft := saleStateOf(stateDraft)
	return c.quoted(ctx, erpclient.Order{
		ID: formatID(id), OrderNo: "(" + formatID(id) + ")", CustomerOrderNo: o.Reference, CustomerID: o.CustomerID, Remark: o.Remark,
		Status: draft.state, StatusText: draft.text, RawStatus: draft.raw,
	}), nil
}

// quoted makes a draft a quotation and reads it. That it was made is no longer in doubt, so that whatever fails here, as
// much of it as is known is the answer: somebody of the company finds a draft as well. Half of the time that is left is
// enough for looking.
func (c *caller) quoted(ctx context.Context, known erpclient.Order) erpclient.Order {
	if deadline, ok := ctx.Deadline(); ok {
		half, cancel := context.WithTimeout(ctx, time.Until(deadline)/2)
		defer cancel()
		ctx = half
	}
	id, _ := recordID(known.ID)
	if known.RawStatus == stateDraft {
		if _, err := c.press(ctx, saleModel, "quote", id); err != nil && !saidNo(err) {
			return known
		}
	}
	if found, err := c.sale(ctx, domain{is("id", id)}); err == nil && found != nil {
		return orderOf(*found)
	}
	return known
}

// newSale is the record to be made.
func (c *caller) newSale(ctx context.Context, o erpclient.NewOrder) (map[string]any, error) {
	party, ok := recordID(o.CustomerID)
	if !ok {
		return nil, erpclient.Errorf(c.op, erpclient.KindInvalid, "no such customer")
	}
	head, err := c.saleHead(ctx, party)
	if err != nil {
		return nil, err
	}
	products, err := c.sellable(ctx, o.Lines)
	if err != nil {
		return nil, err
	}
	lines := make([]any, 0, len(o.Lines))
	for _, l := range o.Lines {
		line, err := c.saleLine(ctx, head, products[l.ProductID], l)
		if err != nil {
			return nil, err
		}
		lines = append(lines, line)
	}
	day, _ := sentDay(c.driver.today())
	head["reference"], head["sale_date"], head["lines"] = o.Reference, day, []any{[]any{"create", lines}}
	if o.Remark != "" {
		head["comment"] = o.Remark
	}
	return head, nil
}

// Fields that Tryton proposes for an order: by itself, and for a party.
var (
	proposedFields = []string{"company", "currency", "warehouse"}
	partyFields    = []string{"invoice_party", "invoice_address", "shipment_party", "shipment_address", "payment_term", "price_list"}
	lineProposals  = []string{"unit", "unit_price", "taxes"}
)

// saleHead is what an order for a party is to be made with.
func (c *caller) saleHead(ctx context.Context, party int64) (map[string]any, error) {
	result, err := c.change(ctx, "model."+saleModel+".default_get", proposedFields, c.context())
	if err != nil {
		return nil, err
	}
	head := map[string]any{"party": party}
	if err := c.take(head, result, proposedFields); err != nil {
		return nil, err
	}
	if head["warehouse"], err = c.salesWarehouse(ctx, head["warehouse"]); err != nil {
		return nil, err
	}
	return head, c.propose(ctx, saleModel, head, head, partyFields, "party")
}

// propose has Tryton fill in what follows from the fields that have changed (on_change), and takes the wanted ones.
func (c *caller) propose(ctx context.Context, model string, into, given map[string]any, wanted []string, changed ...string) error {
	result, err := c.change(ctx, "model."+model+".on_change", given, changed, c.context())
	if err != nil {
		return err
	}
	var told []json.RawMessage
	if wire.TypeOf(result) != wire.Array || json.Unmarshal(result, &told) != nil {
		c.drift.report(model+".on_change", wire.Array, wire.TypeOf(result))
		return erpclient.Errorf(c.op, erpclient.KindBadAnswer, "the answer has no list")
	}
	for _, part := range told {
		if err := c.take(into, part, wanted); err != nil {
			return err
		}
	}
	return nil
}

// take copies what Tryton proposes as it is. Lists of records are to be added.
func (c *caller) take(into map[string]any, from json.RawMessage, wanted []string) error {
	var told map[string]json.RawMessage
	if wire.TypeOf(from) != wire.Object || json.Unmarshal(from, &told) != nil {
		c.drift.report("proposal", wire.Object, wire.TypeOf(from))
		return erpclient.Errorf(c.op, erpclient.KindBadAnswer, "the answer has no proposal")
	}
	for _, name := range wanted {
		switch v := told[name]; {
		case empty(v):
		case wire.TypeOf(v) == wire.Array:
			into[name] = []any{[]any{"add", v}}
		default:
			into[name] = v
		}
	}
	return nil
}

// salesWarehouse is the configured one, or Tryton's proposal, or else the first.
func (c *caller) salesWarehouse(ctx context.Context, proposed any) (any, error) {
	if proposed != nil && c.driver.warehouse == "" {
		return proposed, nil
	}
	places, err := c.places(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range places {
		if c.driver.warehouse == "" || p.code == c.driver.warehouse {
			return p.number, nil
		}
	}
	return nil, erpclient.Errorf(c.op, erpclient.KindConflict, "there is no warehouse to sell from")
}

// sellable are the products that lines name. Tryton would refuse the others with a page of definitions.
func (c *caller) sellable(ctx context.Context, lines []erpclient.NewOrderLine) (map[string]row, error) {
	ids := make([]int64, 0, len(lines))
	for _, l := range lines {
		if n, ok := recordID(l.ProductID); ok {
			ids = append(ids, n)
		}
	}
	rows, err := c.rows(ctx, query{
		model: productModel, where: domain{oneOf("id", ids), is("salable", true)}, fields: []string{"sale_uom.digits"}, limit: max(len(ids), 1),
	})
	if err != nil {
		return nil, err
	}
	found := map[string]row{}
	for _, r := range rows {
		found[r.id("id")] = r
	}
	for _, l := range lines {
		r, ok := found[l.ProductID]
		if !ok {
			return nil, erpclient.Errorf(c.op, erpclient.KindNotFound, "no such product, or none that is sold")
		}
		if decimals(l.Quantity) > int(r.to("sale_uom").number("digits")) {
			return nil, erpclient.Errorf(c.op, erpclient.KindInvalid, "the unit has no such fractions")
		}
	}
	return found, nil
}

// saleLine is a line with the unit, the price and the taxes that Tryton proposes for this customer.
func (c *caller) saleLine(ctx context.Context, head map[string]any, product row, l erpclient.NewOrderLine) (map[string]any, error) {
	line := map[string]any{"type": "line", "product": product.number("id"), "quantity": l.Quantity}
	given := map[string]any{}
	for name, v := range line {
		given[name] = v
	}
	for _, name := range append([]string{"party"}, append(proposedFields, partyFields...)...) {
		if v, ok := head[name]; ok {
			given["_parent_sale."+name] = v
		}
	}
	if err := c.propose(ctx, lineModel, line, given, lineProposals, "product", "quantity"); err != nil {
		return nil, err
	}
	if l.Price != "" {
		line["unit_price"] = sentDecimal(l.Price)
	}
	if line["unit"] == nil || line["unit_price"] == nil {
		return nil, erpclient.Errorf(c.op, erpclient.KindConflict, "the product has no price, or no unit, to be sold for")
	}
	return line, nil
}

// OrderByReference finds an order again, whoever's it is: that it belongs to somebody else does not mean that it was not
// made.
func (d *Driver) OrderByReference(ctx context.Context, a erpclient.Auth, reference string) (erpclient.Order, error) {
	none := erpclient.Errorf(opOrderByRef, erpclient.KindNotFound, "nothing has this reference")
	if reference == "" {
		return erpclient.Order{}, none
	}
	c, err := d.on(ctx, a.Session, opOrderByRef)
	if err != nil {
		return erpclient.Order{}, err
	}
	found, err := c.sale(ctx, domain{is("reference", reference)})
	if err != nil {
		return erpclient.Order{}, err
	}
	if found == nil {
		return erpclient.Order{}, none
	}
	return orderOf(*found), nil
}
