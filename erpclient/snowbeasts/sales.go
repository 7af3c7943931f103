package snowbeasts

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"snowgate/erpclient"
)

const (
	// saleOrders is how many orders' lines are asked for at once.
	saleOrders = 100
	// maxSalePages of scanPageSize lines are far more than a hundred orders have.
	maxSalePages = 10
)

// Sales lists the lines of the orders of some days. Lines are narrowed by a list of orders, which was seen of other
// forms; where that finds none, each order is asked for its own.
func (d *Driver) Sales(ctx context.Context, a erpclient.Auth, from, to erpclient.Day) ([]erpclient.Sale, error) {
	if err := d.needs(opSales, erpclient.CapabilitySales); err != nil {
		return nil, err
	}
	orders, err := d.ordersBetween(ctx, a, opSales, erpclient.OrderQuery{From: from, To: to})
	if err != nil {
		return nil, err
	}
	orders = slices.DeleteFunc(orders, func(o erpclient.Order) bool { return o.Status == erpclient.StateCancelled })
	sales := []erpclient.Sale{}
	for batch := range slices.Chunk(orders, saleOrders) {
		lines, err := d.salesOf(ctx, a, batch)
		if err != nil {
			return nil, err
		}
		sales = append(sales, lines...)
	}
	slices.SortStableFunc(sales, func(x, y erpclient.Sale) int {
		return cmp.Or(cmp.Compare(x.Day, y.Day), cmp.Compare(x.OrderID, y.OrderID))
	})
	return sales, nil
}

// salesOf are the lines of some orders.
func (d *Driver) salesOf(ctx context.Context, a erpclient.Auth, orders []erpclient.Order) ([]erpclient.Sale, error) {
	days := map[string]erpclient.Day{}
	for _, o := range orders {
		days[o.ID] = o.OrderDate
	}
	req := d.saleRequest()
	req.Filters[d.forms.lines.columns["orderId"]] = slices.Sorted(maps.Keys(days))
	found, err := d.saleLines(ctx, a, req, days, "")
	if err != nil || len(found) > 0 {
		return found, err
	}
	for _, o := range orders {
		req := d.saleRequest()
		req.Condition[formContext] = o.ID
		own, err := d.saleLines(ctx, a, req, map[string]erpclient.Day{o.ID: o.OrderDate}, o.ID)
		if err != nil {
			return nil, err
		}
		found = append(found, own...)
	}
	return found, nil
}

func (d *Driver) saleRequest() listRequest {
	req := d.listRequest(d.forms.lines)
	req.PageSize = scanPageSize
	return req
}

// saleLines reads lines. Those of other orders are left out; one that does not say is of the only order asked for.
func (d *Driver) saleLines(ctx context.Context, a erpclient.Auth, req listRequest, days map[string]erpclient.Day, only string) ([]erpclient.Sale, error) {
	return listExact(ctx, d, a.Session, d.lineQuestion(opSales, erpclient.KindBadAnswer), req, maxSalePages, func(r row) (erpclient.Sale, verdict) {
		m, v := readMaterial(r, a.Scope)
		order := firstOf(m.OrderID, only)
		day, wanted := days[order]
		switch {
		case v != keep:
			return erpclient.Sale{}, v
		case !wanted:
			return erpclient.Sale{}, skip
		}
		return erpclient.Sale{
			Day: day, OrderID: order, ProductID: r.id("productId"), ProductName: m.Name, Quantity: m.Quantity, Amount: r.decimal("amount"),
		}, keep
	}, nil)
}
