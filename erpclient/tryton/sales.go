package tryton

import (
	"context"

	"snowgate/erpclient"
)

// maxSales is how many lines some days may have, far more than a screen is for.
const maxSales = 50 * maxPageSize

// Sales lists the lines of confirmed orders of some days. KindInvalid where there are more than fifty thousand.
func (d *Driver) Sales(ctx context.Context, a erpclient.Auth, from, to erpclient.Day) ([]erpclient.Sale, error) {
	where := domain{oneOf("sale.state", soldStates), is("type", "line"), clause("product", "!=", nil)}.narrowed(a.Scope, "sale.party")
	where, err := where.between(opSales, "sale.sale_date", from, to)
	if err != nil {
		return nil, err
	}
	c, err := d.on(ctx, a.Session, opSales)
	if err != nil {
		return nil, err
	}
	q := query{
		model: lineModel, where: where, order: []any{by("sale.sale_date", "ASC"), by("sale", "ASC")},
		fields: []string{"sale.sale_date", "product.name", "quantity", "amount"}, limit: maxPageSize,
	}
	sales := []erpclient.Sale{}
	for ; q.offset < maxSales; q.offset += q.limit {
		rows, err := c.rows(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			sales = append(sales, saleOf(r))
		}
		if len(rows) < q.limit {
			return sales, nil
		}
	}
	return nil, erpclient.Errorf(opSales, erpclient.KindInvalid, "more than %d lines", maxSales)
}

func saleOf(r row) erpclient.Sale {
	order, product := r.to("sale"), r.to("product")
	return erpclient.Sale{
		Day: order.day("sale_date"), OrderID: order.id("id"), ProductID: product.id("id"), ProductName: product.text("name"),
		Quantity: r.decimal("quantity"), Amount: r.decimal("amount"),
	}
}
