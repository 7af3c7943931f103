package snowbeasts

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"snowgate/erpclient"
)

const fullLine = `{"id":"L1","salesOrderId":7,"customerId":"501","productCode":"P-1","productName":"睡袋","spec":"红","unitId":"件",
	"quantity":"100","producedQuantity":40.5,"producingQuantity":null,"shippedQuantity":"0","status":2,"deliveryDate":"2026/1/31"}`

var readLine = erpclient.Material{
	ID: "L1", OrderID: "7", CustomerID: "501", Code: "P-1", Name: "睡袋", Spec: "红", Unit: "件", Quantity: "100",
	ProducedQuantity: "40.5", ShippedQuantity: "0", Status: erpclient.StateInProgress, StatusText: "进行中", DeliveryDate: "2026-01-31",
}

func TestMaterialsOfAnOrder(t *testing.T) {
	rows := fullLine + `,{"id":"L2","salesOrderId":8},{"id":"L3"},{"id":"L4","salesOrderId":"7","customerId":"502"},{"salesOrderId":7},` + fullLine
	erp := newScripted(t, answering(page1(rows)))
	got, err := erp.Materials(t.Context(), only("501"), "7")
	if err != nil {
		t.Fatal(err)
	}
	bare := erpclient.Material{ID: "L3", OrderID: "7", Status: erpclient.StateUnknown, StatusText: "未知状态"}
	if want := []erpclient.Material{readLine, bare}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	body := erp.last(t)
	if want := map[string]any{"form.id": "7"}; !reflect.DeepEqual(body["condition"], want) || body["formId"] != 100185.0 {
		t.Errorf("asked form %v with %v", body["formId"], body["condition"])
	}
	erp.wantDrift(t, erpclient.Drift{Op: opMaterials, Path: "lines.salesOrderId", Want: "the order asked for", Got: "another"})
	erp.wantDrift(t, erpclient.Drift{Op: opMaterials, Path: "lines.id", Want: "id", Got: "missing"})
	erp.wantDrift(t, erpclient.Drift{Op: opMaterials, Path: "lines.customerId", Want: "the scope's customer", Got: "another"})
}

// lineServer has so many lines, tells count as its total, and ignores the page number if told so.
func lineServer(lines int, count string, stuck bool) http.HandlerFunc {
	var calls atomic.Int64
	return func(w http.ResponseWriter, r *http.Request) {
		from := int(calls.Add(1)-1) * pageSize
		if stuck {
			from = 0
		}
		var rows []string
		for i := from; i < min(lines, from+pageSize); i++ {
			rows = append(rows, fmt.Sprintf(`{"id":%d}`, i+1))
		}
		answering(`{"success":true,"data":{"_count":`+count+`,"_dataList":[`+strings.Join(rows, ",")+`]}}`)(w, r)
	}
}

func TestMaterialsPages(t *testing.T) {
	for _, tc := range []struct {
		name        string
		answer      http.HandlerFunc
		lines, asks int
	}{
		{"none", lineServer(0, "0", false), 0, 1},
		{"one page", lineServer(100, "100", false), 100, 1},
		{"three pages", lineServer(250, "250", false), 250, 3},
		{"no count", lineServer(250, "null", false), 250, 3},
		{"no count, full page", lineServer(100, "null", false), 100, 2},
		{"count of everything there is", lineServer(3, "500", false), 3, 2},
		{"more than the limit", lineServer(5000, "5000", false), 1000, 10},
		{"the same page again and again", lineServer(5000, "5000", true), 100, 10},
	} {
		t.Run(tc.name, func(t *testing.T) {
			erp := newScripted(t, tc.answer)
			got, err := erp.Materials(t.Context(), everybody(), "7")
			if asks := erp.requests(); err != nil || len(got) != tc.lines || len(asks) != tc.asks {
				t.Fatalf("got %d lines in %d calls, %v, want %d in %d", len(got), len(asks), err, tc.lines, tc.asks)
			}
			for i, a := range erp.requests() {
				if a.body["page"] != float64(i) || a.body["pageSize"] != float64(pageSize) {
					t.Errorf("call %d asked page %v, size %v", i, a.body["page"], a.body["pageSize"])
				}
			}
			if tc.asks == maxLinePages {
				erp.wantDrift(t, erpclient.Drift{Op: opMaterials, Path: "lines._dataList", Want: "complete within the page limit", Got: "more"})
			}
		})
	}
}

