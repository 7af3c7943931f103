package sandbox

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func service(t *testing.T) (*ERP, *erpClient) {
	t.Helper()
	e := NewERP(ERPOptions{})
	user, _ := e.ServiceAccount()
	return e, loggedIn(t, e, serve(t, e), user)
}

func TestERPFiltersNarrowAndConditionsOfOrdersDoNot(t *testing.T) {
	e, c := service(t)
	all := len(e.Orders(""))
	count := func(status ...int) (n int) {
		for _, o := range e.Orders("") {
			if slices.Contains(status, o.Status) {
				n++
			}
		}
		return n
	}
	one := e.Orders("502")[3]
	for name, tt := range map[string]struct {
		body m
		want int
	}{
		"nothing":                          {m{}, all},
		"customerId in filters":            {m{"filters": m{"customerId": "502"}}, 90},
		"customerId as a number":           {m{"filters": m{"customerId": 502}}, 90},
		"customerId in condition":          {m{"condition": m{"customerId": "502"}}, all},
		"condition as an empty text":       {m{"condition": ""}, all},
		"a list of statuses":               {m{"filters": m{"status": []int{1, 2}}}, count(1, 2)},
		"an unknown status":                {m{"filters": m{"status": 9}}, count(9)},
		"two ids, one as a number":         {m{"filters": m{"id": []any{one.ID, 410007}}}, 2},
		"an empty customerId narrows not":  {m{"filters": m{"customerId": ""}}, all},
		"an unknown filter narrows not":    {m{"filters": m{"no such": "x"}}, all},
		"filters are combined":             {m{"filters": m{"customerId": "501", "id": one.ID}}, 0},
		"full text: code, any case":        {m{"filters": m{"systemFulltext": strings.ToLower(one.Code)}}, 1},
		"full text: customer's name":       {m{"filters": m{"systemFulltext": "极地装备"}}, 90},
		"full text: nothing like it":       {m{"filters": m{"systemFulltext": "无此单号"}}, 0},
		"code must be whole":               {m{"filters": m{"code": one.Code[:6]}}, 0},
		"customer without orders":          {m{"filters": m{"customerId": "503"}}, 0},
		"two customers":                    {m{"filters": m{"customerId": []string{"504", "506"}}}, 40},
		"status and customer, as the list": {m{"filters": m{"customerId": "504", "status": []int{1, 2, 3, 4, 5, 9}}}, 25},
	} {
		if _, total := c.page(formOrders, tt.body); total != fmt.Sprint(tt.want) {
			t.Errorf("%s: %s orders, want %d", name, total, tt.want)
		}
	}
}

func TestERPFullTextFindsOrdersByProduct(t *testing.T) {
	_, c := service(t)
	rows, _ := c.page(formOrders, m{"filters": m{"systemFulltext": "羽绒睡袋"}, "columns": []string{"id", "remark"}, "pageSize": 3})
	if len(rows) == 0 {
		t.Fatal("no order found")
	}
	for _, r := range rows {
		lines, _ := c.page(formLines, m{"condition": m{"form.id": r["id"]}, "columns": []string{"productName"}})
		if !strings.Contains(codes(lines, "productName"), "羽绒睡袋") && !strings.Contains(text(r["remark"]), "羽绒睡袋") {
			t.Errorf("order %v has only %s", r["id"], codes(lines, "productName"))
		}
	}
}

func TestERPPagesCountFromZeroNewestFirst(t *testing.T) {
	e, c := service(t)
	var seen []string
	for page := 0; ; page++ {
		rows, total := c.page(formOrders, m{"page": page, "pageSize": 70, "columns": []string{"id", "code"}})
		if total != "300" {
			t.Fatalf("_count %s", total)
		}
		if len(rows) == 0 {
			break
		}
		seen = append(seen, strings.Fields(codes(rows, "code"))...)
	}
	var want []string
	for _, o := range slices.Backward(e.Orders("")) {
		want = append(want, o.Code)
	}
	if !slices.Equal(seen, want) {
		t.Errorf("pages together give %d codes, want %d, newest first", len(seen), len(want))
	}
	for name, body := range map[string]m{
		"far beyond": {"page": 1 << 60, "pageSize": 70}, "negative": {"page": -1}, "just beyond": {"page": 3, "pageSize": 100},
	} {
		if rows, _ := c.page(formOrders, body); len(rows) != 0 {
			t.Errorf("%s: %d rows", name, len(rows))
		}
	}
	if rows, _ := c.page(formOrders, m{}); len(rows) != defaultPageSize {
		t.Errorf("default page size: %d", len(rows))
	}
	if got := c.refused("getBusinessPageList", m{"formId": formOrders, "page": "x"}); got != "参数错误" {
		t.Errorf("page x: %s", got)
	}
}

