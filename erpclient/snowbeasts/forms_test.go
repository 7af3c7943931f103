package snowbeasts

import (
	"slices"
	"testing"

	"snowgate/erpclient"
)

func TestAnInstallationRenamesItsForms(t *testing.T) {
	erp := newScripted(t, answering(page1(`{"id":1,"订单号":"SO1","owner":"501","remark":"x"}`)), func(c *Config) {
		c.Forms.Orders = Form{ID: "orders-2", Fields: map[string]string{"orderNo": "订单号", "customerId": "owner", "rmbAmount": ""}}
	})
	got, err := erp.SearchOrders(t.Context(), only("501"), erpclient.OrderQuery{})
	if err != nil || len(got.Orders) != 1 || got.Orders[0].OrderNo != "SO1" || got.Orders[0].CustomerID != "501" {
		t.Fatalf("got %+v, %v", got, err)
	}
	body := erp.last(t)
	columns, _ := body["columns"].([]any)
	if body["formId"] != "orders-2" || !slices.Contains(columns, any("订单号")) || slices.Contains(columns, any("rmbAmount")) || slices.Contains(columns, any("code")) {
		t.Errorf("asked form %v for %v", body["formId"], columns)
	}
	if filters, _ := body["filters"].(map[string]any); filters["owner"] != "501" {
		t.Errorf("narrowed by %v", filters)
	}
}

func TestDefaultFormsAreComplete(t *testing.T) {
	table, err := resolveForms(DefaultForms())
	if err != nil {
		t.Fatal(err)
	}
	empty, err := resolveForms(Forms{})
	if err != nil {
		t.Fatal(err)
	}
	for _, pair := range [][2]*form{{table.orders, empty.orders}, {table.lines, empty.lines}, {table.deliveries, empty.deliveries},
		{table.customers, empty.customers}, {table.companies, empty.companies}} {
		if pair[0].id != pair[1].id || !slices.Equal(pair[0].asked, pair[1].asked) || len(pair[0].asked) == 0 {
			t.Errorf("form %s: %v is not the default %v", pair[0].name, pair[0], pair[1])
		}
	}
}
