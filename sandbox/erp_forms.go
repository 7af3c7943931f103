package sandbox

import "strings"

// The ERP's forms and the one datasource, by their ids.
const (
	formOrders        = "100001" // 销售订单
	formLines         = "100185" // 销售订单产品
	formDeliveries    = "100039" // 销售出库单
	formProducts      = "100041" // 出库单产品
	formCustomers     = "100004" // 客户
	datasourceCarrier = "100292" // 物流公司
	carrierColumn     = "110673" // the column of formDeliveries that the datasource serves
)

// Hidden columns: needed to answer a query, never answered themselves.
const (
	hiddenText   = "_text"   // more words for the full text search
	hiddenParent = "_parent" // the delivery of a delivery's product
	hiddenOwner  = "_owner"  // the customer, where the form has no column for it
)

// Values of a record are string, bool, nil (JSON null) and these two.
type (
	number string // a decimal; answered as a JSON number, as a string, and 0 sometimes as null
	ident  string // an id; answered as a JSON number or as a string
)

// record is one row of a form, by column.
type record map[string]any

func (r record) id() string { return text(r["id"]) }

// form is a table of the ERP.
type form struct {
	id      string
	columns map[string]bool
	owner   string // column of the customer whose row it is; "" = everybody may see it
	// context maps keys of a call's "condition" to columns. All other keys, customerId
	// among them, do not narrow, as seen of the real ERP.
	context     map[string]string
	needContext bool
	partial     string // column whose filter matches in part
	staffWrites bool   // customers' accounts may not write
	rows        []record
	byID        map[string]record
}

func newForm(id, columns, owner string) *form {
	f := &form{id: id, columns: map[string]bool{}, owner: owner, byID: map[string]record{}}
	for _, name := range strings.Fields(columns) {
		f.columns[name] = true
	}
	return f
}

func (f *form) add(r record) {
	f.rows = append(f.rows, r)
	f.byID[r.id()] = r
}

// visible says whether an account may see a row.
func (f *form) visible(r record, a Account) bool {
	return f.owner == "" || a.CustomerID == "" || text(r[f.owner]) == a.CustomerID
}

func newForms() map[string]*form {
	orders := newForm(formOrders, `id code customerOrderCode date customerId customerName deliveryDate status quantity
		produceQuantity produced amount rmbAmount currency shippedRate shippingRate producedRate producingRate stockOutRate
		returnedRate receivedRate invoicedRate remark contact tel mobile address companyId ownerId `+NewOrderLines, "customerId")
	lines := newForm(formLines, `id salesOrderId salesOrderCode productId productCode productName spec brand image unitId
		quantity shippedQuantity shippingQuantity returnedQuantity producingQuantity producedQuantity unProducedQuantity
		requisitionedQuantity stockQuantity availableQuantity warehouseId produceType deliveryDate stockOutDate status
		customerId remark price amount`, "customerId")
	lines.context = map[string]string{"form.id": "salesOrderId"}
	deliveries := newForm(formDeliveries, `id code orderCodes date customerOrSupplierId amount rmbAmount 发货日期 是否发货 已出库
		logisticsCompanyId logisticsCode address contact mobile attachments finished remark`, "customerOrSupplierId")
	products := newForm(formProducts, `id productName productCode spec quantity batch`, hiddenOwner)
	products.context, products.needContext = map[string]string{"parent.id": hiddenParent}, true
	customers := newForm(formCustomers, `id code abbr name ownerId disable 微信邀请码`, "id")
	customers.partial = "微信邀请码"
	all := companyForms()
	for _, f := range []*form{orders, lines, deliveries, products, customers} {
		all[f.id] = f
	}
	return all
}
