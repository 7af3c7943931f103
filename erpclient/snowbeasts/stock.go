package snowbeasts

import (
	"context"
	"strings"

	"snowgate/erpclient"
)

// maxGoodsPages bounds how far a bar code is looked for where the ERP does not narrow by it, and how many warehouses
// there may be.
const maxGoodsPages = 10

// ProductByBarcode finds the product whose bar code is exactly this one: a filter may well match in part, and goods of
// another product must not be booked.
func (d *Driver) ProductByBarcode(ctx context.Context, a erpclient.Auth, barcode string) (erpclient.Product, error) {
	none := erpclient.Product{}
	if err := d.needs(opProduct, erpclient.CapabilityStock); err != nil {
		return none, err
	}
	absent := erpclient.Errorf(opProduct, erpclient.KindNotFound, "no product has this bar code")
	if barcode == "" {
		return none, absent
	}
	req := d.listRequest(d.forms.products)
	req.Filters[d.forms.products.columns["barcode"]] = barcode
	read := once(func(p erpclient.StockItem) string { return p.ID }, productWith(barcode))
	found, err := listAll(ctx, d, a.Session, d.goodsQuestion(opProduct, d.forms.products), req, maxGoodsPages, read)
	switch {
	case err != nil:
		return none, err
	case len(found) > 1:
		return none, erpclient.Errorf(opProduct, erpclient.KindConflict, "%d products have this bar code", len(found))
	case len(found) == 0:
		return none, absent
	}
	return found[0].Product, nil
}

func (d *Driver) goodsQuestion(op string, f *form) question {
	return question{op: op, form: f, otherwise: erpclient.KindBadAnswer}
}

func productWith(barcode string) func(row) (erpclient.StockItem, verdict) {
	return func(r row) (erpclient.StockItem, verdict) {
		if strings.TrimSpace(r.text("barcode")) != barcode {
			return erpclient.StockItem{}, skip
		}
		return readStockItem(r)
	}
}

// readStockItem reads a row of the form of products, or of stock: its "id" is the product's either way.
func readStockItem(r row) (erpclient.StockItem, verdict) {
	if !r.has("id") {
		return erpclient.StockItem{}, broken
	}
	return erpclient.StockItem{
		Product: erpclient.Product{
			ID: r.id("id"), Code: r.text("code"), Barcode: strings.TrimSpace(r.text("barcode")), Name: r.text("name"),
			Spec: r.text("spec"), Unit: r.text("unit"), Price: r.decimal("price"), Quantity: r.onHand(),
		},
		WarehouseID: r.id("warehouseId"), WarehouseName: r.text("warehouseName"), Minimum: r.decimal("minimum"),
	}, keep
}

// onHand is how much there is. Where the ERP has the column and nothing in it, there is none: goods that were never booked
// have no number.
func (r row) onHand() erpclient.Decimal {
	if v := r.value("quantity"); v.present() && v.empty() {
		return "0"
	}
	return r.decimal("quantity")
}

// Stock lists one page: products with what there is of each, or the rows of one warehouse. Where the form of products
// tells no quantity, the rows of all warehouses are listed, each with its own.
func (d *Driver) Stock(ctx context.Context, a erpclient.Auth, q erpclient.StockQuery) (erpclient.StockPage, error) {
	if err := d.needs(opStock, erpclient.CapabilityStock); err != nil {
		return erpclient.StockPage{}, err
	}
	f := d.forms.products
	if (q.WarehouseID != "" || !f.has("quantity")) && d.forms.stock.known() {
		f = d.forms.stock
	}
	if q.WarehouseID != "" && !f.has("warehouseId") {
		return erpclient.StockPage{}, erpclient.Errorf(opStock, erpclient.KindNotSupported, "no form tells the stock of one warehouse")
	}
	p, err := d.list(ctx, a.Session, d.goodsQuestion(opStock, f), d.stockRequest(f, q))
	if err != nil {
		return erpclient.StockPage{}, err
	}
	return d.stockPage(p, q.WarehouseID)
}

func (d *Driver) stockRequest(f *form, q erpclient.StockQuery) listRequest {
	req := d.listRequest(f)
	req.Page, req.PageSize = max(q.Page, 1)-1, q.PageSize
	if req.PageSize <= 0 {
		req.PageSize = defaultPageSize
	}
	if keyword := strings.TrimSpace(q.Keyword); keyword != "" {
		req.Filters[fulltext] = keyword
	}
	if q.WarehouseID != "" {
		req.Filters[f.columns["warehouseId"]] = q.WarehouseID
	}
	return req
}

// stockPage drops what lies in other warehouses, and then does not pass the ERP's total on.
func (d *Driver) stockPage(p *page, warehouseID string) (erpclient.StockPage, error) {
	elsewhere := false
	items, err := readRows(d, p, func(r row) (erpclient.StockItem, verdict) {
		item, v := readStockItem(r)
		if v == keep && warehouseID != "" && item.WarehouseID != warehouseID {
			elsewhere = true
			return item, skip
		}
		return item, v
	})
	switch {
	case err != nil:
		return erpclient.StockPage{}, err
	case elsewhere:
		return erpclient.StockPage{Items: items}, nil
	}
	return erpclient.StockPage{Items: items, Total: p.total}, nil
}

// Warehouses lists all of them.
func (d *Driver) Warehouses(ctx context.Context, a erpclient.Auth) ([]erpclient.Warehouse, error) {
	if err := d.needs(opWarehouses, erpclient.CapabilityWarehouses); err != nil {
		return nil, err
	}
	f := d.forms.warehouses
	read := once(func(w erpclient.Warehouse) string { return w.ID }, func(r row) (erpclient.Warehouse, verdict) {
		if !r.has("id") {
			return erpclient.Warehouse{}, broken
		}
		return erpclient.Warehouse{ID: r.id("id"), Name: r.text("name")}, keep
	})
	return listAll(ctx, d, a.Session, d.goodsQuestion(opWarehouses, f), d.listRequest(f), maxGoodsPages, read)
}
