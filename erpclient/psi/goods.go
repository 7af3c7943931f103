package psi

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"snowgate/erpclient"
	"snowgate/erpclient/erphttp"
	"snowgate/erpclient/wire"
)

// defaultPageSize is used when the query names none.
const defaultPageSize = 20

// ProductByBarcode asks for the product with this bar code. An answer about another one is no answer: goods that nobody
// has scanned must not be booked.
func (d *Driver) ProductByBarcode(ctx context.Context, a erpclient.Auth, barcode string) (erpclient.Product, error) {
	none := erpclient.Errorf(opProduct, erpclient.KindNotFound, "no product has this bar code")
	if barcode == "" {
		return erpclient.Product{}, none
	}
	r, err := d.ask(ctx, a.Session, opProduct, erphttp.Request{
		Method: http.MethodGet, Path: d.paths.Product, Query: url.Values{"barcode": {barcode}},
	})
	if err != nil {
		return erpclient.Product{}, err
	}
	if wire.TypeOf(r.Data) == wire.Null {
		return erpclient.Product{}, none
	}
	data, ok := rowOf(r.Data, "product", r.drift)
	if !ok || !hasProductID(data) {
		return erpclient.Product{}, erpclient.Errorf(opProduct, erpclient.KindBadAnswer, "the answer has no product")
	}
	data.expect("barcode", "name", "spec", "unit", "price", "quantity")
	p := productOf(data)
	if p.Barcode == "" {
		p.Barcode = barcode
	}
	if p.Barcode != barcode {
		data.mismatch("barcode", "the one asked for", "another")
		return erpclient.Product{}, none
	}
	return p, nil
}

// hasProductID reports the id where it is missing.
func hasProductID(r row) bool {
	if productID(r) == "" {
		r.mismatch("id", "id", r.fields["id"].got())
		return false
	}
	return true
}

// productID is the product's, also in a list whose rows have an id of their own.
func productID(r row) string {
	if id := r.fields["productId"].id(); id != "" {
		return id
	}
	return r.fields["id"].id()
}

func productOf(r row) erpclient.Product {
	return erpclient.Product{
		ID: productID(r), Code: r.text("code"), Barcode: strings.TrimSpace(r.text("barcode")), Name: r.text("name"), Spec: r.text("spec"),
		Unit: r.text("unit"), Price: r.decimal("price"), Quantity: r.decimal("quantity"),
	}
}

// Stock asks for one page. A page behind the last is empty. The usual interface does not narrow by warehouse: one that
// does says in its rows whose they are, and where no row says, the answer is NotSupported.
func (d *Driver) Stock(ctx context.Context, a erpclient.Auth, q erpclient.StockQuery) (erpclient.StockPage, error) {
	r, err := d.ask(ctx, a.Session, opStock, d.stockRequest(q))
	if err != nil {
		return erpclient.StockPage{}, err
	}
	rows, err := r.rows("inventory")
	if err != nil {
		return erpclient.StockPage{}, err
	}
	return r.stockPage(rows, q.WarehouseID)
}

// stockPage drops what lies in other warehouses, and then does not pass the total on.
func (r *reply) stockPage(rows []row, warehouseID string) (erpclient.StockPage, error) {
	page, broken := erpclient.StockPage{Items: make([]erpclient.StockItem, 0, len(rows)), Total: r.total()}, 0
	for _, row := range rows {
		item, ok := stockItem(row)
		switch {
		case !ok:
			broken++
		case warehouseID != "" && item.WarehouseID == "":
			return erpclient.StockPage{}, erpclient.Errorf(r.op, erpclient.KindNotSupported, "the stock of one warehouse is not told")
		case warehouseID != "" && item.WarehouseID != warehouseID:
			page.Total = nil
		default:
			page.Items = append(page.Items, item)
		}
	}
	if broken > 0 && broken == len(rows) {
		return erpclient.StockPage{}, erpclient.Errorf(r.op, erpclient.KindBadAnswer, "none of %d rows can be read", broken)
	}
	return page, nil
}

func (d *Driver) stockRequest(q erpclient.StockQuery) erphttp.Request {
	size := q.PageSize
	if size <= 0 {
		size = defaultPageSize
	}
	query := url.Values{"page": {strconv.Itoa(max(q.Page, 1))}, "pageSize": {strconv.Itoa(size)}}
	if keyword := strings.TrimSpace(q.Keyword); keyword != "" {
		query.Set("keyword", keyword)
	}
	if q.WarehouseID != "" {
		query.Set("warehouseId", q.WarehouseID)
	}
	return erphttp.Request{Method: http.MethodGet, Path: d.paths.Stock, Query: query}
}

func stockItem(r row) (erpclient.StockItem, bool) {
	if !hasProductID(r) {
		return erpclient.StockItem{}, false
	}
	r.expect("name", "quantity")
	return erpclient.StockItem{
		Product: productOf(r), WarehouseID: r.id("warehouseId"), WarehouseName: r.text("warehouseName"), Minimum: r.decimal("minimum"),
	}, true
}

// Warehouses lists all of them.
func (d *Driver) Warehouses(ctx context.Context, a erpclient.Auth) ([]erpclient.Warehouse, error) {
	r, err := d.ask(ctx, a.Session, opWarehouses, erphttp.Request{Method: http.MethodGet, Path: d.paths.Warehouses})
	if err != nil {
		return nil, err
	}
	rows, err := r.rows("warehouses")
	if err != nil {
		return nil, err
	}
	list := make([]erpclient.Warehouse, 0, len(rows))
	for _, row := range rows {
		id := row.id("id")
		if id == "" {
			row.mismatch("id", "id", row.fields["id"].got())
			continue
		}
		row.expect("name")
		list = append(list, erpclient.Warehouse{ID: id, Name: row.text("name")})
	}
	if len(rows) > 0 && len(list) == 0 {
		return nil, erpclient.Errorf(opWarehouses, erpclient.KindBadAnswer, "none of %d rows can be read", len(rows))
	}
	return list, nil
}

// rows are the objects of a bare array. Null in its place is reported and taken for an empty one, as lists without rows
// are often written; anything else is no answer.
func (r *reply) rows(what string) ([]row, error) {
	if wire.TypeOf(r.Data) == wire.Null {
		r.drift.report(what, wire.Array, wire.Null)
		return nil, nil
	}
	var items []json.RawMessage
	if wire.TypeOf(r.Data) != wire.Array || json.Unmarshal(r.Data, &items) != nil {
		r.drift.report(what, wire.Array, value{kind: wire.TypeOf(r.Data)}.got())
		return nil, erpclient.Errorf(r.op, erpclient.KindBadAnswer, "the answer has no list")
	}
	rows := make([]row, 0, len(items))
	for _, item := range items {
		if row, ok := rowOf(item, what, r.drift); ok {
			rows = append(rows, row)
		}
	}
	if len(items) > 0 && len(rows) == 0 {
		return nil, erpclient.Errorf(r.op, erpclient.KindBadAnswer, "none of %d rows is an object", len(items))
	}
	return rows, nil
}

// total is nil where the system does not tell.
func (r *reply) total() *int {
	n, ok := r.Total.integer()
	if !ok || n < 0 {
		if !r.Total.empty() {
			r.drift.report("total", wire.Number, r.Total.kind)
		}
		return nil
	}
	total := int(n)
	return &total
}
