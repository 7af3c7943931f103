package tryton

import (
	"context"

	"snowgate/erpclient"
)

// Deliveries asks for the shipments that carry goods of an order. One that is packed has not left yet. Who carries it, and
// under which number, is known to modules that this driver does not ask.
func (d *Driver) Deliveries(ctx context.Context, a erpclient.Auth, o erpclient.Order) ([]erpclient.Delivery, error) {
	n, ok := recordID(o.ID)
	if !ok {
		return []erpclient.Delivery{}, nil
	}
	c, err := d.on(ctx, a.Session, opDeliveries)
	if err != nil {
		return nil, err
	}
	rows, err := c.rows(ctx, query{
		model: "stock.shipment.out",
		where: domain{ofLine("moves.origin.sale", n), clause("state", "!=", "cancelled")}.narrowed(a.Scope, "customer"),
		order: []any{by("id", "ASC")}, fields: []string{"number", "state", "effective_date"}, limit: maxPageSize,
	})
	if err != nil {
		return nil, err
	}
	list := make([]erpclient.Delivery, 0, len(rows))
	for _, r := range rows {
		list = append(list, d.deliveryOf(r))
	}
	return list, nil
}

func (d *Driver) deliveryOf(r row) erpclient.Delivery {
	found := erpclient.Delivery{DeliveryNo: numberOf(r), Shipped: r.text("state") == "done", Attachments: []erpclient.Attachment{}}
	if found.Shipped {
		found.ShippedAt, _ = erpclient.ParseMoment(string(r.day("effective_date")), d.zone)
	}
	return found
}
