package snowbeasts

import (
	"context"

	"snowgate/erpclient"
)

// How many orders are looked through at most to find those of some days: an ERP with more is told apart by
// Forms.NewestFirst, or answers NotSupported.
const (
	scanPageSize = 500
	maxScanPages = 10
)

// searchBetween cuts a page out of the orders of some days.
func (d *Driver) searchBetween(ctx context.Context, a erpclient.Auth, q erpclient.OrderQuery) (erpclient.OrderPage, error) {
	orders, err := d.ordersBetween(ctx, a, opOrders, q)
	if err != nil {
		return erpclient.OrderPage{}, err
	}
	size := q.PageSize
	if size <= 0 {
		size = defaultPageSize
	}
	total, page := len(orders), max(q.Page, 1)-1
	from := total
	if page <= total/size {
		from = min(page*size, total)
	}
	return erpclient.OrderPage{Orders: orders[from:min(from+size, total)], Total: &total}, nil
}

// ordersBetween looks through all orders that match the query otherwise. It is exact: where there are too many to look
// through, the answer is NotSupported.
func (d *Driver) ordersBetween(ctx context.Context, a erpclient.Auth, op string, q erpclient.OrderQuery) ([]erpclient.Order, error) {
	if !d.forms.orders.has("orderDate") {
		return nil, erpclient.Errorf(op, erpclient.KindNotSupported, "the orders have no date")
	}
	req, err := d.searchRequest(a.Scope, q)
	if err != nil {
		return nil, err
	}
	req.Page, req.PageSize, req.Orderby = 0, scanPageSize, d.forms.newestFirst
	falling := &fallingDays{until: q.From}
	read := func(r row) (erpclient.Order, verdict) {
		o, v := readOrder(r, a.Scope)
		if v != keep {
			return o, v
		}
		falling.note(o.OrderDate)
		if o.OrderDate == "" || o.OrderDate < q.From || q.To != "" && o.OrderDate > q.To {
			return o, skip
		}
		return o, keep
	}
	var enough func() bool
	if d.forms.newestFirst != "" {
		enough = falling.past
	}
	return listExact(ctx, d, a.Session, d.orderQuestion(op, erpclient.KindBadAnswer), req, maxScanPages, read, enough)
}

// fallingDays watches whether orders really come by falling date, and when the last day wanted is behind.
type fallingDays struct {
	until, last erpclient.Day
	broken      bool
}

func (f *fallingDays) note(day erpclient.Day) {
	f.broken = f.broken || day == "" || f.last != "" && day > f.last
	f.last = day
}

// past reports that no older order can be wanted.
func (f *fallingDays) past() bool { return !f.broken && f.last != "" && f.last < f.until }
