package tryton

import (
	"context"
	"strings"

	"snowgate/erpclient"
)

const productModel = "product.product"

var productFields = []string{"code", "name", "default_uom.symbol", "list_price", "identifiers.code", "identifiers.type", "quantity"}

// ProductByBarcode finds the product that has the code among its identifiers, of whatever type: KindConflict where
// several do.
func (d *Driver) ProductByBarcode(ctx context.Context, a erpclient.Auth, barcode string) (erpclient.Product, error) {
	none := erpclient.Errorf(opProduct, erpclient.KindNotFound, "no product has this bar code")
	if barcode == "" {
		return erpclient.Product{}, none
	}
	c, err := d.on(ctx, a.Session, opProduct)
	if err != nil {
		return erpclient.Product{}, err
	}
	places, err := c.places(ctx)
	if err != nil {
		return erpclient.Product{}, err
	}
	rows, err := c.rows(ctx, query{
		model: productModel, where: domain{is("identifiers.code", barcode)}, fields: productFields, limit: 2, extra: within(places),
	})
	switch {
	case err != nil:
		return erpclient.Product{}, err
	case len(rows) > 1:
		return erpclient.Product{}, erpclient.Errorf(opProduct, erpclient.KindConflict, "several products have this bar code")
	case len(rows) == 0 || !hasCode(rows[0], barcode):
		return erpclient.Product{}, none
	}
	found := productOf(rows[0])
	found.Barcode = barcode
	return found, nil
}

// hasCode checks what was found: goods that nobody has scanned must not be booked.
func hasCode(r row, code string) bool {
	for _, i := range r.all("identifiers") {
		if i.text("code") == code {
			return true
		}
	}
	return false
}

func productOf(r row) erpclient.Product {
	return erpclient.Product{
		ID: r.id("id"), Code: r.text("code"), Barcode: barcodeOf(r), Name: r.text("name"), Unit: r.to("default_uom").text("symbol"),
		Price: r.decimal("list_price"), Quantity: r.decimal("quantity"),
	}
}

// barcodeOf is the first identifier with a type (EAN, ISBN), or else the first.
func barcodeOf(r row) string {
	code := ""
	for _, i := range r.all("identifiers") {
		if i.text("type") != "" {
			return i.text("code")
		}
		if code == "" {
			code = i.text("code")
		}
	}
	return code
}

// Stock lists one page of goods with what there is of each: over all warehouses, also where there is none, or what lies in
// one warehouse. KindNotFound where there is no such warehouse.
func (d *Driver) Stock(ctx context.Context, a erpclient.Auth, q erpclient.StockQuery) (erpclient.StockPage, error) {
	c, err := d.on(ctx, a.Session, opStock)
	if err != nil {
		return erpclient.StockPage{}, err
	}
	places, err := c.places(ctx)
	if err != nil {
		return erpclient.StockPage{}, err
	}
	var here place
	if q.WarehouseID != "" {
		var ok bool
		if here, ok = placeOf(places, q.WarehouseID); !ok {
			return erpclient.StockPage{}, erpclient.Errorf(opStock, erpclient.KindNotFound, "no such warehouse")
		}
		places = []place{here}
	}
	rows, total, err := c.page(ctx, stockQuery(q, places).paged(q.Page, q.PageSize))
	if err != nil {
		return erpclient.StockPage{}, err
	}
	items := make([]erpclient.StockItem, 0, len(rows))
	for _, r := range rows {
		items = append(items, erpclient.StockItem{Product: productOf(r), WarehouseID: here.ID, WarehouseName: here.Name})
	}
	return erpclient.StockPage{Items: items, Total: &total}, nil
}

func stockQuery(q erpclient.StockQuery, places []place) query {
	where := domain{oneOf("type", []string{"goods", "assets"})}
	if keyword := strings.TrimSpace(q.Keyword); keyword != "" {
		where = append(where, like("rec_name", keyword)) // code, name and identifiers
	}
	if q.WarehouseID != "" {
		where = append(where, clause("quantity", "!=", 0))
	}
	return query{model: productModel, where: where, order: []any{by("code", "ASC")}, fields: productFields, extra: within(places)}
}
