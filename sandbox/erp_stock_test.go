package sandbox

import (
	"math/big"
	"strings"
	"testing"
)

func TestERPGoodsAreThoseOfTheOrders(t *testing.T) {
	e, c := service(t)
	rows, total := c.page(ProductsForm, m{"pageSize": 100, "columns": []string{"code", "barcode", "name", "unit", "price", "quantity", "minimum"}})
	if total != "12" {
		t.Fatalf("%s products", total)
	}
	for _, r := range rows {
		if text(r["barcode"]) != Barcode(text(r["id"])) || text(r["unit"]) == "" {
			t.Errorf("product %v", r)
		}
		if lines, _ := c.page(formLines, m{"filters": m{"productId": r["id"]}, "pageSize": 1}); len(lines) == 0 {
			t.Errorf("no order has %v", r["name"])
		}
		sum := new(big.Rat)
		for _, w := range warehouses {
			sum.Add(sum, rat(number(e.StockLevel(text(r["id"]), w.id))))
		}
		if got := e.StockLevel(text(r["id"]), ""); string(plainNumber(sum)) != got {
			t.Errorf("%v: %s in all, %s in the warehouses", r["name"], got, plainNumber(sum))
		}
	}
	if rows, total := c.page(WarehousesForm, m{"columns": []string{"name"}}); total != "3" || text(rows[2]["name"]) != warehouses[0].name {
		t.Errorf("warehouses %v", rows)
	}
	rows, _ = c.page(StockForm, m{"filters": m{"warehouseId": "62"}, "columns": []string{"warehouseId", "warehouseName", "productId", "quantity"}})
	if len(rows) != 12 || text(rows[0]["warehouseName"]) != warehouses[1].name {
		t.Errorf("stock of 62: %v", rows)
	}
}

func stockRecord(change m) m {
	data := m{"productId": "8001", "warehouseId": "61", "quantity": "1.5", "type": "入库", "operator": "李业务", StockReference: "REF1"}
	for key, value := range change {
		data[key] = value
	}
	return m{"formId": StockRecordsForm, "action": 1, "data": data}
}

