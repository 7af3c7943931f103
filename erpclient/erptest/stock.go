package erptest

import (
	"context"
	"math/big"
	"strings"

	"snowgate/erpclient"
)

// The ids that the healthy ERP's lists show. By id or bar code it knows every other as well.
const (
	AProductID       = "P-1"
	ABarcode         = "6901234567892"
	AWarehouseID     = "W-1"
	OtherWarehouseID = "W-2"
	// Initial is how much of each product is in each warehouse before anything is recorded.
	Initial = erpclient.Decimal("100")
)

// AProduct is what the ERP knows of a product, with what there is of it in both warehouses.
func (d *Driver) AProduct(id, barcode string) erpclient.Product {
	return erpclient.Product{
		ID: id, Code: "C-" + id, Barcode: barcode, Name: "Sled " + id, Spec: "120 cm", Unit: "pcs", Price: "19.90",
		Quantity: add(d.Balance(id, AWarehouseID), d.Balance(id, OtherWarehouseID)),
	}
}

// ProductByBarcode implements erpclient.StockReader: every bar code is a product's.
func (d *Driver) ProductByBarcode(ctx context.Context, a erpclient.Auth, barcode string) (erpclient.Product, error) {
	if err := d.open(ctx, OpProduct, a); err != nil {
		return erpclient.Product{}, err
	}
	if d.OnProduct != nil {
		return d.OnProduct(ctx, a, barcode)
	}
	if barcode == ABarcode {
		return d.AProduct(AProductID, barcode), nil
	}
	return d.AProduct("P-"+barcode, barcode), d.find(OpProduct, barcode)
}

// Stock implements erpclient.StockReader: one product.
func (d *Driver) Stock(ctx context.Context, a erpclient.Auth, q erpclient.StockQuery) (erpclient.StockPage, error) {
	if err := d.open(ctx, OpStock, a); err != nil {
		return erpclient.StockPage{}, err
	}
	if d.OnStock != nil {
		return d.OnStock(ctx, a, q)
	}
	total := 1
	if q.Page > 1 {
		return erpclient.StockPage{Items: []erpclient.StockItem{}, Total: &total}, nil
	}
	item := erpclient.StockItem{Product: d.AProduct(AProductID, ABarcode), Minimum: "10"}
	if q.WarehouseID != "" {
		item.WarehouseID, item.WarehouseName = q.WarehouseID, "Warehouse "+q.WarehouseID
		item.Quantity = d.Balance(AProductID, q.WarehouseID)
	}
	return erpclient.StockPage{Items: []erpclient.StockItem{item}, Total: &total}, nil
}

// Warehouses implements erpclient.WarehouseReader: two.
func (d *Driver) Warehouses(ctx context.Context, a erpclient.Auth) ([]erpclient.Warehouse, error) {
	if err := d.open(ctx, OpWarehouses, a); err != nil {
		return nil, err
	}
	if d.OnWarehouses != nil {
		return d.OnWarehouses(ctx, a)
	}
	return []erpclient.Warehouse{{ID: AWarehouseID, Name: "Main"}, {ID: OtherWarehouseID, Name: "Shop"}}, nil
}

// RecordStock implements erpclient.StockWriter. As with most ERPs, nothing keeps an entry from being written twice; more
// than there is does not leave.
func (d *Driver) RecordStock(ctx context.Context, a erpclient.Auth, e erpclient.StockEntry) (erpclient.StockRecord, error) {
	if err := d.open(ctx, OpRecordStock, a); err != nil {
		return erpclient.StockRecord{}, err
	}
	if d.OnRecordStock != nil {
		return d.OnRecordStock(ctx, a, e)
	}
	if err := d.find(OpRecordStock, e.ProductID, e.WarehouseID); err != nil {
		return erpclient.StockRecord{}, err
	}
	r, err := d.write(e)
	if err != nil {
		return erpclient.StockRecord{}, err
	}
	return r, d.end(ctx, OpRecordStock)
}

func (d *Driver) write(e erpclient.StockEntry) (erpclient.StockRecord, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	key, change := [2]string{e.ProductID, e.WarehouseID}, e.Quantity
	if e.Direction == erpclient.StockOut {
		change = "-" + change
	}
	balance := add(d.balance(key), change)
	if strings.HasPrefix(string(balance), "-") {
		return erpclient.StockRecord{}, erpclient.Errorf(OpRecordStock, erpclient.KindConflict, "too little in stock")
	}
	if d.balances == nil {
		d.balances, d.records = map[[2]string]erpclient.Decimal{}, map[string][]erpclient.StockRecord{}
	}
	d.balances[key] = balance
	r := erpclient.StockRecord{
		ID: d.nextID("R"), ProductID: e.ProductID, WarehouseID: e.WarehouseID, Quantity: e.Quantity, Direction: e.Direction, Balance: &balance,
	}
	d.records[e.Reference] = append(d.records[e.Reference], r)
	return r, nil
}

// StockRecord implements erpclient.StockFinder.
func (d *Driver) StockRecord(ctx context.Context, a erpclient.Auth, reference string) (erpclient.StockRecord, error) {
	if err := d.open(ctx, OpStockRecord, a); err != nil {
		return erpclient.StockRecord{}, err
	}
	if d.OnStockRecord != nil {
		return d.OnStockRecord(ctx, a, reference)
	}
	if written := d.Recorded(reference); len(written) > 0 {
		return written[0], nil
	}
	return erpclient.StockRecord{}, erpclient.Errorf(OpStockRecord, erpclient.KindNotFound, "no such record")
}

// Recorded are the records that were written with the reference: one, where everything went well.
func (d *Driver) Recorded(reference string) []erpclient.StockRecord {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]erpclient.StockRecord(nil), d.records[reference]...)
}

// AllRecorded is how many records were written, whatever their reference.
func (d *Driver) AllRecorded() (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, list := range d.records {
		n += len(list)
	}
	return n
}

// Balance is how much of a product is in a warehouse.
func (d *Driver) Balance(productID, warehouseID string) erpclient.Decimal {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.balance([2]string{productID, warehouseID})
}

func (d *Driver) balance(key [2]string) erpclient.Decimal {
	if b, ok := d.balances[key]; ok {
		return b
	}
	return Initial
}

// add is exact, with the six places that quantities have at most.
func add(a, b erpclient.Decimal) erpclient.Decimal {
	x, _ := new(big.Rat).SetString(string(a))
	y, ok := new(big.Rat).SetString(string(b))
	if x == nil || !ok {
		return ""
	}
	text := new(big.Rat).Add(x, y).FloatString(6)
	return erpclient.Decimal(strings.TrimSuffix(strings.TrimRight(text, "0"), "."))
}
