package snowbeasts

import (
	"context"
	"slices"
	"strings"

	"snowgate/erpclient"
)

// Deliveries asks for what was shipped for an order. The ERP's full-text filter finds every delivery that mentions the
// order number anywhere, so the rows are checked: the number must be one of the delivery's own orders. The names of
// the logistics companies are asked for side by side; without them the names stay empty.
func (d *Driver) Deliveries(ctx context.Context, a erpclient.Auth, o erpclient.Order) ([]erpclient.Delivery, error) {
	if o.OrderNo == "" { // an empty search would find everything
		return []erpclient.Delivery{}, nil
	}
	names := d.logistics.ask(ctx, d.companies(a.Session))
	req := d.listRequest(d.forms.deliveries)
	req.Filters[fulltext] = o.OrderNo
	req.narrow(d.forms.deliveries.columns["customerId"], firstOf(a.Scope.CustomerID, o.CustomerID))
	q := question{op: opDeliveries, form: d.forms.deliveries, otherwise: erpclient.KindBadAnswer}
	read := once(func(s shipment) string { return s.DeliveryNo }, d.shipmentOf(o.OrderNo, a.Scope))
	found, err := listAll(ctx, d, a.Session, q, req, maxDeliveryPages, read)
	if err != nil {
		return nil, err
	}
	return named(found, names(ctx)), nil
}

// shipment is a delivery whose logistics company is known by its id only.
type shipment struct {
	erpclient.Delivery
	companyID string
}

func named(found []shipment, names map[string]string) []erpclient.Delivery {
	out := make([]erpclient.Delivery, 0, len(found))
	for _, s := range found {
		s.LogisticsCompany = names[s.companyID]
		out = append(out, s.Delivery)
	}
	return out
}

func (d *Driver) shipmentOf(orderNo string, scope erpclient.Scope) func(row) (shipment, verdict) {
	return func(r row) (shipment, verdict) {
		switch {
		case !r.admitted(scope), !slices.Contains(splitCodes(r.text("orderNos")), orderNo):
			return shipment{}, skip
		case !r.has("deliveryNo"):
			return shipment{}, broken
		}
		return shipment{companyID: r.id("logisticsCompanyId"), Delivery: erpclient.Delivery{
			DeliveryNo: r.id("deliveryNo"), Shipped: r.flag("shipped") || r.flag("stockedOut"), ShippedAt: r.moment("shippedAt"),
			TrackingNo: r.text("trackingNo"), Attachments: d.attachments(r.text("attachments")),
		}}, keep
	}
}

// splitCodes takes a list of order numbers apart. Commas were seen; the other separators are what people type.
func splitCodes(codes string) []string {
	return strings.FieldsFunc(codes, func(c rune) bool { return strings.ContainsRune(",，;； \t\r\n　", c) })
}
