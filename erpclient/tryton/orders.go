package tryton

import (
	"context"
	"strings"

	"snowgate/erpclient"
)

const saleModel = "sale.sale"

var saleFields = []string{
	"number", "reference", "party.name", "state", "sale_date", "shipping_date", "total_amount", "currency.code", "comment",
}

// SearchOrders asks for one page of orders and for how many there are, side by side. The keyword finds numbers,
// references, and codes, names and bar codes of what was ordered. KindInvalid where Tryton has no word for the status.
func (d *Driver) SearchOrders(ctx context.Context, a erpclient.Auth, q erpclient.OrderQuery) (erpclient.OrderPage, error) {
	where, err := searchedOrders(a.Scope, q)
	if err != nil {
		return erpclient.OrderPage{}, err
	}
	c, err := d.on(ctx, a.Session, opOrders)
	if err != nil {
		return erpclient.OrderPage{}, err
	}
	rows, total, err := c.pageOfSales(ctx, query{where: where}.paged(q.Page, q.PageSize))
	if err != nil {
		return erpclient.OrderPage{}, err
	}
	orders := make([]erpclient.Order, 0, len(rows))
	for _, r := range rows {
		if o := orderOf(r); a.Scope.Admits(o.CustomerID) {
			orders = append(orders, o)
		}
	}
	if len(orders) < len(rows) {
		return erpclient.OrderPage{Orders: orders}, nil
	}
	return erpclient.OrderPage{Orders: orders, Total: &total}, nil
}

func searchedOrders(scope erpclient.Scope, q erpclient.OrderQuery) (domain, error) {
	where := domain{}.narrowed(scope, "party")
	if keyword := strings.TrimSpace(q.Keyword); keyword != "" {
		where = append(where, either(like("rec_name", keyword), like("lines.product.rec_name", keyword)))
	}
	if q.Status != "" {
		raw := rawStates(q.Status)
		if len(raw) == 0 {
			return nil, erpclient.Errorf(opOrders, erpclient.KindInvalid, "Tryton cannot narrow by status %q", q.Status)
		}
		where = append(where, oneOf("state", raw))
	}
	return where.between(opOrders, "sale_date", q.From, q.To)
}

// between narrows to days, both included; "" is open.
func (d domain) between(op, field string, from, to erpclient.Day) (domain, error) {
	for operator, day := range map[string]erpclient.Day{">=": from, "<=": to} {
		if day == "" {
			continue
		}
		sent, ok := sentDay(day)
		if !ok {
			return nil, erpclient.Errorf(op, erpclient.KindInvalid, "not a day")
		}
		d = append(d, clause(field, operator, sent))
	}
	return d, nil
}

// newestFirst has orders without a date, which are drafts, before all others.
var newestFirst = []any{by("sale_date", "DESC NULLS FIRST")}

// pageOfSales reads orders with what was made and shipped of them. Somebody who may see orders but not the moves behind
// them gets the orders alone.
func (c *caller) pageOfSales(ctx context.Context, q query) (rows []row, total int, err error) {
	q.model, q.order, q.fields = saleModel, newestFirst, c.withLines()
	rows, total, err = c.page(ctx, q)
	if erpclient.KindOf(err) == erpclient.KindForbidden {
		q.fields = saleFields
		return c.page(ctx, q)
	}
	return rows, total, err
}

// sale reads one order, nil where it is not seen.
func (c *caller) sale(ctx context.Context, where domain) (*row, error) {
	q := query{model: saleModel, where: where, fields: c.withLines()}
	found, err := c.one(ctx, q)
	if erpclient.KindOf(err) == erpclient.KindForbidden {
		q.fields = saleFields
		return c.one(ctx, q)
	}
	return found, err
}

// withLines are an order's fields and those of its lines by which its rates are told.
func (c *caller) withLines() []string {
	fields := append([]string{}, saleFields...)
	for _, f := range c.flowFields() {
		fields = append(fields, "lines."+f)
	}
	return fields
}

// Order asks for one order by id. Another customer's is KindNotFound.
func (d *Driver) Order(ctx context.Context, a erpclient.Auth, id string) (erpclient.Order, error) {
	none := erpclient.Errorf(opOrder, erpclient.KindNotFound, "no such order")
	n, ok := recordID(id)
	if !ok {
		return erpclient.Order{}, none
	}
	c, err := d.on(ctx, a.Session, opOrder)
	if err != nil {
		return erpclient.Order{}, err
	}
	found, err := c.sale(ctx, domain{is("id", n)}.narrowed(a.Scope, "party"))
	if err != nil {
		return erpclient.Order{}, err
	}
	if found == nil {
		return erpclient.Order{}, none
	}
	return orderOf(*found), nil
}

func orderOf(r row) erpclient.Order {
	state := saleStateOf(r.text("state"))
	party := r.to("party")
	o := erpclient.Order{
		ID: r.id("id"), OrderNo: numberOf(r), CustomerOrderNo: r.text("reference"), CustomerID: party.id("id"), CustomerName: party.text("name"),
		OrderDate: r.day("sale_date"), DeliveryDate: r.day("shipping_date"), Status: state.state, StatusText: state.text, RawStatus: state.raw,
		Amount: r.decimal("total_amount"), Currency: r.to("currency").text("code"), Remark: r.text("comment"),
	}
	if r.fields["lines."] != nil {
		o.ShippedRate, o.ProducedRate = rates(flowsOf(r.all("lines")))
	}
	return o
}

// numberOf is a document's number. A draft has none; in its place stands what Tryton's own screens show, the id in brackets.
func numberOf(r row) string {
	if number := r.text("number"); number != "" {
		return number
	}
	return "(" + r.id("id") + ")"
}
