package snowbeasts

import (
	"reflect"
	"testing"

	"snowgate/erpclient"
)

const purchase = `{"id":450000,"code":"PO2026011401","title":"采购 冰爪","applicant":"周采购","amount":"468.25","currency":"CNY","date":"2026-01-14","status":"1"}`

var readPurchase = erpclient.Approval{
	ID: "450000", Kind: "purchase", No: "PO2026011401", Title: "采购 冰爪", Applicant: "周采购", Amount: "468.25", Currency: "CNY",
	Date: "2026-01-14", State: erpclient.ApprovalPending, RawState: "1",
}

func TestApprovalsOfAState(t *testing.T) {
	one := 1
	draft, approved := `{"id":2,"status":0}`, `{"id":3,"status":2.0}`
	for name, tt := range map[string]struct {
		state  erpclient.ApprovalState
		rows   string
		filter []any
		want   erpclient.ApprovalPage
	}{
		"waiting": {erpclient.ApprovalPending, purchase, []any{1.0}, erpclient.ApprovalPage{Approvals: []erpclient.Approval{readPurchase}, Total: &one}},
		"any": {"", purchase + "," + approved, []any{1.0, 2.0, 3.0}, erpclient.ApprovalPage{Total: &one, Approvals: []erpclient.Approval{
			readPurchase, {ID: "3", Kind: "purchase", State: erpclient.ApprovalApproved, RawState: "2"},
		}}},
		"not narrowed": {erpclient.ApprovalRejected, purchase + "," + draft, []any{3.0}, erpclient.ApprovalPage{Approvals: []erpclient.Approval{}}},
	} {
		t.Run(name, func(t *testing.T) {
			erp := newScripted(t, answering(page1(tt.rows)), companyForms)
			got, err := erp.Approvals(t.Context(), everybody(), erpclient.ApprovalQuery{State: tt.state, Page: 2, PageSize: 5})
			if err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v, %v", got, err)
			}
			body := erp.last(t)
			if filters, _ := body["filters"].(map[string]any); !reflect.DeepEqual(filters["status"], tt.filter) || body["page"] != 1.0 {
				t.Errorf("asked %v", body)
			}
		})
	}
	erp := newScripted(t, emptyList, companyForms)
	_, err := erp.Approvals(t.Context(), everybody(), erpclient.ApprovalQuery{State: "maybe"})
	wantKind(t, err, erpclient.KindInvalid, "")
}

func TestStatesAreWordsInSomeInstallations(t *testing.T) {
	erp := newScripted(t, answering(page1(`{"id":1,"status":"待审批"}`)), companyForms, func(c *Config) { c.Forms.Purchases.Pending = "待审批" })
	got, err := erp.Approval(t.Context(), everybody(), "1")
	if err != nil || got.State != erpclient.ApprovalPending || got.RawState != "待审批" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestOneApproval(t *testing.T) {
	for id, rows := range map[string]string{"450000": `{"id":1,"status":1},` + purchase, "2": `{"id":2,"status":0}`, "3": purchase, "": purchase} {
		erp := newScripted(t, answering(page1(rows)), companyForms)
		got, err := erp.Approval(t.Context(), everybody(), id)
		if id == "450000" {
			if err != nil || got != readPurchase {
				t.Errorf("got %+v, %v", got, err)
			}
			continue
		}
		t.Run(id, func(t *testing.T) { wantKind(t, err, erpclient.KindNotFound, "") })
	}
}

func TestADecisionSetsTheStatus(t *testing.T) {
	for approve, status := range map[bool]float64{true: 2, false: 3} {
		erp := newScripted(t, answering(`{"success":true}`), companyForms)
		if err := erp.Decide(t.Context(), everybody(), "450000", approve); err != nil {
			t.Fatal(err)
		}
		want := map[string]any{
			"appName": "SnowInventory-10001", "formId": 200105.0, "condition": map[string]any{}, "action": 2.0, "id": "450000",
			"data": map[string]any{"status": status},
		}
		if body := erp.last(t); !reflect.DeepEqual(body, want) {
			t.Errorf("sent %v", body)
		}
	}
}
