package snowbeasts

import (
	"io"
	"net/http"
	"reflect"
	"testing"
	"time"

	"snowgate/erpclient"
)

const (
	listPath  = "/business/getBusinessPageList"
	namesPath = "/business/getDatasource"
	twoNames  = `{"success":true,"data":{"_count":2,"_dataList":[{"id":31,"name":"顺丰速运"},{"id":"32","name":"德邦物流"}]}}`
)

var so1 = erpclient.Order{ID: "7", OrderNo: "SO1", CustomerID: "501"}

func deliveryERP(t *testing.T, rows string, names http.HandlerFunc) *scripted {
	t.Helper()
	return newScripted(t, byOp(map[string]http.HandlerFunc{listPath: answering(page1(rows)), namesPath: names}))
}

func TestDeliveriesOfAnOrder(t *testing.T) {
	rows := `{"code":"DN1","orderCodes":"SO0,SO1","customerOrSupplierId":501,"发货日期":"2026-01-31 08:00","是否发货":"是","已出库":null,
			"logisticsCompanyId":"31","logisticsCode":773000111,"attachments":"a/b.pdf#size=12&name=%E5%8D%95.pdf"},
		{"code":"DN2","orderCodes":"SO10","customerOrSupplierId":"501"},
		{"code":"DN3","orderCodes":"SO1","customerOrSupplierId":"502"},
		{"code":"DN4","orderCodes":null,"customerOrSupplierId":"501","remark":"SO1"},
		{"orderCodes":"SO1","customerOrSupplierId":"501"},
		{"code":"DN5","orderCodes":"SO2； SO1","customerOrSupplierId":"501","已出库":1,"logisticsCompanyId":99},
		{"code":"DN5","orderCodes":"SO1","customerOrSupplierId":"501"}`
	erp := deliveryERP(t, rows, answering(twoNames))
	got, err := erp.Deliveries(t.Context(), only("501"), so1)
	if err != nil {
		t.Fatal(err)
	}
	want := []erpclient.Delivery{
		{DeliveryNo: "DN1", Shipped: true, ShippedAt: erpclient.Moment{Time: time.Date(2026, 1, 31, 8, 0, 0, 0, erp.zone)},
			LogisticsCompany: "顺丰速运", TrackingNo: "773000111", Attachments: []erpclient.Attachment{
				{Name: "单.pdf", URL: erp.url + "/business/file/SnowInventory-10001/a/b.pdf", Size: 12}}},
		{DeliveryNo: "DN5", Shipped: true, Attachments: []erpclient.Attachment{}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	erp.wantDrift(t, erpclient.Drift{Op: opDeliveries, Path: "deliveries.customerOrSupplierId", Want: "the scope's customer", Got: "another"})
	for _, a := range erp.requests() {
		switch filters := a.body["filters"]; a.path {
		case listPath:
			if !reflect.DeepEqual(filters, map[string]any{"systemFulltext": "SO1", "customerOrSupplierId": "501"}) || a.body["formId"] != 100039.0 {
				t.Errorf("asked form %v with %v", a.body["formId"], filters)
			}
		case namesPath:
			delete(a.body, "filters")
			want := map[string]any{"appName": "SnowInventory-10001", "datasourceId": 100292.0, "formId": 100039.0, "colId": 110673.0,
				"columns": []any{"id", "name"}, "condition": map[string]any{}, "isNonfilter": true, "page": 0.0, "pageSize": 1000.0, "orderby": ""}
			if !reflect.DeepEqual(a.body, want) {
				t.Errorf("asked %v\nwant %v", a.body, want)
			}
		}
	}
}

func TestDeliveriesNarrowToTheOrdersCustomerWithoutAScope(t *testing.T) {
	erp := deliveryERP(t, `{"code":"DN1","orderCodes":"SO1"}`, answering(twoNames))
	got, err := erp.Deliveries(t.Context(), everybody(), so1)
	if err != nil || len(got) != 1 {
		t.Fatalf("got %+v, %v", got, err)
	}
	for _, a := range erp.requests() {
		if filters, _ := a.body["filters"].(map[string]any); a.path == listPath && filters["customerOrSupplierId"] != "501" {
			t.Errorf("asked with %v", filters)
		}
	}
}

func TestDeliveriesOfAnOrderWithoutNumberAskNothing(t *testing.T) {
	erp := deliveryERP(t, `{"code":"DN1","orderCodes":""}`, answering(twoNames))
	got, err := erp.Deliveries(t.Context(), everybody(), erpclient.Order{ID: "7"})
	if err != nil || got == nil || len(got) != 0 || len(erp.requests()) != 0 {
		t.Errorf("got %+v, %v after %d calls", got, err, len(erp.requests()))
	}
}

func TestDeliveriesDoWithoutTheNames(t *testing.T) {
	rows := `{"code":"DN1","orderCodes":"SO1","customerOrSupplierId":"501","logisticsCompanyId":31}`
	hang := make(chan struct{})
	for name, answer := range map[string]http.HandlerFunc{
		"down":        func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) },
		"lost":        func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) },
		"other shape": answering(`{"success":true,"data":{"_dataList":{}}}`),
		"refused":     answering(`{"success":false}`),
		"frozen":      func(http.ResponseWriter, *http.Request) { <-hang },
	} {
		t.Run(name, func(t *testing.T) {
			erp := deliveryERP(t, rows, answer)
			if name == "frozen" {
				t.Cleanup(func() { close(hang) }) // before the server's own clean-up waits for it
			}
			got, err := erp.Deliveries(t.Context(), only("501"), so1)
			if err != nil || len(got) != 1 || got[0].LogisticsCompany != "" {
				t.Errorf("got %+v, %v, want the delivery without a name", got, err)
			}
		})
	}
}

