package config

import (
	"maps"
	"slices"

	"snowgate/erpclient/snowbeasts"
)

// formsPath is the section of the form numbers and columns, which differ per installation of the ERP. Its keys are made
// from the driver's own defaults: the fields are the driver's and fixed, only their columns can be changed.
const formsPath = "erp.snowbeasts.forms"

func formsKeys(f *snowbeasts.Forms) []key {
	return slices.Concat(
		formKeys("orders", &f.Orders),
		formKeys("lines", &f.Lines),
		formKeys("deliveries", &f.Deliveries),
		formKeys("delivery_products", &f.DeliveryProducts),
		formKeys("customers", &f.Customers),
		formKeys("products", &f.Products),
		formKeys("stock", &f.Stock),
		formKeys("warehouses", &f.Warehouses),
		formKeys("stock_records", &f.StockRecords.Form),
		formKeys("purchases", &f.Purchases.Form),
		[]key{
			{formsPath + ".newest_first", text(&f.NewestFirst)},
			{formsPath + ".stock_records.in", text(&f.StockRecords.In)},
			{formsPath + ".stock_records.out", text(&f.StockRecords.Out)},
			{formsPath + ".purchases.pending", word(&f.Purchases.Pending)},
			{formsPath + ".purchases.approved", word(&f.Purchases.Approved)},
			{formsPath + ".purchases.rejected", word(&f.Purchases.Rejected)},
			{formsPath + ".logistics.id", word(&f.Logistics.DatasourceID)},
			{formsPath + ".logistics.form_id", word(&f.Logistics.FormID)},
			{formsPath + ".logistics.col_id", word(&f.Logistics.ColID)},
		},
		columnKeys("logistics", f.Logistics.Fields),
	)
}

func formKeys(name string, f *snowbeasts.Form) []key {
	return append([]key{{formsPath + "." + name + ".id", word(&f.ID)}}, columnKeys(name, f.Fields)...)
}

func columnKeys(name string, fields map[string]string) []key {
	var keys []key
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		keys = append(keys, key{formsPath + "." + name + ".fields." + field, column{fields, field}})
	}
	return keys
}

// column is the ERP's name of one field of a form; empty where the installation has no such column.
type column struct {
	fields map[string]string
	name   string
}

func (c column) set(texts []string) error {
	if len(texts) != 1 {
		return errOneValue
	}
	c.fields[c.name] = texts[0]
	return nil
}

func (c column) show() []string { return []string{c.fields[c.name]} }
func (c column) list() bool     { return false }
func (c column) raw() any       { return c.fields[c.name] }
func (c column) secret() bool   { return false }

// checkForms lets the driver say whether it can work with the columns.
func (c *Config) checkForms(complaints *Complaints) {
	if err := c.ERP.Snowbeasts.Forms.Check(); err != nil {
		complaints.add(formsPath, source{}, "%s", oneLine(err))
	}
}