func TestERPStockRecordsMoveTheStock(t *testing.T) {
	e, c := service(t)
	before := rat(number(e.StockLevel("8001", "61")))
	got := c.data("updateBusiness", stockRecord(nil))
	want := plainNumber(before.Add(before, big.NewRat(3, 2)))
	if text(got["balance"]) != string(want) || e.StockLevel("8001", "61") != string(want) || e.Created(StockRecordsForm) != 1 {
		t.Errorf("got %v, stock %s, want %s", got, e.StockLevel("8001", "61"), want)
	}
	rows, _ := c.page(StockRecordsForm, m{"filters": m{StockReference: "REF1"}, "columns": []string{StockReference, "balance", "type"}})
	if len(rows) != 1 || text(rows[0]["id"]) != text(got["id"]) || rows[0]["type"] != "入库" {
		t.Errorf("found again: %v", rows)
	}
	c.data("updateBusiness", stockRecord(m{"warehouseId": "63", "productId": "8002"})) // for the first time there
	if e.StockLevel("8002", "63") != "1.5" {
		t.Errorf("first in: %s", e.StockLevel("8002", "63"))
	}
	for name, tt := range map[string]struct {
		change m
		want   string
	}{
		"short": {m{"type": "出库", "quantity": 1e6}, "库存不足"}, "nothing there": {m{"type": "出库", "warehouseId": "63", "productId": "8003"}, "库存不足"},
		"product": {m{"productId": 1}, "产品不存在"}, "warehouse": {m{"warehouseId": 1}, "仓库不存在"}, "zero": {m{"quantity": 0}, "数量不正确"},
		"type": {m{"type": "in"}, "类型不正确"}, "column": {m{"nope": 1}, "字段不存在：nope"},
	} {
		if got := c.refused("updateBusiness", stockRecord(tt.change)); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
	if e.Created(StockRecordsForm) != 2 || e.StockLevel("8003", "63") != "" && e.StockLevel("8003", "63") != "0" {
		t.Errorf("a refused record was written")
	}
}

func TestERPCustomersSeeGoodsAndNothingElse(t *testing.T) {
	e, c := service(t)
	alice := loggedIn(t, e, c.url, "alice.chen")
	for form, want := range map[string]string{ProductsForm: "12", WarehousesForm: "3", PurchasesForm: "0", StockRecordsForm: "0"} {
		if _, total := alice.page(form, m{}); total != want {
			t.Errorf("form %s: alice sees %s rows, want %s", form, total, want)
		}
	}
	if got := alice.refused("updateBusiness", stockRecord(nil)); got != "没有权限" {
		t.Errorf("alice writes: %s", got)
	}
	login := func(user, password string) string {
		got := newERPClient(t, c.url).login(user, password)
		return string(got.body)
	}
	if got := login("staff.li", "snow-staff-1"); !strings.Contains(got, `"inventory:write"`) {
		t.Errorf("staff may: %s", got)
	}
	if got := login("alice.chen", "snow-alice-1"); strings.Contains(got, "permissions") {
		t.Errorf("alice may: %s", got)
	}
}

func TestERPNewOrdersHaveLines(t *testing.T) {
	e, c := service(t)
	data := m{"customerId": "502", "customerOrderCode": "REF9", "remark": "急", NewOrderLines: []m{
		{"productId": 8001, "quantity": 2, "price": 1000.5}, {"productId": "8005", "quantity": "12.5"},
	}}
	id := text(c.data("updateBusiness", m{"formId": formOrders, "action": 1, "data": data})["id"])
	rows, _ := c.page(formOrders, m{"filters": m{"customerOrderCode": "REF9"}, "columns": []string{"code", "amount", "customerName", "status", "date"}})
	if len(rows) != 1 || text(rows[0]["id"]) != id || text(rows[0]["amount"]) != "2484.13" || text(rows[0]["status"]) != "1" || rows[0]["customerName"] != "北京极地装备贸易有限公司" {
		t.Fatalf("order %v", rows)
	}
	if !strings.HasPrefix(text(rows[0]["code"]), "SO20") || len(text(rows[0]["code"])) != 12 || len(text(rows[0]["date"])) != 19 {
		t.Errorf("code and date: %v", rows[0])
	}
	lines, total := c.page(formLines, m{"condition": m{"form.id": id}, "columns": []string{"productName", "amount", "customerId"}})
	if total != "2" || text(lines[1]["amount"]) != "2001.00" || text(lines[0]["customerId"]) != "502" {
		t.Errorf("lines %v", lines)
	}
	for name, tt := range map[string]struct {
		change m
		want   string
	}{
		"customer": {m{"customerId": "1"}, "客户不存在"}, "product": {m{NewOrderLines: []m{{"productId": 1, "quantity": 1}}}, "产品不存在"},
		"quantity": {m{NewOrderLines: []m{{"productId": 8001, "quantity": 0}}}, "数量不正确"}, "no list": {m{NewOrderLines: "x"}, "参数错误"},
	} {
		body := m{"customerId": "502"}
		for key, value := range tt.change {
			body[key] = value
		}
		if got := c.refused("updateBusiness", m{"formId": formOrders, "action": 1, "data": body}); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
	if e.Created(formOrders) != 1 {
		t.Errorf("%d orders were made, want 1", e.Created(formOrders))
	}
	if got := c.refused("updateBusiness", m{"formId": formOrders, "action": 2, "id": id, "data": m{NewOrderLines: []m{}}}); !strings.Contains(got, NewOrderLines) {
		t.Errorf("lines of an order that is made: %s", got)
	}
}

func TestERPPurchasesAreDecidedOnce(t *testing.T) {
	e, c := service(t)
	rows, total := c.page(PurchasesForm, m{"filters": m{"status": PurchasePending}, "columns": []string{"code", "title", "amount", "status"}})
	if total != "9" || !strings.HasPrefix(text(rows[0]["code"]), "PO20") {
		t.Fatalf("%s wait: %v", total, rows)
	}
	decide := func(status string) m {
		return m{"formId": PurchasesForm, "action": 2, "id": rows[0]["id"], "data": m{"status": status}}
	}
	id := text(rows[0]["id"])
	e.SetDeaf(PurchasesForm, true)
	if c.data("updateBusiness", decide(PurchaseApproved)); e.PurchaseStatus(id) != PurchasePending {
		t.Error("a deaf button did something")
	}
	e.SetDeaf(PurchasesForm, false)
	if c.data("updateBusiness", decide(PurchaseApproved)); e.PurchaseStatus(id) != PurchaseApproved {
		t.Errorf("approved: %s", e.PurchaseStatus(id))
	}
	if got := c.refused("updateBusiness", decide(PurchaseRejected)); !strings.Contains(got, "已审批") {
		t.Errorf("once more: %s", got)
	}
}
