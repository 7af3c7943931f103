package contract

import (
	"context"
	"errors"
	"testing"

	"snowgate/erpclient"
)

// question is one of a driver's operations.
type question struct {
	name, needs string
	writes      bool
	about       func(*suite) string // what is asked for, which has to be known; nil: nothing in particular
	ask         func(context.Context, *suite, erpclient.Auth) error
}

func anOrder(s *suite) string   { return s.OrderID }
func aBarcode(s *suite) string  { return s.Barcode }
func aProduct(s *suite) string  { return s.ProductID }
func aDocument(s *suite) string { return s.ApproveID }
func aSalesDay(s *suite) string { return string(s.SalesFrom) }

var questions = []question{
	{"probe", "", false, nil, func(ctx context.Context, s *suite, a erpclient.Auth) error { return s.Driver.Probe(ctx, a.Session) }},
	{"search_orders", erpclient.CapabilityOrders, false, nil, func(ctx context.Context, s *suite, a erpclient.Auth) error {
		_, err := s.Driver.(erpclient.OrderReader).SearchOrders(ctx, a, erpclient.OrderQuery{Page: 1, PageSize: 1})
		return err
	}},
	{"order", erpclient.CapabilityOrders, false, anOrder, func(ctx context.Context, s *suite, a erpclient.Auth) error {
		_, err := s.Driver.(erpclient.OrderReader).Order(ctx, a, s.OrderID)
		return err
	}},
	{"materials", erpclient.CapabilityMaterials, false, anOrder, func(ctx context.Context, s *suite, a erpclient.Auth) error {
		_, err := s.Driver.(erpclient.MaterialReader).Materials(ctx, a, s.OrderID)
		return err
	}},
	{"product", erpclient.CapabilityStock, false, aBarcode, func(ctx context.Context, s *suite, a erpclient.Auth) error {
		_, err := s.Driver.(erpclient.StockReader).ProductByBarcode(ctx, a, s.Barcode)
		return err
	}},
	{"stock", erpclient.CapabilityStock, false, nil, func(ctx context.Context, s *suite, a erpclient.Auth) error {
		_, err := s.Driver.(erpclient.StockReader).Stock(ctx, a, erpclient.StockQuery{Page: 1, PageSize: 1})
		return err
	}},
	{"warehouses", erpclient.CapabilityWarehouses, false, nil, func(ctx context.Context, s *suite, a erpclient.Auth) error {
		_, err := s.Driver.(erpclient.WarehouseReader).Warehouses(ctx, a)
		return err
	}},
	{"stock_record", erpclient.CapabilityStockLookup, false, nil, func(ctx context.Context, s *suite, a erpclient.Auth) error {
		_, err := s.Driver.(erpclient.StockFinder).StockRecord(ctx, a, reference())
		return err
	}},
	{"record_stock", erpclient.CapabilityStockWrite, true, aProduct, func(ctx context.Context, s *suite, a erpclient.Auth) error {
		_, err := s.Driver.(erpclient.StockWriter).RecordStock(ctx, a, s.entry(erpclient.StockIn, "1"))
		return err
	}},
	{"order_by_reference", erpclient.CapabilityOrderLookup, false, nil, func(ctx context.Context, s *suite, a erpclient.Auth) error {
		_, err := s.Driver.(erpclient.OrderFinder).OrderByReference(ctx, a, reference())
		return err
	}},
	{"create_order", erpclient.CapabilityOrderWrite, true, aProduct, func(ctx context.Context, s *suite, a erpclient.Auth) error {
		_, err := s.Driver.(erpclient.OrderWriter).CreateOrder(ctx, a, s.newOrder())
		return err
	}},
	{"sales", erpclient.CapabilitySales, false, aSalesDay, func(ctx context.Context, s *suite, a erpclient.Auth) error {
		_, err := s.Driver.(erpclient.SalesReader).Sales(ctx, a, s.SalesFrom, s.SalesTo)
		return err
	}},
	{"approvals", erpclient.CapabilityApprovals, false, nil, func(ctx context.Context, s *suite, a erpclient.Auth) error {
		_, err := s.Driver.(erpclient.ApprovalReader).Approvals(ctx, a, erpclient.ApprovalQuery{Page: 1, PageSize: 1})
		return err
	}},
	{"decide", erpclient.CapabilityApprovalDecisions, true, aDocument, func(ctx context.Context, s *suite, a erpclient.Auth) error {
		return s.Driver.(erpclient.ApprovalDecider).Decide(ctx, a, s.ApproveID, true)
	}},
}

// each asks every question that the driver can answer.
func (s *suite) each(t *testing.T, a erpclient.Auth, check func(t *testing.T, q question, err error)) {
	t.Helper()
	for _, q := range questions {
		t.Run(q.name, func(t *testing.T) {
			if !s.can(q.needs) {
				t.Skipf("the driver has no %s", q.needs)
			}
			if q.about != nil {
				known(t, "record to ask for", q.about(s))
			}
			check(t, q, q.ask(limited(t), s, a))
		})
	}
}

// lostSession: with a session that the ERP has forgotten every question says so, and a new login is as good as before.
// Nothing was written: the Client repeats it.
func (s *suite) lostSession(t *testing.T) {
	if s.ForgetSessions == nil {
		t.Skip("the ERP has no sessions to lose")
	}
	dead := s.auth(t)
	before := s.lookAround(t)
	s.ForgetSessions()
	s.each(t, dead, func(t *testing.T, q question, err error) { wantKind(t, q.name, err, erpclient.KindSessionExpired) })
	s.session = s.logIn(t)
	if s.session.Token == dead.Session.Token {
		t.Error("the new session is the old one")
	}
	if after := s.lookAround(t); after != before {
		t.Errorf("there were %s of the product, now there are %s", before, after)
	}
}

// lookAround is how much there is of the product, in words.
func (s *suite) lookAround(t *testing.T) string {
	t.Helper()
	if amount := s.onHand(t); amount != nil {
		return amount.FloatString(6)
	}
	return "who knows how many"
}

// gone: nobody listens, and every failure says so; a write's says that nothing can have happened.
func (s *suite) gone(t *testing.T) {
	if s.Stop == nil {
		t.Skip("the ERP cannot be stopped")
	}
	a := s.auth(t)
	s.Stop()
	s.each(t, a, func(t *testing.T, q question, err error) {
		wantKind(t, q.name, err, erpclient.KindUnavailable, erpclient.KindTimeout)
		var e *erpclient.Error
		if q.writes && errors.As(err, &e) && !e.Unsent {
			t.Errorf("%v does not say that nothing was sent", err)
		}
	})
}
