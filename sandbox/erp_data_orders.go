package sandbox

import (
	"fmt"
	"strconv"
)

type product struct {
	id, code, name, spec, brand string
	unit                        string
	price                       hundredths
	step                        hundredths // quantities are multiples of it
}

var products = []product{
	{"8001", "P-1001", "雪地帐篷", "四季 2人", "雪兽", "21", 128850, 100},
	{"8002", "P-1002", "羽绒睡袋", "-25℃ 左拉链", "雪兽", "21", 89900, 100},
	{"8003", "P-1003", "登山杖", "碳纤维 135cm", "极行", "22", 25950, 200},
	{"8004", "P-1004", "冰爪", "12齿 快装", "极行", "22", 46825, 200},
	{"8005", "P-2001", "防水面料", "70D 涂层 1.5m", "霜林", "23", 3865, 1250},
	{"8006", "P-2002", "保温棉", "200g/㎡", "霜林", "23", 1990, 750},
	{"8007", "P-3001", "滑雪镜", "双层防雾", "雪兽", "21", 19980, 500},
	{"8008", "P-3002", "滑雪手套", "L 黑", "雪兽", "22", 15960, 1000},
	{"8009", "P-3003", "头盔", "M 58-61cm", "极行", "21", 33300, 500},
	{"8010", "P-4001", "炉头", "分体式 3.2kW", "火山", "21", 22880, 100},
	{"8011", "P-4002", "气罐", "230g <高山>", "火山", "24", 2850, 2400},
	{"8012", "P-4003", "保温壶 \"北极\"", "1.0L", "火山", "21", 13905, 600},
}

// madeLine is an order's line while deliveries are being made.
type madeLine struct {
	product
	quantity, shipped hundredths
	price             hundredths
}

func (l madeLine) amount() hundredths { return l.quantity * l.price / 100 }

func (m *maker) makeLine(o *madeOrder) {
	p := choose(m, products)
	l := &madeLine{product: p, quantity: p.step * hundredths(1+m.dice.IntN(40))}
	l.price = p.price - p.price*hundredths(m.dice.IntN(8))/100
	l.shipped = l.quantity.part(o.shipped)
	if o.shipped == 1 {
		l.shipped = l.quantity
	}
	o.lines = append(o.lines, l)
	m.forms[formLines].add(m.lineRow(o, l))
}

func (m *maker) lineRow(o *madeOrder, l *madeLine) record {
	made := max(l.shipped, l.quantity.part(o.made))
	making := hundredths(0)
	if o.Status == 2 {
		making = (l.quantity - made).part(0.5)
	}
	r := record{
		"id": ident(strconv.FormatInt(m.nextLine, 10)), "salesOrderId": ident(o.ID), "salesOrderCode": o.Code,
		"productId": ident(l.id), "productCode": l.code, "productName": l.name, "spec": l.spec, "brand": l.brand,
		"image": "product/" + l.code + ".jpg#size=1024&name=" + l.code + ".jpg", "unitId": ident(l.unit),
		"quantity": l.quantity.plain(), "shippedQuantity": l.shipped.plain(), "shippingQuantity": number("0"),
		"returnedQuantity": number("0"), "producingQuantity": making.plain(), "producedQuantity": made.plain(),
		"unProducedQuantity": (l.quantity - made).plain(), "requisitionedQuantity": number("0"),
		"stockQuantity": hundredths(m.dice.IntN(500) * 100).plain(), "availableQuantity": nil,
		"warehouseId": ident("61"), "produceType": choose(m, []string{"自产", "外购"}),
		"deliveryDate": m.stamp(o.day.AddDate(0, 0, 20)), "stockOutDate": nil,
		"status": number(strconv.Itoa(o.Status)), "customerId": ident(o.CustomerID),
		"remark": "", "price": l.price.money(), "amount": l.amount().money(),
	}
	m.nextLine += 1 + m.dice.Int64N(2)
	for _, optional := range []string{"image", "remark", "deliveryDate"} {
		if m.dice.IntN(9) == 0 {
			delete(r, optional)
		}
	}
	return r
}

// orderRow also completes o.Amount.
func (m *maker) orderRow(i int, o *madeOrder) record {
	var quantity, shipped, amount hundredths
	names := ""
	for _, l := range o.lines {
		quantity, shipped, amount = quantity+l.quantity, shipped+l.shipped, amount+l.amount()
		names += l.name + " "
	}
	percent := i%7 == 3 // this order's rates run from 0 to 100
	r := record{
		"id": ident(o.ID), "code": o.Code, "date": m.stamp(o.day), "customerId": ident(o.CustomerID),
		"customerName": o.buyer.Name, "status": number(strconv.Itoa(o.Status)), "quantity": quantity.plain(),
		"produceQuantity": quantity.part(o.made).plain(), "produced": o.made == 1, "amount": nil, "rmbAmount": nil,
		"currency": "CNY", "shippedRate": rate(shipped, quantity, percent), "shippingRate": number("0"),
		"producedRate": rate(max(shipped, quantity.part(o.made)), quantity, percent), "producingRate": number("0"),
		"stockOutRate": rate(shipped, quantity, percent), "returnedRate": number("0"),
		"receivedRate": number("0"), "invoicedRate": nil, "companyId": ident("1"), "ownerId": ident("7001"), hiddenText: names,
	}
	if i%41 != 17 { // one order in 41 is not priced yet
		o.Amount = string(amount.money())
		r["amount"], r["rmbAmount"] = number(o.Amount), number(o.Amount)
	}
	m.addOptional(o, r)
	return r
}

// rate is part/whole as a fraction of 1, or as a percentage. A percentage above 0
// is above 1 too, else nobody could tell the two apart.
func rate(part, whole hundredths, percent bool) number {
	if part == whole {
		return map[bool]number{false: "1", true: "100"}[percent]
	}
	fraction := float64(part) / float64(whole)
	if percent && fraction > 0.01 {
		return number(strconv.FormatFloat(fraction*100, 'f', 2, 64))
	}
	return number(strconv.FormatFloat(fraction, 'f', 4, 64))
}

// addOptional fills in what an order may lack.
func (m *maker) addOptional(o *madeOrder, r record) {
	optional := map[string]string{
		"customerOrderCode": fmt.Sprintf("PO-%s-%04d", o.buyer.Code, m.dice.IntN(10000)),
		"deliveryDate":      m.stamp(o.day.AddDate(0, 0, 15+m.dice.IntN(15))),
		"remark":            choose(m, []string{"", "加急", "请附质检报告", "分批发货，先发睡袋", "包装用中性纸箱 & 木托"}),
		"contact":           choose(m, []string{"陈小姐", "王先生", "林经理", "赵主任"}),
		"tel":               fmt.Sprintf("021-5555%04d", m.dice.IntN(10000)),
		"mobile":            fmt.Sprintf("1380013%04d", m.dice.IntN(10000)),
		"address":           choose(m, []string{"上海市浦东新区雪峰路 88 号", "北京市朝阳区冰川街 6 号", "哈尔滨市南岗区霜林道 19 号"}),
	}
	for _, name := range []string{"customerOrderCode", "deliveryDate", "remark", "contact", "tel", "mobile", "address"} {
		switch m.dice.IntN(12) {
		case 0: // missing
		case 1:
			r[name] = nil
		default:
			r[name] = optional[name]
		}
	}
}
