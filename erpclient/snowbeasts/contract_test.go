package snowbeasts

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"snowgate/erpclient"
	"snowgate/erpclient/erphttp"
	"snowgate/erpclient/erptest/contract"
	"snowgate/sandbox"
)

// contractSetup is the stand-in ERP as the contract wants to know it.
func contractSetup(t *testing.T, change ...func(*Config)) (*sandbox.ERP, contract.Setup) {
	t.Helper()
	erp := sandbox.NewERP(sandbox.ERPOptions{})
	srv := httptest.NewServer(erp)
	t.Cleanup(srv.Close)
	t.Cleanup(func() { _ = erp.Close() })
	transport := &http.Transport{}
	client, err := erphttp.New(erphttp.Config{Origin: srv.URL, Transport: transport})
	if err != nil {
		t.Fatal(err)
	}
	own := erp.Orders("501")
	order := own[0]
	for _, o := range own {
		if o.Deliveries > 0 {
			order = o
		}
	}
	user, password := erp.ServiceAccount()
	return erp, contract.Setup{
		Driver:  newDriver(t, srv.URL, append([]func(*Config){func(c *Config) { c.HTTP = client }}, change...)...),
		Account: user, Password: password, WrongPassword: "wrong",
		OrderID: order.ID, Keyword: order.Code, ShippedOrderID: order.ID,
		InviteCode: "SNOW-2026-A", InviteCustomerID: "501", SalesFrom: "2026-01-01", SalesTo: "2026-01-31",
		Stop: func() { srv.Close(); transport.CloseIdleConnections() },
	}
}

func TestTheContractForOneCustomer(t *testing.T) {
	erp, s := contractSetup(t)
	s.Scope, s.StrangerOrderID = erpclient.Scope{CustomerID: "501"}, erp.Orders("502")[0].ID
	lines, err := newDriver(t, s.Driver.(*Driver).http.Origin().String()).Materials(t.Context(), asStaff(t, s), s.OrderID)
	if err != nil || len(lines) == 0 {
		t.Fatalf("got %v, %v", lines, err)
	}
	s.MaterialID = lines[0].ID
	s.ForgetSessions = func() { erp.ExpireSessions("") }
	contract.Run(t, s)
}

func asStaff(t *testing.T, s contract.Setup) erpclient.Auth {
	t.Helper()
	session, err := s.Driver.Login(t.Context(), erpclient.Credentials{Account: s.Account, Secret: s.Driver.Secret(s.Password)})
	if err != nil {
		t.Fatal(err)
	}
	return erpclient.Auth{Session: session}
}

// TestTheContractForTheCompany once for each way in which a lost session may be told.
func TestTheContractForTheCompany(t *testing.T) {
	for _, form := range []string{"status", "status403", "redirect", "html", "body"} {
		t.Run(form, func(t *testing.T) {
			erp, s := contractSetup(t, companyForms)
			waiting, err := s.Driver.(*Driver).Approvals(t.Context(), asStaff(t, s), erpclient.ApprovalQuery{State: erpclient.ApprovalPending})
			if err != nil || len(waiting.Approvals) < 2 {
				t.Fatalf("got %+v, %v", waiting, err)
			}
			s.ApproveID, s.RejectID = waiting.Approvals[0].ID, waiting.Approvals[1].ID
			s.ProductID, s.Barcode, s.WarehouseID, s.CustomerID = "8001", sandbox.Barcode("8001"), "61", "502"
			s.ForgetSessions = func() { erp.ExpireSessions(form) }
			contract.Run(t, s)
			if n := erp.Created(sandbox.StockRecordsForm); n != 2 {
				t.Errorf("%d stock records, want one in and one out", n)
			}
			if n := erp.Created("100001"); n != 1 {
				t.Errorf("%d orders, want 1", n)
			}
		})
	}
}
