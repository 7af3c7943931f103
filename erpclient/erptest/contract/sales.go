package contract

import (
	"testing"

	"snowgate/erpclient"
)

func (s *suite) newOrder() erpclient.NewOrder {
	return erpclient.NewOrder{
		Reference: reference(), CustomerID: s.CustomerID, Remark: "contract",
		Lines: []erpclient.NewOrderLine{{ProductID: s.ProductID, Quantity: "2"}},
	}
}

func (s *suite) newOrders(t *testing.T) {
	known(t, "product and customer", s.ProductID, s.CustomerID)
	writer, _ := s.Driver.(erpclient.OrderWriter)
	o := s.newOrder()
	made := must[erpclient.Order](t, "the order")(writer.CreateOrder(limited(t), s.auth(t), o))
	if made.ID == "" || !made.Status.Valid() {
		t.Errorf("made order %q with status %q", made.ID, made.Status)
	}
	s.wantOrder(t, o.Reference, made.ID)
	if reader, ok := s.Driver.(erpclient.OrderReader); ok && s.can(erpclient.CapabilityOrders) {
		if got := must[erpclient.Order](t, "by its id")(reader.Order(limited(t), s.auth(t), made.ID)); got.ID != made.ID {
			t.Errorf("made order %s, got %s", made.ID, got.ID)
		}
	}
	t.Run("an unknown product", func(t *testing.T) {
		o := s.newOrder()
		o.Lines[0].ProductID = s.UnknownID
		_, err := writer.CreateOrder(limited(t), s.auth(t), o)
		wantKind(t, "the order", err, erpclient.KindInvalid, erpclient.KindConflict, erpclient.KindNotFound, erpclient.KindForbidden)
		s.wantOrder(t, o.Reference, "")
	})
}

// wantOrder wants the order with a reference to have this id; "": there is none.
func (s *suite) wantOrder(t *testing.T, reference, id string) {
	t.Helper()
	finder, ok := s.Driver.(erpclient.OrderFinder)
	if !ok || !s.can(erpclient.CapabilityOrderLookup) {
		t.Log("orders cannot be found again: the driver has no order_lookup")
		return
	}
	found, err := finder.OrderByReference(limited(t), s.auth(t), reference)
	if id == "" {
		wantKind(t, "by its reference", err, erpclient.KindNotFound)
	} else if err != nil || found.ID != id {
		t.Errorf("by its reference: got %s, %v, want %s", found.ID, err, id)
	}
}

func (s *suite) sales(t *testing.T) {
	known(t, "days with sales", string(s.SalesFrom), string(s.SalesTo))
	reader, _ := s.Driver.(erpclient.SalesReader)
	list := must[[]erpclient.Sale](t, "the sales")(reader.Sales(limited(t), s.auth(t), s.SalesFrom, s.SalesTo))
	if len(list) == 0 {
		t.Error("there are none")
	}
	last := s.SalesFrom
	for _, sale := range list {
		if sale.Day < last || sale.Day > s.SalesTo {
			t.Errorf("a sale of %s after one of %s, until %s", sale.Day, last, s.SalesTo)
		}
		if sale.OrderID == "" || sale.ProductID == "" || sale.Quantity == "" {
			t.Errorf("a sale without an order, a product or a quantity: %+v", sale)
		}
		last = max(last, sale.Day)
	}
}
