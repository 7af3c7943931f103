package sandbox

import (
	"encoding/json"
	"math/big"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestERPDataIsTheSameForTheSameSeed(t *testing.T) {
	one, two, other := makeData(7, seedDay), makeData(7, seedDay), makeData(8, seedDay)
	if !reflect.DeepEqual(one.truth, two.truth) || !reflect.DeepEqual(one.forms, two.forms) {
		t.Error("seed 7 twice gives different data")
	}
	if reflect.DeepEqual(one.truth, other.truth) {
		t.Error("seed 8 gives the data of seed 7")
	}
	f := one.forms[formOrders]
	for _, r := range f.rows {
		if !reflect.DeepEqual(one.render(f, r, nil), two.render(f, r, nil)) {
			t.Fatalf("row %s is rendered differently", r.id())
		}
	}
}

func TestERPDataHoldsWhatTestsRelyOn(t *testing.T) {
	e := NewERP(ERPOptions{})
	if n := len(e.Orders("")); n != 300 {
		t.Errorf("%d orders", n)
	}
	codes, statuses := map[string]bool{}, map[int]int{}
	for _, o := range e.Orders("") {
		codes[o.Code] = true
		statuses[o.Status]++
		if o.Lines < 1 || o.Lines > 8 {
			t.Errorf("order %s has %d lines", o.Code, o.Lines)
		}
		if !regexp.MustCompile(`^SO202[56]\d{6}$`).MatchString(o.Code) {
			t.Errorf("code %s", o.Code)
		}
	}
	if len(codes) != 300 {
		t.Errorf("%d different codes", len(codes))
	}
	for _, status := range []int{1, 2, 3, 4, 5, 9} {
		if statuses[status] < 2 {
			t.Errorf("status %d: %d orders", status, statuses[status])
		}
	}
	if len(e.Orders("503")) != 0 || len(e.Orders("501")) != 110 {
		t.Error("orders of 503 or 501")
	}
	disabled := slices.DeleteFunc(e.Customers(), func(c Customer) bool { return !c.Disabled })
	if len(e.Customers()) < 4 || len(disabled) != 1 || len(e.Accounts()) < 4 {
		t.Errorf("customers %v, accounts %v", e.Customers(), e.Accounts())
	}
}

// TestERPDataIsUntidy proves that every nuisance a client must bear is really there.
func TestERPDataIsUntidy(t *testing.T) {
	d := makeData(0, seedDay)
	seen := map[string]int{}
	for _, id := range []string{formOrders, formLines, formDeliveries, formCustomers} {
		f := d.forms[id]
		for _, r := range f.rows {
			row := d.render(f, r, nil)
			for column := range f.columns {
				value, there := row[column]
				note(seen, id+" "+column, value, there)
			}
		}
	}
	for _, want := range []string{
		"100001 id number", "100001 id string", "100001 amount number", "100001 amount string", "100001 amount null",
		"100001 status number", "100001 status string", "100001 shippedRate null", "100001 shippedRate above 1",
		"100001 remark missing", "100001 remark null", "100001 mobile missing", "100001 date day", "100001 date time",
		"100001 customerId number", "100001 customerId string", "100185 id above 2^53", "100185 id number",
		"100185 quantity fraction", "100185 producingQuantity null", "100185 image missing", "100039 logisticsCode missing",
		"100039 logisticsCompanyId null", "100039 attachments null", "100039 是否发货 bool", "100039 是否发货 int",
		"100039 发货日期 null", "100004 disable missing",
	} {
		if seen[want] == 0 {
			t.Errorf("never seen: %s", want)
		}
	}
}

var erpDay = regexp.MustCompile(`^\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d)?$`)

func note(seen map[string]int, where string, value any, there bool) {
	kind := map[bool]string{true: "null", false: "missing"}[there]
	switch v := value.(type) {
	case json.Number:
		kind = "number"
	case string:
		kind = "string"
		if day := erpDay.FindStringSubmatch(v); day != nil {
			kind = map[bool]string{true: "day", false: "time"}[day[1] == ""]
		}
	case bool:
		kind = "bool"
	case int:
		kind = "int"
	}
	seen[where+" "+kind]++
	n, ok := new(big.Rat).SetString(text(value))
	if !ok {
		return
	}
	if n.Cmp(big.NewRat(1, 1)) > 0 {
		seen[where+" above 1"]++
	}
	if n.Cmp(big.NewRat(1<<53, 1)) > 0 {
		seen[where+" above 2^53"]++
	}
	if !n.IsInt() {
		seen[where+" fraction"]++
	}
}

func TestERPQuantitiesAddUp(t *testing.T) {
	d := makeData(0, seedDay)
	rat := func(r record, column string) *big.Rat {
		n, ok := new(big.Rat).SetString(text(r[column]))
		if !ok {
			t.Fatalf("row %s: %s is %v", r.id(), column, r[column])
		}
		return n
	}
	shipped := map[string]*big.Rat{}
	for _, l := range d.forms[formLines].rows {
		if rat(l, "shippedQuantity").Cmp(rat(l, "quantity")) > 0 || rat(l, "producedQuantity").Cmp(rat(l, "shippedQuantity")) < 0 {
			t.Errorf("line %v", l)
		}
		code := text(l["salesOrderCode"])
		if shipped[code] == nil {
			shipped[code] = new(big.Rat)
		}
		shipped[code].Add(shipped[code], rat(l, "shippedQuantity"))
	}
	for _, p := range d.forms[formProducts].rows {
		for _, code := range strings.Split(text(d.forms[formDeliveries].byID[text(p[hiddenParent])]["orderCodes"]), ",") {
			if code = strings.TrimSpace(code); shipped[code].Sign() == 0 {
				t.Errorf("order %s has a delivery but nothing shipped", code)
			}
		}
	}
	for _, o := range d.forms[formOrders].rows {
		if text(o["status"]) == "4" && rat(o, "shippedRate").Cmp(big.NewRat(1, 1)) < 0 {
			t.Errorf("order %v is done but not shipped: %v", o["code"], o["shippedRate"])
		}
	}
}