func TestOrderNumbersAreTakenApart(t *testing.T) {
	for codes, want := range map[string][]string{
		"":                   {},
		"SO1":                {"SO1"},
		"SO1,SO2, SO3":       {"SO1", "SO2", "SO3"},
		"SO1，SO2；SO3;SO4":    {"SO1", "SO2", "SO3", "SO4"},
		" ,;SO1\tSO2\n SO3,": {"SO1", "SO2", "SO3"},
	} {
		if got := splitCodes(codes); !reflect.DeepEqual(append([]string{}, got...), want) {
			t.Errorf("%q: got %q, want %q", codes, got, want)
		}
	}
}

func TestAttachments(t *testing.T) {
	d := newDriver(t, "https://erp.example")
	base := "https://erp.example/business/file/SnowInventory-10001/"
	for _, tc := range []struct {
		text string
		want []erpclient.Attachment
	}{
		{"", []erpclient.Attachment{}},
		{"2026/01/单 1.pdf#size=10&name=%E5%8D%95+1.pdf", []erpclient.Attachment{{Name: "单 1.pdf", URL: base + "2026/01/%E5%8D%95%201.pdf", Size: 10}}},
		{"a.pdf#size=1&name=A.pdf, b.pdf#name=B.pdf&size=2", []erpclient.Attachment{{Name: "A.pdf", URL: base + "a.pdf", Size: 1}, {Name: "B.pdf", URL: base + "b.pdf", Size: 2}}},
		{"/x/y.txt", []erpclient.Attachment{{Name: "y.txt", URL: base + "x/y.txt"}}},
		{"a?b.txt#size=-3&name=100%.txt", []erpclient.Attachment{{Name: "100%.txt", URL: base + "a%3Fb.txt"}}},
		{"a.txt#size=big", []erpclient.Attachment{{Name: "a.txt", URL: base + "a.txt"}}},
		{"../../apps/user/logout, a/../b, a//b, #name=x, ,", []erpclient.Attachment{}},
	} {
		if got := d.attachments(tc.text); !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%q: got %+v\nwant %+v", tc.text, got, tc.want)
		}
	}
}

func TestDeliveriesStopAtThePageLimit(t *testing.T) {
	full := lineServer(5000, "5000", false)
	erp := newScripted(t, byOp(map[string]http.HandlerFunc{listPath: full, namesPath: func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, twoNames)
	}}))
	if _, err := erp.Deliveries(t.Context(), everybody(), so1); err != nil {
		t.Fatal(err)
	}
	asks := 0
	for _, a := range erp.requests() {
		if a.path == listPath {
			asks++
		}
	}
	if asks != maxDeliveryPages {
		t.Errorf("asked %d pages, want %d", asks, maxDeliveryPages)
	}
}
