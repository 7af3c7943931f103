package sandbox

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// keepOrderLines: an order's lines have a form of their own once it is made.
func keepOrderLines(_ record, data map[string]any) (refusal string) {
	if _, given := data[NewOrderLines]; given {
		return "字段不存在：" + NewOrderLines
	}
	return ""
}

// completeOrder gives a new order what the ERP itself knows of it, and makes its lines.
func completeOrder(d *dataset, r record, now time.Time) (refusal string) {
	lines, refusal := d.newLines(r)
	buyer := d.forms[formCustomers].byID[text(r["customerId"])]
	switch {
	case refusal != "":
		return refusal
	case buyer == nil:
		return "客户不存在"
	}
	delete(r, NewOrderLines)
	for column, value := range d.orderHead(buyer, lines, now) {
		if _, given := r[column]; !given {
			r[column] = value
		}
	}
	d.addLines(r, lines)
	return ""
}

// orderHead is what a new order's row says where the caller does not.
func (d *dataset) orderHead(buyer record, lines []record, now time.Time) record {
	head := record{
		"code": d.nextCode(now), "date": erpTime(now), "customerName": buyer["name"], "status": number("1"), "currency": "CNY",
		"shippedRate": number("0"), "producedRate": number("0"),
	}
	total, names := new(big.Rat), ""
	for _, l := range lines {
		total.Add(total, rat(number(text(l["amount"]))))
		names += text(l["productName"]) + " "
	}
	head[hiddenText] = names
	if len(lines) > 0 {
		head["amount"], head["rmbAmount"] = number(total.FloatString(2)), number(total.FloatString(2))
	}
	return head
}

// nextCode gives codes like SO2025121502: a number within the day.
func (d *dataset) nextCode(now time.Time) string {
	prefix, n := "SO"+strings.ReplaceAll(erpTime(now)[:len(dayForm)], "-", ""), 1
	for _, r := range d.forms[formOrders].rows {
		if strings.HasPrefix(text(r["code"]), prefix) {
			n++
		}
	}
	return fmt.Sprintf("%s%02d", prefix, n)
}

// newLines reads the lines of a new order; one without any is let through, as a draft.
func (d *dataset) newLines(order record) (lines []record, refusal string) {
	given, isList := order[NewOrderLines].([]any)
	if order[NewOrderLines] != nil && !isList {
		return nil, "参数错误"
	}
	for _, item := range given {
		asked := object(item)
		product := d.forms[ProductsForm].byID[text(asked["productId"])]
		quantity, ok := quantityOf(asked["quantity"])
		switch {
		case product == nil:
			return nil, "产品不存在"
		case !ok:
			return nil, "数量不正确"
		}
		price := number(text(product["price"]))
		if text(asked["price"]) != "" {
			price = number(text(asked["price"]))
		}
		lines = append(lines, newLine(product, quantity, price))
	}
	return lines, ""
}

func newLine(product record, quantity *big.Rat, price number) record {
	zero := number("0")
	return record{
		"productId": product["id"], "productCode": product["code"], "productName": product["name"], "spec": product["spec"],
		"brand": product["brand"], "unitId": product["unit"], "quantity": plainNumber(quantity), "shippedQuantity": zero,
		"producingQuantity": zero, "producedQuantity": zero, "unProducedQuantity": plainNumber(quantity), "status": number("1"),
		"price": price, "amount": number(new(big.Rat).Mul(quantity, rat(price)).FloatString(2)),
	}
}

// addLines adds the lines of an order that is about to be added itself.
func (d *dataset) addLines(order record, lines []record) {
	f := d.forms[formLines]
	for i, l := range lines {
		l["id"] = ident(strconv.Itoa(d.lastNew+1) + fmt.Sprintf("%03d", i))
		l["salesOrderId"], l["salesOrderCode"], l["customerId"] = order["id"], order["code"], order["customerId"]
		f.add(l)
	}
}
