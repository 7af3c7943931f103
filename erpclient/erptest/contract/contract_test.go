package contract_test

import (
	"context"
	"testing"

	"snowgate/erpclient"
	"snowgate/erpclient/erptest"
	"snowgate/erpclient/erptest/contract"
)

// healthy is the ERP in memory with somebody it does not let in, and with records that are not there or not the caller's.
func healthy() *erptest.Driver {
	d := &erptest.Driver{Absent: []string{"999999999", "0000000000000", "stranger"}}
	d.OnLogin = func(_ context.Context, c erpclient.Credentials) (erpclient.Session, error) {
		if c.Secret != d.Secret("right") {
			return erpclient.Session{}, erpclient.Errorf(erptest.OpLogin, erpclient.KindBadCredentials, "wrong password")
		}
		return d.NewSession(c.Account), nil
	}
	d.OnSearchOrders = func(_ context.Context, a erpclient.Auth, q erpclient.OrderQuery) (erpclient.OrderPage, error) {
		if q.Page > 1 {
			return erpclient.OrderPage{}, nil
		}
		return erpclient.OrderPage{Orders: []erpclient.Order{erptest.AnOrder(a, "O-1")}}, nil
	}
	d.OnMaterials = func(_ context.Context, a erpclient.Auth, orderID string) ([]erpclient.Material, error) {
		return []erpclient.Material{erptest.AMaterial(a, "1", orderID)}, nil
	}
	d.OnInvite = func(_ context.Context, _ erpclient.Auth, code string) (erpclient.Customer, error) {
		if code != "INV-1" {
			return erpclient.Customer{}, erpclient.Errorf(erptest.OpInvite, erpclient.KindNotFound, "no such customer")
		}
		return erpclient.Customer{ID: "C1", Code: code}, nil
	}
	return d
}

func setup(d *erptest.Driver, driver erpclient.Driver) contract.Setup {
	return contract.Setup{
		Driver: driver, Account: "acc", Password: "right", WrongPassword: "wrong", Scope: erpclient.Scope{CustomerID: "C1"},
		OrderID: "O-1", Keyword: "O-1", StrangerOrderID: "stranger", MaterialID: "1", ShippedOrderID: "O-1",
		InviteCode: "INV-1", InviteCustomerID: "C1",
		ProductID: erptest.AProductID, Barcode: erptest.ABarcode, WarehouseID: erptest.AWarehouseID, CustomerID: "C1",
		ApproveID: "A-1", RejectID: "A-2", SalesFrom: "2026-01-01", SalesTo: "2026-01-31",
		ForgetSessions: d.ForgetSessions, Stop: func() { d.Script(erptest.Refuse) },
	}
}

func TestTheERPInMemoryKeepsTheContract(t *testing.T) {
	d := healthy()
	contract.Run(t, setup(d, d))
	if n := d.AllRecorded(); n != 2 {
		t.Errorf("the ERP counts %d records, want one in and one out", n)
	}
}

// A driver is asked for nothing that it cannot do.
func TestADriverThatCanNothingBeyondLoggingIn(t *testing.T) {
	d := healthy()
	contract.Run(t, setup(d, struct{ erpclient.Driver }{d}))
}

// The setup may know nothing but how to log in.
func TestASetupThatKnowsLittle(t *testing.T) {
	d := healthy()
	contract.Run(t, contract.Setup{Driver: d, Account: "acc", Password: "right"})
}
