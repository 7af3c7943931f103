package snowbeasts

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"snowgate/erpclient"
	"snowgate/erpclient/wire"
)

// Forms are the ids and column names that differ per installation of the ERP.
type Forms struct {
	Orders     Form // sales orders
	Lines      Form // a sales order's products
	Deliveries Form // sales deliveries
	// DeliveryProducts are a delivery's products. Nothing asks for them yet; the place is kept so that an
	// installation's table of forms can be written down whole.
	DeliveryProducts Form
	Customers        Form
	Logistics        Logistics

	// The ids of these are not known of any installation, and their columns are guesses: without an id the driver lacks
	// what the form is for.
	Products     Form // goods; the quantity is over all warehouses
	Stock        Form // one row for each product in each warehouse
	Warehouses   Form
	StockRecords StockRecords
	Purchases    Purchases

	// NewestFirst is the orderby that lists orders by falling date, such as "date desc". How it is written is not known;
	// "" asks for no order, and narrowing by date then means to look through all orders.
	NewestFirst string
}

// StockRecords is the form of goods that came in and went out. Its field "reference", which finds a record again, has no
// default column: set it only where a filter on the column was seen to find a record, because "not found" is taken for
// proof that nothing was written. The same goes for "reference" of Orders.
type StockRecords struct {
	Form
	In, Out string // the values of the field "direction"; default 入库 and 出库
}

// Purchases is the form of purchase orders, which need approval.
type Purchases struct {
	Form
	Pending, Approved, Rejected string // the values of the field "status"; default 1, 2 and 3
}

// Check collects everything about the forms that cannot be right.
func (f Forms) Check() error {
	if _, err := resolveForms(f); err != nil {
		return fmt.Errorf("snowbeasts: %w", err)
	}
	return nil
}

// Form is one list of the ERP.
type Form struct {
	// ID is the form's number; default as in DefaultForms.
	ID string
	// Fields gives the ERP's column for the gateway's name. A name that is left out has its default column; a name
	// with the column "" does not exist in this installation and is not asked for.
	Fields map[string]string
}

// Logistics is where the names of the logistics companies come from: a data source behind a column of a form.
type Logistics struct {
	DatasourceID, FormID, ColID string
	Fields                      map[string]string
}

// DefaultForms is the table of the known installation.
func DefaultForms() Forms {
	return Forms{
		Orders: Form{"100001", map[string]string{
			"id": "id", "orderNo": "code", "customerOrderNo": "customerOrderCode", "customerId": "customerId",
			"customerName": "customerName", "orderDate": "date", "deliveryDate": "deliveryDate", "status": "status",
			"amount": "amount", "rmbAmount": "rmbAmount", "currency": "currency", "shippedRate": "shippedRate",
			"producedRate": "producedRate", "remark": "remark", "reference": "", newLines: "",
		}},
		Lines: Form{"100185", map[string]string{
			"id": "id", "orderId": "salesOrderId", "customerId": "customerId", "code": "productCode", "name": "productName",
			"spec": "spec", "unit": "unitId", "quantity": "quantity", "producedQuantity": "producedQuantity",
			"producingQuantity": "producingQuantity", "shippedQuantity": "shippedQuantity", "status": "status",
			"deliveryDate": "deliveryDate", "productId": "productId", "price": "price", "amount": "amount",
		}},
		Deliveries: Form{"100039", map[string]string{
			"deliveryNo": "code", "orderNos": "orderCodes", "customerId": "customerOrSupplierId", "shippedAt": "发货日期",
			"shipped": "是否发货", "stockedOut": "已出库", "logisticsCompanyId": "logisticsCompanyId",
			"trackingNo": "logisticsCode", "attachments": "attachments",
		}},
		DeliveryProducts: Form{"100041", map[string]string{
			"name": "productName", "code": "productCode", "spec": "spec", "quantity": "quantity", "batch": "batch",
		}},
		Customers: Form{"100004", map[string]string{
			"id": "id", "code": "code", "name": "name", "abbr": "abbr", "disabled": "disable", "inviteCode": "微信邀请码",
		}},
		Logistics: Logistics{"100292", "100039", "110673", map[string]string{"id": "id", "name": "name"}},
		Products: Form{"", map[string]string{
			"id": "id", "code": "code", "barcode": "barcode", "name": "name", "spec": "spec", "unit": "unit", "price": "price",
			"quantity": "quantity", "minimum": "minimum",
		}},
		Stock: Form{"", map[string]string{
			"id": "productId", "code": "productCode", "barcode": "barcode", "name": "productName", "spec": "spec", "unit": "unit",
			"price": "price", "quantity": "quantity", "minimum": "minimum", "warehouseId": "warehouseId", "warehouseName": "warehouseName",
		}},
		Warehouses: Form{"", map[string]string{"id": "id", "name": "name"}},
		StockRecords: StockRecords{In: "入库", Out: "出库", Form: Form{"", map[string]string{
			"id": "id", "productId": "productId", "warehouseId": "warehouseId", "quantity": "quantity", "direction": "type",
			"operator": "operator", "balance": "balance", "reference": "",
		}}},
		Purchases: Purchases{Pending: "1", Approved: "2", Rejected: "3", Form: Form{"", map[string]string{
			"id": "id", "no": "code", "title": "title", "applicant": "applicant", "amount": "amount", "currency": "currency",
			"date": "date", "status": "status",
		}}},
	}
}

