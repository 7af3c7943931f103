package sandbox

import (
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// psiProduct is an article of the PSI. Ids are numeric. The first twelve are the ERP's, by id,
// code and barcode: orders come from one system and stock from the other.
type psiProduct struct {
	id, code, barcode, name, spec, unit string
	price, minimum                      number
}

// psiMore are articles that no sales order has.
var psiMore = strings.Fields(`防潮垫 头灯 登山包 冲锋衣 抓绒衣 速干裤 徒步鞋 雪套 保温袜 护目镜布 营地灯 折叠椅 折叠桌 天幕 绳索
	快挂 安全带 水袋 滤水器 急救包 求生哨 指南针 防晒霜 修补胶`)

func psiGoods() []psiProduct {
	var out []psiProduct
	for _, p := range products {
		out = append(out, psiProduct{p.id, p.code, Barcode(p.id), p.name, p.spec, unitNames[p.unit], p.price.money(), p.minimum()})
	}
	for i, name := range psiMore {
		id := strconv.Itoa(8013 + i)
		price := hundredths(1290 + i*i*370)
		out = append(out, psiProduct{id, "P-5" + id[1:], Barcode(id), name, "通用", "件", price.money(), number(strconv.Itoa(5 + i%7*5))})
	}
	return out
}

// PSIProduct is an article, for tests to compare with.
type PSIProduct struct {
	ID, Code, Barcode, Name, Spec, Unit, Price, Minimum string
}

// Products returns all articles, in the order of their ids.
func (p *PSI) Products() []PSIProduct {
	out := make([]PSIProduct, 0, len(p.goods))
	for _, g := range p.goods {
		out = append(out, PSIProduct{g.id, g.code, g.barcode, g.name, g.spec, g.unit, string(g.price), string(g.minimum)})
	}
	return out
}

// PSIWarehouse is a place where the PSI keeps stock.
type PSIWarehouse struct{ ID, Name string }

// Warehouses returns all of them; they have the ERP's ids.
func (p *PSI) Warehouses() []PSIWarehouse {
	var out []PSIWarehouse
	for _, w := range warehouses {
		out = append(out, PSIWarehouse{w.id, w.name})
	}
	return out
}

// psiPlace is a product in a warehouse.
type psiPlace struct{ product, warehouse string }

// fillWarehouses puts stock into the first two warehouses; every fourth article is short.
func (p *PSI) fillWarehouses() {
	for i, g := range p.goods {
		each := 20 + i*7%90
		if i%4 == 3 {
			each = i % 3
		}
		p.stock[psiPlace{g.id, warehouses[0].id}] = number(strconv.Itoa(each))
		p.stock[psiPlace{g.id, warehouses[1].id}] = number(strconv.Itoa(each/2) + ".5")
	}
}

// Stock is how much there is of a product, over all warehouses where warehouseID is "".
func (p *PSI) Stock(productID, warehouseID string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return string(p.level(productID, warehouseID))
}

// level is for callers who hold p.mu.
func (p *PSI) level(productID, warehouseID string) number {
	total := new(big.Rat)
	for place, n := range p.stock {
		if place.product == productID && (warehouseID == "" || place.warehouse == warehouseID) {
			total.Add(total, rat(n))
		}
	}
	return plainNumber(total)
}

func (p *PSI) product(matches func(psiProduct) bool) (psiProduct, bool) {
	i := slices.IndexFunc(p.goods, matches)
	if i < 0 {
		return psiProduct{}, false
	}
	return p.goods[i], true
}

func warehouseName(id string) (name string, known bool) {
	for _, w := range warehouses {
		if w.id == id {
			return w.name, true
		}
	}
	return "", false
}
