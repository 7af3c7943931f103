package snowbeasts

import (
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"snowgate/erpclient"
)

// making answers a creation with made and every list with rows.
func making(made, rows string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "updateBusiness") {
			_, _ = io.WriteString(w, made)
			return
		}
		_, _ = io.WriteString(w, rows)
	}
}

func TestANewOrderIsMadeInOneCallAndShown(t *testing.T) {
	shown := `{"id":990001,"code":"SO2026020101","customerOrderCode":"REF9","customerId":502,"status":1,"amount":2484.13}`
	erp := newScripted(t, making(`{"success":true,"data":{"id":990001}}`, page1(shown)), companyForms)
	got, err := erp.CreateOrder(t.Context(), everybody(), twoTents)
	if err != nil || got.ID != "990001" || got.OrderNo != "SO2026020101" || got.Status != erpclient.StateNotStarted || got.Amount != "2484.13" {
		t.Fatalf("got %+v, %v", got, err)
	}
	asked := erp.requests()
	want := map[string]any{"customerId": "502", "customerOrderCode": "REF9", "remark": "急", "产品明细": []any{
		map[string]any{"productId": "8001", "quantity": 2.0, "price": 1000.5}, map[string]any{"productId": "8005", "quantity": 12.5},
	}}
	if len(asked) != 2 || asked[0].body["action"] != 1.0 || asked[0].body["formId"] != 100001.0 || !reflect.DeepEqual(asked[0].body["data"], want) {
		t.Errorf("sent %v", asked[0].body)
	}
}

func TestANewOrderIsTheScopesCustomers(t *testing.T) {
	erp := newScripted(t, making(`{"success":true,"data":1}`, page1(`{"id":1,"code":"A","customerId":501}`)), companyForms)
	if got, err := erp.CreateOrder(t.Context(), only("501"), twoTents); err != nil || got.CustomerID != "501" {
		t.Errorf("got %+v, %v", got, err)
	}
	if data, _ := erp.requests()[0].body["data"].(map[string]any); data["customerId"] != "501" {
		t.Errorf("made for %v", data["customerId"])
	}
	own := twoTents
	own.CustomerID = ""
	if _, err := erp.CreateOrder(t.Context(), everybody(), own); err != nil {
		t.Fatal(err)
	}
	if data, _ := erp.requests()[2].body["data"].(map[string]any); keysOf(data) != "customerOrderCode remark 产品明细" {
		t.Errorf("an account's own order is sent as %s", keysOf(data))
	}
}

// TestAnOrderThatWasMadeIsNeverAFailure: looking at it may fail, making it did not.
func TestAnOrderThatWasMadeIsNeverAFailure(t *testing.T) {
	none := `{"success":true,"data":{"_count":0,"_dataList":[]}}`
	byReference := page1(`{"id":7,"code":"A","customerOrderCode":"REF9","customerId":502}`)
	for name, tt := range map[string]struct {
		made, rows, id string
		kind           erpclient.Kind
	}{
		"looked at in vain":      {`{"success":true,"data":{"id":5}}`, none, "5", ""},
		"looked at with trouble": {`{"success":true,"data":{"id":5}}`, `oops`, "5", ""},
		"without an id":          {`{"success":true}`, byReference, "7", ""},
		"without a trace":        {`{"success":true}`, none, "", erpclient.KindOutcomeUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			erp := newScripted(t, making(tt.made, tt.rows), companyForms)
			got, err := erp.CreateOrder(t.Context(), everybody(), twoTents)
			if tt.kind != "" {
				wantKind(t, err, tt.kind, "")
				return
			}
			if err != nil || got.ID != tt.id || got.CustomerID != "502" || got.CustomerOrderNo != "REF9" || !got.Status.Valid() {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestAnOrderIsFoundByItsReferenceWhoeversItIs(t *testing.T) {
	erp := newScripted(t, answering(page1(`{"id":7,"code":"A","customerOrderCode":"REF9","customerId":502}`)), companyForms)
	got, err := erp.OrderByReference(t.Context(), only("501"), "REF9")
	if err != nil || got.ID != "7" || got.CustomerID != "502" {
		t.Errorf("got %+v, %v", got, err)
	}
	if filters := erp.last(t)["filters"]; !reflect.DeepEqual(filters, map[string]any{"customerOrderCode": "REF9"}) {
		t.Errorf("narrowed by %v: a stranger's order is proof that it was made", filters)
	}
}

func TestTheReferenceHasAPlaceOfItsOwnWhereThereIsOne(t *testing.T) {
	for column, want := range map[string]string{"外部单号": "customerId remark 产品明细 外部单号", "": "customerId customerOrderCode remark 产品明细"} {
		erp := newScripted(t, making(`{"success":true,"data":1}`, page1(`{"id":1,"code":"A"}`)), companyForms, func(c *Config) {
			c.Forms.Orders.Fields["reference"] = column
		})
		if _, err := erp.CreateOrder(t.Context(), everybody(), twoTents); err != nil {
			t.Fatal(err)
		}
		if data, _ := erp.requests()[0].body["data"].(map[string]any); keysOf(data) != want {
			t.Errorf("%q: sent %s", column, keysOf(data))
		}
	}
}

func TestTheColumnOfNewLinesIsNeverAskedFor(t *testing.T) {
	erp := newScripted(t, answering(page1("")), companyForms)
	if _, err := erp.SearchOrders(t.Context(), everybody(), erpclient.OrderQuery{}); err != nil {
		t.Fatal(err)
	}
	columns, _ := erp.last(t)["columns"].([]any)
	for _, column := range columns {
		if column == "产品明细" {
			t.Error("it is")
		}
	}
}
