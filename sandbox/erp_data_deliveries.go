package sandbox

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

var carrierNames = []string{"顺丰速运", "德邦物流", "中通快递", "京东物流", "跨越速运"}

// parcel is a quantity of one order line within a delivery.
type parcel struct {
	line     *madeLine
	quantity hundredths
}

// ship makes the deliveries of an order: none when nothing is shipped, one, two
// halves for a large finished order, or one shared with the customer's next order.
func (m *maker) ship(o *madeOrder) {
	if len(o.parcels(0, 1)) == 0 {
		return
	}
	first := m.waiting[o.CustomerID]
	delete(m.waiting, o.CustomerID)
	day := o.day.AddDate(0, 0, min(3+m.dice.IntN(15), int(m.lastDay.Sub(o.day).Hours()/24)))
	switch {
	case first != nil:
		m.deliver(day, first, o)
	case o.Status == 4 && o.Lines > 5:
		m.deliverParts(day, []*madeOrder{o}, o.parcels(0, 0.5))
		m.deliverParts(day.AddDate(0, 0, 2), []*madeOrder{o}, o.parcels(0.5, 1))
	case m.dice.IntN(6) == 0:
		m.waiting[o.CustomerID] = o
	default:
		m.deliver(day, o)
	}
}

// parcels cuts what is shipped of each line: from and to are fractions of it.
func (o *madeOrder) parcels(from, to float64) []parcel {
	var out []parcel
	for _, l := range o.lines {
		end := l.shipped
		if to < 1 {
			end = l.shipped.part(to)
		}
		if q := end - l.shipped.part(from); q > 0 {
			out = append(out, parcel{l, q})
		}
	}
	return out
}

func (m *maker) deliver(day time.Time, orders ...*madeOrder) {
	var all []parcel
	for _, o := range orders {
		all = append(all, o.parcels(0, 1)...)
	}
	m.deliverParts(day, orders, all)
}

func (m *maker) deliverParts(day time.Time, orders []*madeOrder, parcels []parcel) {
	if len(parcels) == 0 {
		return
	}
	var codes []string
	for _, o := range orders {
		codes = append(codes, o.Code)
		o.Deliveries++
	}
	f := m.forms[formDeliveries]
	n := len(f.rows)
	r := m.deliveryRow(n, day, orders[0].buyer, strings.Join(codes, ","))
	names, total := "", hundredths(0)
	for i, p := range parcels {
		names += p.line.name + " "
		total += p.quantity * p.line.price / 100
		m.forms[formProducts].add(record{
			"id":          ident(strconv.Itoa(670000 + n*20 + i)),
			"productName": p.line.name, "productCode": p.line.code, "spec": p.line.spec,
			"quantity": p.quantity.plain(), "batch": "B" + day.Format("060102"),
			hiddenParent: r["id"], hiddenOwner: ident(orders[0].CustomerID),
		})
	}
	r[hiddenText], r["amount"], r["rmbAmount"] = names, total.money(), total.money()
	f.add(r)
}

func (m *maker) deliveryRow(n int, day time.Time, buyer Customer, codes string) record {
	code := m.code("DN", day)
	r := record{
		"id": ident(strconv.Itoa(530000 + n*3)), "code": code, "orderCodes": codes, "date": m.stamp(day),
		"customerOrSupplierId": ident(buyer.ID), "发货日期": m.stamp(day.AddDate(0, 0, 1)), "是否发货": true, "已出库": true,
		"logisticsCompanyId": ident(strconv.Itoa(31 + m.dice.IntN(len(carrierNames)))),
		"logisticsCode":      fmt.Sprintf("SF%012d", m.dice.Int64N(1e12)),
		"address":            "详见订单", "contact": "收货处", "mobile": fmt.Sprintf("1390013%04d", m.dice.IntN(10000)),
		"attachments": m.attachments(code, day), "finished": true, "remark": nil,
	}
	switch {
	case n%17 == 9: // packed, not yet on its way
		r["是否发货"], r["已出库"], r["finished"], r["发货日期"], r["logisticsCompanyId"] = false, false, false, nil, nil
		delete(r, "logisticsCode")
	case n%13 == 5: // found by the full text search for an order that it does not carry
		r["remark"] = "与 " + m.truth[m.dice.IntN(len(m.truth))].Code + " 同车"
	case n%11 == 4: // people type spaces
		r["orderCodes"] = strings.ReplaceAll(codes, ",", ", ")
	}
	return r
}

// attachments is null, or "path#size=…&name=…", several separated by commas.
func (m *maker) attachments(code string, day time.Time) any {
	var out []string
	for i := range m.dice.IntN(4) {
		path := fmt.Sprintf("delivery/%s/%s-%d.txt", day.Format("2006/01"), code, i+1)
		m.files[path] = true
		name := url.PathEscape(fmt.Sprintf("送货单 %d.txt", i+1))
		out = append(out, fmt.Sprintf("%s#size=%d&name=%s", path, len(fileContent(path)), name))
	}
	if len(out) == 0 {
		return nil
	}
	return strings.Join(out, ",")
}