func TestERPOrderBy(t *testing.T) {
	_, c := service(t)
	up, _ := c.page(formOrders, m{"orderby": "amount", "pageSize": 300, "columns": []string{"amount"}})
	down, _ := c.page(formOrders, m{"orderby": "amount desc", "pageSize": 300, "columns": []string{"amount"}})
	sorted := func(rows []map[string]any, sign int) bool {
		return slices.IsSortedFunc(rows, func(a, b map[string]any) int {
			return sign * compare(text(a["amount"]), text(b["amount"]))
		})
	}
	if len(up) != 300 || !sorted(up, 1) || !sorted(down, -1) {
		t.Error("amount, amount desc: not sorted")
	}
}

func TestERPAnswersOnlyAskedColumnsAndTheID(t *testing.T) {
	_, c := service(t)
	for name, tt := range map[string]struct {
		form string
		body m
		want string
	}{
		"a list":                  {formCustomers, m{"columns": []string{"code", "name"}}, "code id name"},
		"names with commas":       {formCustomers, m{"columns": "code, name"}, "code id name"},
		"no such column":          {formCustomers, m{"columns": []string{"secret", hiddenOwner}}, "id"},
		"none asked":              {formCustomers, m{}, "id"},
		"all, as a column form":   {formCustomers, m{"isColumnForm": true}, "abbr code disable id name ownerId 微信邀请码"},
		"hidden ones stay inside": {formOrders, m{"columns": []string{hiddenText, hiddenParent}}, "id"},
	} {
		rows, _ := c.page(tt.form, tt.body)
		if got := strings.Join(slices.Sorted(maps.Keys(rows[0])), " "); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}

func TestERPSumsAskedAmountsOverAllPages(t *testing.T) {
	e, c := service(t)
	data := c.data("getBusinessPageList", m{"formId": formOrders, "pageSize": 1, "columns": []string{"amount"}, "filters": m{"customerId": "505"}})
	var total hundredths
	for _, o := range e.Orders("505") {
		var units, cents hundredths
		if o.Amount != "" {
			if _, err := fmt.Sscanf(o.Amount, "%d.%d", &units, &cents); err != nil {
				t.Fatal(err)
			}
		}
		total += units*100 + cents
	}
	if got := text(object(data["_sum"])["amount"]); got != string(total.money()) {
		t.Errorf("_sum.amount %s, want %s", got, total.money())
	}
}

func TestERPLinesAndProductsBelongToTheirParent(t *testing.T) {
	e, c := service(t)
	for _, o := range e.Orders("")[:60] {
		lines, total := c.page(formLines, m{"condition": m{"form.id": o.ID}, "columns": []string{"salesOrderId", "salesOrderCode"}})
		if total != fmt.Sprint(o.Lines) {
			t.Errorf("order %s: %s lines, want %d", o.Code, total, o.Lines)
		}
		for _, l := range lines {
			if text(l["salesOrderId"]) != o.ID || text(l["salesOrderCode"]) != o.Code {
				t.Errorf("line %v of order %s", l, o.Code)
			}
		}
	}
	deliveries, _ := c.page(formDeliveries, m{"pageSize": 5, "columns": []string{"code"}})
	for _, d := range deliveries {
		body := m{"condition": m{"parent.id": d["id"], "category": 1, "exchangeRate": 1}, "isColumnForm": true}
		rows, total := c.page(formProducts, body)
		if total == "0" || text(rows[0]["productName"]) == "" || text(rows[0]["batch"]) == "" {
			t.Errorf("delivery %v: %s products %v", d["id"], total, rows)
		}
	}
	if _, total := c.page(formProducts, m{"isColumnForm": true}); total != "0" {
		t.Errorf("products without a parent: %s", total)
	}
}

func TestERPDeliveriesNameTheirOrders(t *testing.T) {
	e, c := service(t)
	rows, _ := c.page(formDeliveries, m{"pageSize": 5000, "columns": []string{"orderCodes", "customerOrSupplierId"}})
	byCode := map[string]int{}
	several := 0
	for _, r := range rows {
		parts := strings.Split(text(r["orderCodes"]), ",")
		several += len(parts) - 1
		for _, code := range parts {
			byCode[strings.TrimSpace(code)]++
		}
	}
	for _, o := range e.Orders("") {
		if byCode[o.Code] != o.Deliveries {
			t.Errorf("order %s (status %d): %d deliveries name it, want %d", o.Code, o.Status, byCode[o.Code], o.Deliveries)
		}
		if o.Status == 4 && o.Deliveries == 0 || o.Status == 1 && o.Deliveries > 0 {
			t.Errorf("order %s with status %d has %d deliveries", o.Code, o.Status, o.Deliveries)
		}
	}
	if several == 0 {
		t.Error("no delivery carries several orders")
	}
}

func TestERPInviteCodeFilterMatchesInPart(t *testing.T) {
	_, c := service(t)
	find := func(code string) string {
		rows, _ := c.page(formCustomers, m{"filters": m{"微信邀请码": code}, "columns": []string{"微信邀请码"}})
		return codes(rows, "微信邀请码")
	}
	for code, want := range map[string]string{
		"SNOW-2026-B": "SNOW-2026-B",
		"SNOW-2026-A": "SNOW-2026-A2 SNOW-2026-A", // the caller must compare
		"snow-2026-b": "",
		"SNOW-2027":   "",
	} {
		if got := find(code); got != want {
			t.Errorf("%s finds %q, want %q", code, got, want)
		}
	}
}

func TestERPDatasourceListsCarriers(t *testing.T) {
	_, c := service(t)
	body := m{"datasourceId": 100292, "formId": "100039", "colId": 110673, "columns": []string{"id", "name"}, "pageSize": 50}
	data := c.data("getDatasource", body)
	if list, _ := data["_dataList"].([]any); len(list) != len(carrierNames) || text(data["_count"]) != "5" {
		t.Errorf("carriers: %v", data)
	}
	body["colId"] = 1
	if got := c.refused("getDatasource", body); got != "数据源不存在" {
		t.Errorf("other column: %s", got)
	}
	if got := c.refused("getBusinessPageList", m{"formId": datasourceCarrier}); got != "表单不存在" {
		t.Errorf("datasource as a form: %s", got)
	}
}

func TestERPAccountsSeeTheirCustomerOnly(t *testing.T) {
	e := NewERP(ERPOptions{})
	url := serve(t, e)
	alice, staff := loggedIn(t, e, url, "alice.chen"), loggedIn(t, e, url, "staff.li")
	theirs := e.Orders("502")[0]
	for _, form := range []string{formOrders, formLines, formDeliveries, formCustomers} {
		_, own := alice.page(form, m{})
		_, all := staff.page(form, m{})
		if own == all || own == "0" {
			t.Errorf("form %s: alice sees %s of %s", form, own, all)
		}
	}
	for name, body := range map[string]m{
		"by id":       {"filters": m{"id": theirs.ID}},
		"by customer": {"filters": m{"customerId": "502"}},
		"by code":     {"filters": m{"systemFulltext": theirs.Code}},
	} {
		if _, total := alice.page(formOrders, body); total != "0" {
			t.Errorf("%s: alice sees %s orders of 502", name, total)
		}
	}
	if _, total := alice.page(formLines, m{"condition": m{"form.id": theirs.ID}}); total != "0" {
		t.Errorf("alice sees %s lines of 502", total)
	}
	if got := alice.refused("getBusiness", m{"formId": formOrders, "id": theirs.ID}); got != "没有权限" {
		t.Errorf("getBusiness of another customer: %s", got)
	}
	if got := alice.refused("getBusiness", m{"formId": formOrders, "id": "1"}); got != "单据不存在" {
		t.Errorf("getBusiness of nothing: %s", got)
	}
	if got := staff.data("getBusiness", m{"formId": formOrders, "id": theirs.ID}); text(got["code"]) != theirs.Code {
		t.Errorf("staff got %v", got)
	}
}

func TestERPProductsOfAnotherCustomersDeliveryStayHidden(t *testing.T) {
	e := NewERP(ERPOptions{})
	url := serve(t, e)
	bob, alice := loggedIn(t, e, url, "bob.wang"), loggedIn(t, e, url, "alice.chen")
	rows, _ := bob.page(formDeliveries, m{"pageSize": 1})
	body := m{"condition": m{"parent.id": rows[0]["id"]}, "isColumnForm": true}
	if _, total := bob.page(formProducts, body); total == "0" {
		t.Error("bob sees nothing of his own delivery")
	}
	if _, total := alice.page(formProducts, body); total != "0" {
		t.Errorf("alice sees %s products of bob's delivery", total)
	}
}

func TestERPRefusesCallsItDoesNotUnderstand(t *testing.T) {
	_, c := service(t)
	for name, tt := range map[string]struct {
		op   string
		body m
		want string
	}{
		"other app":      {"getBusinessPageList", m{"appName": "SnowInventory-1", "formId": formOrders}, "应用不存在"},
		"other form":     {"getBusinessPageList", m{"formId": "1"}, "表单不存在"},
		"one, no form":   {"getBusiness", m{"formId": "1", "id": "1"}, "表单不存在"},
		"other op":       {"dropBusiness", m{}, "接口不存在"},
		"other action":   {"updateBusiness", m{"formId": formOrders, "action": 3}, "参数错误"},
		"create nowhere": {"updateBusiness", m{"formId": "1", "action": 1}, "表单不存在"},
	} {
		if got := c.refused(tt.op, tt.body); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
	got := ask(t, c.http, "POST", c.url+ordersPath, []int{1}, "Cookie", "JSESSIONID="+c.app+"; sid="+c.sid)
	if got.object(t)["message"] != "参数错误" {
		t.Errorf("a list as body: %s", got.body)
	}
	got = ask(t, c.http, "GET", c.url+ordersPath, nil)
	if got.status != 405 {
		t.Errorf("GET: %d", got.status)
	}
}

func TestERPUpdateAndCreate(t *testing.T) {
	e, c := service(t)
	alice := loggedIn(t, e, c.url, "alice.chen")
	own, theirs := e.Orders("501")[0], e.Orders("502")[0]
	read := func(id string) map[string]any { return c.data("getBusiness", m{"formId": formOrders, "id": id}) }

	alice.data("updateBusiness", m{"formId": formOrders, "action": 2, "id": own.ID, "data": m{"remark": "改", "status": 5}})
	if got := read(own.ID); got["remark"] != "改" || text(got["status"]) != "5" {
		t.Errorf("after update: %v %v", got["remark"], got["status"])
	}
	for name, tt := range map[string]struct {
		body m
		want string
	}{
		"another customer's":   {m{"action": 2, "id": theirs.ID, "data": m{"remark": "x"}}, "没有权限"},
		"moving to another":    {m{"action": 2, "id": own.ID, "data": m{"customerId": "502"}}, "没有权限"},
		"creating for another": {m{"action": 1, "data": m{"customerId": "502"}}, "没有权限"},
		"unknown column":       {m{"action": 2, "id": own.ID, "data": m{"remark": "y", "nope": 1}}, "字段不存在：nope"},
		"the id":               {m{"action": 2, "id": own.ID, "data": m{"id": 1}}, "字段不存在：id"},
	} {
		tt.body["formId"] = formOrders
		if got := alice.refused("updateBusiness", tt.body); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
	if got := read(own.ID)["remark"]; got != "改" {
		t.Errorf("a refused update was written: %v", got)
	}
	id := alice.data("updateBusiness", m{"formId": formOrders, "action": 1, "data": m{"remark": "新单", "amount": 12.50}})["id"]
	if got := read(text(id)); text(got["customerId"]) != "501" || got["remark"] != "新单" || text(got["amount"]) != "12.5" {
		t.Errorf("created: %v", got)
	}
}

func TestERPServesAttachments(t *testing.T) {
	_, c := service(t)
	rows, _ := c.page(formDeliveries, m{"pageSize": 5000, "columns": []string{"attachments"}})
	files, several, none := 0, 0, 0
	for _, r := range rows {
		all := text(r["attachments"])
		if all == "" {
			none++
			continue
		}
		parts := strings.Split(all, ",")
		several += len(parts) - 1
		for _, part := range parts {
			path, about, _ := strings.Cut(part, "#")
			props, err := url.ParseQuery(about)
			if err != nil || !strings.Contains(props.Get("name"), "送货单") {
				t.Fatalf("attachment %q", part)
			}
			if files++; files > 20 {
				continue
			}
			got := ask(t, c.http, "GET", c.url+"/business/file/SnowInventory-10001/"+path, nil)
			if got.status != 200 || fmt.Sprint(len(got.body)) != props.Get("size") {
				t.Errorf("%s: %d, %d bytes", part, got.status, len(got.body))
			}
		}
	}
	if files == 0 || several == 0 || none == 0 {
		t.Errorf("%d files, %d deliveries with several, %d with none", files, several, none)
	}
	for _, path := range []string{"/business/file/SnowInventory-10001/none.txt", "/business/file/SnowInventory-1/delivery", "/business/file/"} {
		if got := ask(t, c.http, "GET", c.url+path, nil); got.status != 404 {
			t.Errorf("%s: %d", path, got.status)
		}
	}
}
