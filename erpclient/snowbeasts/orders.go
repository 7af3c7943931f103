package snowbeasts

import (
	"context"
	"strings"

	"snowgate/erpclient"
)

// defaultPageSize is used when the query names none.
const defaultPageSize = 20

// SearchOrders asks for one page of orders, narrowed at the ERP to the scope's customer. Rows of anybody else are
// dropped all the same, and then the ERP's total is not passed on. A state for which the ERP has no number is
// KindInvalid.
//
// How filters narrow by date is not known, so that a search between days looks through all orders that match otherwise:
// see ordersBetween.
func (d *Driver) SearchOrders(ctx context.Context, a erpclient.Auth, q erpclient.OrderQuery) (erpclient.OrderPage, error) {
	if q.From != "" || q.To != "" {
		return d.searchBetween(ctx, a, q)
	}
	req, err := d.searchRequest(a.Scope, q)
	if err != nil {
		return erpclient.OrderPage{}, err
	}
	p, err := d.list(ctx, a.Session, d.orderQuestion(opOrders, erpclient.KindBadAnswer), req)
	if err != nil {
		return erpclient.OrderPage{}, err
	}
	return d.orderPage(p, a.Scope)
}

func (d *Driver) orderQuestion(op string, otherwise erpclient.Kind) question {
	return question{op: op, form: d.forms.orders, otherwise: otherwise}
}

func (d *Driver) searchRequest(scope erpclient.Scope, q erpclient.OrderQuery) (listRequest, error) {
	req := d.listRequest(d.forms.orders)
	req.Page, req.PageSize = max(q.Page, 1)-1, q.PageSize
	if req.PageSize <= 0 {
		req.PageSize = defaultPageSize
	}
	req.narrow(d.forms.orders.columns["customerId"], scope.CustomerID)
	if keyword := strings.TrimSpace(q.Keyword); keyword != "" {
		req.Filters[fulltext] = keyword
	}
	if q.Status == "" {
		return req, nil
	}
	n, ok := numberOf(q.Status)
	if !ok {
		return req, erpclient.Errorf(opOrders, erpclient.KindInvalid, "the ERP cannot narrow by status %q", q.Status)
	}
	req.Filters[d.forms.orders.columns["status"]] = []int64{n}
	return req, nil
}

func (d *Driver) orderPage(p *page, scope erpclient.Scope) (erpclient.OrderPage, error) {
	strangers := false
	orders, err := readRows(d, p, func(r row) (erpclient.Order, verdict) {
		order, v := readOrder(r, scope)
		strangers = strangers || v == skip
		return order, v
	})
	if err != nil {
		return erpclient.OrderPage{}, err
	}
	if strangers {
		return erpclient.OrderPage{Orders: orders}, nil
	}
	return erpclient.OrderPage{Orders: orders, Total: p.total}, nil
}

// Order asks for one order by id. Another customer's is KindNotFound.
func (d *Driver) Order(ctx context.Context, a erpclient.Auth, id string) (erpclient.Order, error) {
	none := erpclient.Errorf(opOrder, erpclient.KindNotFound, "no such order")
	if id == "" {
		return erpclient.Order{}, none
	}
	req := d.listRequest(d.forms.orders)
	req.Filters[d.forms.orders.columns["id"]] = []string{id}
	req.narrow(d.forms.orders.columns["customerId"], a.Scope.CustomerID)
	p, err := d.list(ctx, a.Session, d.orderQuestion(opOrder, erpclient.KindNotFound), req)
	if err != nil {
		return erpclient.Order{}, err
	}
	orders, err := readRows(d, p, func(r row) (erpclient.Order, verdict) { return readOrder(r, a.Scope) })
	if err != nil {
		return erpclient.Order{}, err
	}
	for _, order := range orders {
		if order.ID == id {
			return order, nil
		}
	}
	return erpclient.Order{}, none
}

func readOrder(r row, scope erpclient.Scope) (erpclient.Order, verdict) {
	if !r.has("id", "orderNo") {
		return erpclient.Order{}, broken
	}
	if !r.admitted(scope) {
		return erpclient.Order{}, skip
	}
	status, raw := r.status("status")
	amount, currency := r.money()
	return erpclient.Order{
		ID: r.id("id"), OrderNo: r.id("orderNo"), CustomerOrderNo: r.text("customerOrderNo"),
		CustomerID: r.id("customerId"), CustomerName: r.text("customerName"),
		OrderDate: r.day("orderDate"), DeliveryDate: r.day("deliveryDate"),
		Status: status.state, StatusText: status.text, RawStatus: raw,
		Amount: amount, Currency: currency,
		ShippedRate: r.decimal("shippedRate").Rate(), ProducedRate: r.decimal("producedRate").Rate(),
		Remark: r.text("remark"),
	}, keep
}

// admitted checks whose the row is. That the ERP was asked to narrow proves nothing.
func (r row) admitted(scope erpclient.Scope) bool {
	owner := r.id("customerId")
	if scope.Admits(owner) {
		return true
	}
	got := "another"
	if owner == "" {
		got = r.value("customerId").got()
	}
	r.mismatch("customerId", "the scope's customer", got)
	return false
}

// money is the amount in the order's currency, or else the one in yuan.
func (r row) money() (erpclient.Decimal, string) {
	if amount := r.decimal("amount"); amount != "" {
		return amount, r.text("currency")
	}
	if amount := r.decimal("rmbAmount"); amount != "" {
		return amount, "CNY"
	}
	return "", r.text("currency")
}
