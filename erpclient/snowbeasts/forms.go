package snowbeasts

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
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
			"producedRate": "producedRate", "remark": "remark",
		}},
		Lines: Form{"100185", map[string]string{
			"id": "id", "orderId": "salesOrderId", "customerId": "customerId", "code": "productCode", "name": "productName",
			"spec": "spec", "unit": "unitId", "quantity": "quantity", "producedQuantity": "producedQuantity",
			"producingQuantity": "producingQuantity", "shippedQuantity": "shippedQuantity", "status": "status",
			"deliveryDate": "deliveryDate",
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
	}
}

// form is a Form with its defaults filled in, ready for requests.
type form struct {
	name    string            // as it stands in drift reports: "orders"
	id      any               // a JSON number where it is one, as the known client sends it
	columns map[string]string // gateway's name to ERP column, without the absent ones
	asked   []string          // the columns in a stable order
}

type forms struct {
	orders, lines, deliveries, customers, companies *form
	datasourceID, colID                             any
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
		companies:    resolve("logistics", companies, Form{def.Logistics.FormID, def.Logistics.Fields}, "id", "name"),
		datasourceID: wireID(firstOf(given.Logistics.DatasourceID, def.Logistics.DatasourceID)),
		colID:        wireID(firstOf(given.Logistics.ColID, def.Logistics.ColID)),
	}
	resolve("delivery_products", given.DeliveryProducts, def.DeliveryProducts)
	return table, errors.Join(errs...)
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
	asked := slices.Compact(slices.Sorted(maps.Values(columns)))
	return &form{name, wireID(firstOf(given.ID, def.ID)), columns, asked}, errors.Join(errs...)
}

// wireID sends a number as a number.
func wireID(id string) any {
	if isDigits(id) && (id == "0" || id[0] != '0') {
		return json.Number(id)
	}
	return id
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