func TestMaterialByID(t *testing.T) {
	other := `{"id":"L9","salesOrderId":7,"customerId":"501"}`
	record := func(r string) string { return `{"success":true,"data":` + r + `}` }
	for _, tc := range []struct {
		name, list, record string
		auth               erpclient.Auth
		want, otherwise    erpclient.Kind
		asks               int
	}{
		{"in the list", page1(fullLine), "", only("501"), "", "", 1},
		{"in a list that was not narrowed", page1(other + "," + fullLine), "", only("501"), "", "", 1},
		{"not in the list, by record", page1(other), record(fullLine), only("501"), "", "", 2},
		{"empty list, by record", page1(""), record(fullLine), everybody(), "", "", 2},
		{"another customer's in the list", page1(fullLine), "", only("502"), erpclient.KindNotFound, "", 1},
		{"another customer's record", page1(""), record(fullLine), only("502"), erpclient.KindNotFound, "", 2},
		{"record of another id", page1(""), record(other), everybody(), erpclient.KindNotFound, "", 2},
		{"record is null", page1(""), record("null"), everybody(), erpclient.KindNotFound, "", 2},
		{"record is missing", page1(""), `{"success":true}`, everybody(), erpclient.KindBadAnswer, "", 2},
		{"record is a list", page1(""), record("[]"), everybody(), erpclient.KindBadAnswer, "", 2},
		{"record has no id", page1(""), record(`{"code":1}`), everybody(), erpclient.KindBadAnswer, "", 2},
		{"no record, no reason", page1(""), `{"success":false}`, everybody(), erpclient.KindSessionExpired, erpclient.KindNotFound, 2},
		{"no record", page1(""), `{"success":false,"message":"单据不存在"}`, everybody(), erpclient.KindNotFound, "", 2},
		{"nobody's, of no order", page1(`{"id":"L1"}`), "", only("501"), erpclient.KindNotFound, "", 1},
		{"nobody's, of an order that the caller checks", page1(`{"id":"L1","salesOrderId":7}`), "", only("501"), "", "", 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			erp := newScripted(t, byOp(map[string]http.HandlerFunc{
				"/business/getBusinessPageList": answering(tc.list), "/business/getBusiness": answering(tc.record),
			}))
			got, err := erp.Material(t.Context(), tc.auth, "L1")
			if n := len(erp.requests()); n != tc.asks {
				t.Errorf("asked %d times, want %d", n, tc.asks)
			}
			if tc.want != "" {
				wantKind(t, err, tc.want, tc.otherwise)
				return
			}
			if err != nil || got.ID != "L1" || got.OrderID != "7" {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestMaterialOnTheWire(t *testing.T) {
	erp := newScripted(t, byOp(map[string]http.HandlerFunc{
		"/business/getBusinessPageList": answering(page1("")), "/business/getBusiness": answering(`{"success":true,"data":` + fullLine + `}`),
	}))
	got, err := erp.Material(t.Context(), everybody(), "L1")
	if err != nil || got != readLine {
		t.Errorf("got %+v, %v, want %+v", got, err, readLine)
	}
	if want := map[string]any{"id": []any{"L1"}}; !reflect.DeepEqual(erp.requests()[0].body["filters"], want) {
		t.Errorf("asked %v", erp.requests()[0].body["filters"])
	}
	want := map[string]any{"appName": "SnowInventory-10001", "formId": 100185.0, "condition": map[string]any{}, "id": "L1"}
	if body := erp.last(t); !reflect.DeepEqual(body, want) {
		t.Errorf("got %v, want %v", body, want)
	}
}
