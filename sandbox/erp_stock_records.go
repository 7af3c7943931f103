package sandbox

import (
	"math/big"
	"strconv"
	"time"
)

// StockLevel is how much of a product the ERP says a warehouse has, over all of them where
// warehouseID is "".
func (e *ERP) StockLevel(productID, warehouseID string) string {
	e.dataMu.RLock()
	defer e.dataMu.RUnlock()
	row := e.data.forms[ProductsForm].byID[productID]
	if warehouseID != "" {
		row = e.data.stockRow(productID, warehouseID)
	}
	return text(row["quantity"])
}

// stockRow is the row of a product in a warehouse, nil when it was never there.
func (d *dataset) stockRow(productID, warehouseID string) record {
	for _, r := range d.forms[StockForm].rows {
		if text(r["productId"]) == productID && text(r["warehouseId"]) == warehouseID {
			return r
		}
	}
	return nil
}

// moveStock writes a stock record down: goods come in, or go out when there is enough.
func moveStock(d *dataset, r record, now time.Time) (refusal string) {
	product := d.forms[ProductsForm].byID[text(r["productId"])]
	warehouse := d.forms[WarehousesForm].byID[text(r["warehouseId"])]
	quantity, ok := quantityOf(r["quantity"])
	switch {
	case product == nil:
		return "产品不存在"
	case warehouse == nil:
		return "仓库不存在"
	case !ok:
		return "数量不正确"
	case text(r["type"]) == stockOut:
		quantity.Neg(quantity)
	case text(r["type"]) != stockIn:
		return "类型不正确"
	}
	row := d.stockRow(product.id(), warehouse.id())
	balance := new(big.Rat).Add(rat(number(text(row["quantity"]))), quantity)
	if balance.Sign() < 0 {
		return "库存不足"
	}
	if row == nil {
		row = d.addStockRow(product, warehouse)
	}
	row["quantity"] = plainNumber(balance)
	product["quantity"] = plainNumber(quantity.Add(quantity, rat(number(text(product["quantity"])))))
	r["date"], r["balance"] = erpTime(now), plainNumber(balance)
	return ""
}

// addStockRow is for a product's first time in a warehouse.
func (d *dataset) addStockRow(product, warehouse record) record {
	f := d.forms[StockForm]
	row := record{
		"id": ident(strconv.Itoa(720000 + len(f.rows))), "productId": product["id"], "productCode": product["code"],
		"barcode": product["barcode"], "productName": product["name"], "spec": product["spec"], "unit": product["unit"],
		"price": product["price"], "warehouseId": warehouse["id"], "warehouseName": warehouse["name"], "minimum": product["minimum"],
	}
	f.add(row)
	return row
}

// erpTime writes a time as the ERP does, in its own zone.
func erpTime(t time.Time) string {
	return t.In(time.FixedZone("CST", 8*60*60)).Format(dayForm + " 15:04:05")
}
