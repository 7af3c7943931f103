package sandbox

import (
	"math/rand/v2"
	"strconv"
)

// unitNames are the units of goods, by the ids that order lines give.
var unitNames = map[string]string{"21": "件", "22": "副", "23": "米", "24": "罐"}

// warehouses are the ERP's; order lines name the first.
var warehouses = []struct{ id, name string }{{"61", "上海一号仓"}, {"62", "北京二号仓"}, {"63", "退货仓"}}

// makeStock makes goods, warehouses and what is in them. It has a source of chance of its
// own, so that orders stay as they are.
func (m *maker) makeStock() {
	m.dice = rand.New(rand.NewPCG(m.seed, 2027)) //nolint:gosec // invented data must be the same again
	for _, w := range warehouses {
		m.forms[WarehousesForm].add(record{"id": ident(w.id), "name": w.name, "address": w.name + "，雪峰路"})
	}
	for i, p := range products {
		total := hundredths(0)
		for at := range warehouses {
			total += m.makeStockRow(i, at, p)
		}
		m.forms[ProductsForm].add(record{
			"id": ident(p.id), "code": p.code, "barcode": Barcode(p.id), "name": p.name, "spec": p.spec, "brand": p.brand,
			"unit": unitNames[p.unit], "price": p.price.money(), "quantity": total.plain(), "minimum": p.minimum(),
		})
	}
}

// minimum is the quantity below which the ERP warns.
func (p product) minimum() number { return (p.step * 10).plain() }

// makeStockRow puts product i into warehouse at. Every fourth is nearly used up, and only
// few goods were ever sent back.
func (m *maker) makeStockRow(i, at int, p product) (quantity hundredths) {
	quantity = p.step * hundredths(10+m.dice.IntN(60))
	if i%4 == 1 {
		quantity = p.step * hundredths(m.dice.IntN(4))
	}
	if at == 2 && i%3 > 0 {
		return 0
	}
	m.forms[StockForm].add(record{
		"id": ident(strconv.Itoa(710000 + i*10 + at)), "productId": ident(p.id), "productCode": p.code, "barcode": Barcode(p.id),
		"productName": p.name, "spec": p.spec, "unit": unitNames[p.unit], "price": p.price.money(), "quantity": quantity.plain(),
		"warehouseId": ident(warehouses[at].id), "warehouseName": warehouses[at].name, "minimum": p.minimum(),
	})
	return quantity
}
