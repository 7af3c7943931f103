package sandbox

import "strconv"

// The values of a purchase's column "status". A draft is not up for approval.
const (
	purchaseDraft    = "0"
	PurchasePending  = "1"
	PurchaseApproved = "2"
	PurchaseRejected = "3"
)

// makePurchases makes purchase orders: most of them wait, the others are decided.
func (m *maker) makePurchases() {
	suppliers := []string{"杭州云岭面料有限公司", "宁波海川五金厂", "东莞晨光包装有限公司"}
	people := []string{"李业务", "周采购", "吴仓管"}
	for i := range 18 {
		day, p := m.lastDay.AddDate(0, 0, i-17), choose(m, products)
		amount := p.price * p.step / 100 * hundredths(20+m.dice.IntN(100))
		m.forms[PurchasesForm].add(record{
			"id": ident(strconv.Itoa(450000 + i*3)), "code": m.code("PO", day), "title": "采购 " + p.name,
			"supplierName": suppliers[i%len(suppliers)], "applicant": people[i%len(people)], "date": m.stamp(day),
			"amount": amount.money(), "currency": "CNY", "remark": nil,
			"status": number([]string{PurchasePending, PurchaseApproved, PurchasePending, PurchaseRejected, PurchasePending, purchaseDraft}[i%6]),
		})
	}
}

// PurchaseStatus is the status of a purchase order, "" where there is none of this id.
func (e *ERP) PurchaseStatus(id string) string {
	e.dataMu.RLock()
	defer e.dataMu.RUnlock()
	return text(e.data.forms[PurchasesForm].byID[id]["status"])
}

// decideOnce lets only what waits be approved or rejected.
func decideOnce(r record, data map[string]any) (refusal string) {
	if _, decided := data["status"]; decided && text(r["status"]) != PurchasePending {
		return "单据已审批，不能重复操作"
	}
	return ""
}
