package snowbeasts

import (
	"context"
	"time"

	"snowgate/erpclient"
)

// CreateOrder makes a sales order with its lines in one call, so that there is never half of one. That the lines go into
// a column of the order is a guess, which is why the installation has to name the column. The reference stands in its own
// column, or else in that of the customer's order number.
func (d *Driver) CreateOrder(ctx context.Context, a erpclient.Auth, o erpclient.NewOrder) (erpclient.Order, error) {
	if err := d.needs(opCreateOrder, erpclient.CapabilityOrderWrite); err != nil {
		return erpclient.Order{}, err
	}
	o.CustomerID = firstOf(a.Scope.CustomerID, o.CustomerID)
	m, err := d.create(ctx, a.Session, d.orderQuestion(opCreateOrder, ""), d.newOrder(o))
	if err != nil {
		return erpclient.Order{}, err
	}
	return d.created(ctx, a, o, m.id())
}

// newOrder leaves out whose it is where nobody said: a customer's own account orders for itself.
func (d *Driver) newOrder(o erpclient.NewOrder) values {
	reference := "reference"
	if !d.forms.orders.has(reference) {
		reference = "customerOrderNo"
	}
	given := values{reference: o.Reference, "remark": o.Remark, newLines: d.newLines(o.Lines)}
	if o.CustomerID != "" {
		given["customerId"] = o.CustomerID
	}
	return given
}

func (d *Driver) newLines(lines []erpclient.NewOrderLine) []map[string]any {
	all := make([]map[string]any, 0, len(lines))
	for _, l := range lines {
		given := values{"productId": l.ProductID, "quantity": l.Quantity}
		if l.Price != "" {
			given["price"] = l.Price
		}
		all = append(all, d.forms.lines.data(given))
	}
	return all
}

// created shows the order that was just made as the ERP shows it, or as much of it as is known when the ERP does not:
// that it was made is no longer in doubt. Half of the time that is left is enough for looking.
func (d *Driver) created(ctx context.Context, a erpclient.Auth, o erpclient.NewOrder, id string) (erpclient.Order, error) {
	if deadline, ok := ctx.Deadline(); ok {
		half, cancel := context.WithTimeout(ctx, time.Until(deadline)/2)
		defer cancel()
		ctx = half
	}
	var shown erpclient.Order
	var err error
	if id != "" {
		shown, err = d.Order(ctx, a, id)
	} else {
		shown, err = d.OrderByReference(ctx, a, o.Reference)
	}
	switch {
	case err == nil:
		return shown, nil
	case id == "":
		return erpclient.Order{}, erpclient.Errorf(opCreateOrder, erpclient.KindOutcomeUnknown, "made, but which one it is was not told: %w", err)
	}
	return erpclient.Order{
		ID: id, CustomerID: o.CustomerID, CustomerOrderNo: o.Reference, Remark: o.Remark,
		Status: unknownStatus.state, StatusText: unknownStatus.text,
	}, nil
}

// OrderByReference finds an order again, whoever's it is: that it belongs to somebody else does not mean that it was
// not made.
func (d *Driver) OrderByReference(ctx context.Context, a erpclient.Auth, reference string) (erpclient.Order, error) {
	if err := d.needs(opOrderByRef, erpclient.CapabilityOrderLookup); err != nil {
		return erpclient.Order{}, err
	}
	return findByReference(ctx, d, a, d.orderQuestion(opOrderByRef, erpclient.KindBadAnswer), reference,
		func(r row) (erpclient.Order, verdict) { return readOrder(r, erpclient.Scope{}) })
}