// newLines is the field of an order that takes the lines of a new one. It is written only, never asked for.
const newLines = "newLines"

// form is a Form with its defaults filled in, ready for requests.
type form struct {
	name    string            // as it stands in drift reports: "orders"
	id      any               // a JSON number where it is one, as the known client sends it
	columns map[string]string // gateway's name to ERP column, without the absent ones
	asked   []string          // the columns in a stable order
}

// known reports whether the installation told the form's id.
func (f *form) known() bool { return f.id != "" }

// has reports whether the installation has a column for the field.
func (f *form) has(field string) bool { return f.columns[field] != "" }

type forms struct {
	orders, lines, deliveries, customers, companies      *form
	products, stock, warehouses, stockRecords, purchases *form

	datasourceID, colID any
	directions          map[erpclient.Direction]string
	approvals           map[erpclient.ApprovalState]string
	newestFirst         string
}

// resolveForms fills in the defaults and collects everything that cannot be right.
func resolveForms(given Forms) (forms, error) {
	def := DefaultForms()
	var errs []error
	resolve := func(name string, given, def Form, needed ...string) *form {
		f, err := resolveForm(name, given, def, needed)
		errs = append(errs, err)
		return f
	}
	companies := Form{given.Logistics.FormID, given.Logistics.Fields}
	table := forms{
		orders:       resolve("orders", given.Orders, def.Orders, "id", "orderNo", "customerId", "status"),
		lines:        resolve("lines", given.Lines, def.Lines, "id"),
		deliveries:   resolve("deliveries", given.Deliveries, def.Deliveries, "deliveryNo", "orderNos", "customerId"),
		customers:    resolve("customers", given.Customers, def.Customers, "id", "disabled", "inviteCode"),
		products:     resolve("products", given.Products, def.Products, "id", "barcode"),
		stock:        resolve("stock", given.Stock, def.Stock, "id", "quantity", "warehouseId"),
		warehouses:   resolve("warehouses", given.Warehouses, def.Warehouses, "id", "name"),
		stockRecords: resolve("stock_records", given.StockRecords.Form, def.StockRecords.Form, "id", "productId", "warehouseId", "quantity", "direction"),
		purchases:    resolve("purchases", given.Purchases.Form, def.Purchases.Form, "id", "status"),
		companies:    resolve("logistics", companies, Form{def.Logistics.FormID, def.Logistics.Fields}, "id", "name"),
		datasourceID: wire.ID(firstOf(given.Logistics.DatasourceID, def.Logistics.DatasourceID)),
		colID:        wire.ID(firstOf(given.Logistics.ColID, def.Logistics.ColID)),
		newestFirst:  given.NewestFirst,
	}
	resolve("delivery_products", given.DeliveryProducts, def.DeliveryProducts)
	table.directions = directionValues(given.StockRecords, def.StockRecords)
	table.approvals = approvalValues(given.Purchases, def.Purchases)
	errs = append(errs, distinct("stock_records", table.directions), distinct("purchases", table.approvals))
	return table, errors.Join(errs...)
}

func directionValues(given, def StockRecords) map[erpclient.Direction]string {
	return map[erpclient.Direction]string{
		erpclient.StockIn: firstOf(given.In, def.In), erpclient.StockOut: firstOf(given.Out, def.Out),
	}
}

func approvalValues(given, def Purchases) map[erpclient.ApprovalState]string {
	return map[erpclient.ApprovalState]string{
		erpclient.ApprovalPending:  firstOf(given.Pending, def.Pending),
		erpclient.ApprovalApproved: firstOf(given.Approved, def.Approved),
		erpclient.ApprovalRejected: firstOf(given.Rejected, def.Rejected),
	}
}

// distinct complains of two names with one value: in and out, or approved and rejected, could not be told apart.
func distinct[K ~string](form string, values map[K]string) error {
	if len(slices.Compact(slices.Sorted(maps.Values(values)))) < len(values) {
		return fmt.Errorf("form %s has one value for two meanings", form)
	}
	return nil
}

func resolveForm(name string, given, def Form, needed []string) (*form, error) {
	var errs []error
	columns := maps.Clone(def.Fields)
	for _, field := range slices.Sorted(maps.Keys(given.Fields)) {
		if _, known := def.Fields[field]; !known {
			errs = append(errs, fmt.Errorf("form %s has no field %q", name, field))
		}
		columns[field] = given.Fields[field]
	}
	for _, field := range needed {
		if columns[field] == "" {
			errs = append(errs, fmt.Errorf("form %s cannot do without the field %q", name, field))
		}
	}
	maps.DeleteFunc(columns, func(_, column string) bool { return column == "" })
	read := maps.Clone(columns)
	delete(read, newLines)
	asked := slices.Compact(slices.Sorted(maps.Values(read)))
	return &form{name, wire.ID(firstOf(given.ID, def.ID)), columns, asked}, errors.Join(errs...)
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
