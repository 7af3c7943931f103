package contract

import (
	"slices"
	"strings"
	"testing"

	"snowgate/erpclient"
)

func (s *suite) orders(t *testing.T) {
	known(t, "order", s.OrderID)
	reader, _ := s.Driver.(erpclient.OrderReader)
	order := must[erpclient.Order](t, "the order")(reader.Order(limited(t), s.auth(t), s.OrderID))
	s.wantSound(t, order)
	if order.ID != s.OrderID {
		t.Errorf("asked for order %s, got %s", s.OrderID, order.ID)
	}
	_, err := reader.Order(limited(t), s.auth(t), s.UnknownID)
	wantKind(t, "an order that nobody has", err, erpclient.KindNotFound)
	t.Run("lists", func(t *testing.T) { s.orderLists(t, order) })
	t.Run("days", func(t *testing.T) { s.orderDays(t, order) })
	t.Run("a stranger's", func(t *testing.T) { s.strangersOrder(t) })
}

// wantSound wants an order that can be shown to the caller.
func (s *suite) wantSound(t *testing.T, o erpclient.Order) {
	t.Helper()
	if o.ID == "" || o.OrderNo == "" || !o.Status.Valid() {
		t.Errorf("order %q has number %q and status %q", o.ID, o.OrderNo, o.Status)
	}
	if o.CustomerID != "" && !s.Scope.Admits(o.CustomerID) {
		t.Errorf("order %s is another customer's", o.ID)
	}
}

// search is one page, of which every order is sound.
func (s *suite) search(t *testing.T, q erpclient.OrderQuery) erpclient.OrderPage {
	t.Helper()
	reader, _ := s.Driver.(erpclient.OrderReader)
	page := must[erpclient.OrderPage](t, "the list")(reader.SearchOrders(limited(t), s.auth(t), q))
	for _, o := range page.Orders {
		s.wantSound(t, o)
		if o.ID == s.StrangerOrderID {
			t.Errorf("the list shows %s, which is a stranger's", o.ID)
		}
	}
	if len(page.Orders) > q.PageSize {
		t.Errorf("%d orders on a page of %d", len(page.Orders), q.PageSize)
	}
	if page.Total != nil && *page.Total < len(page.Orders) {
		t.Errorf("%d orders of %d", len(page.Orders), *page.Total)
	}
	return page
}

func (s *suite) orderLists(t *testing.T, order erpclient.Order) {
	all := s.search(t, erpclient.OrderQuery{Page: 1, PageSize: 100})
	if len(all.Orders) == 0 {
		t.Error("nothing at all is found")
	}
	if one := s.search(t, erpclient.OrderQuery{Page: 1, PageSize: 1}); len(one.Orders) != 1 {
		t.Errorf("%d orders on a page of one", len(one.Orders))
	}
	if beyond := s.search(t, erpclient.OrderQuery{Page: 9999, PageSize: 100}); len(beyond.Orders) != 0 {
		t.Errorf("%d orders beyond the end", len(beyond.Orders))
	}
	for _, o := range s.search(t, erpclient.OrderQuery{Status: order.Status, Page: 1, PageSize: 100}).Orders {
		if o.Status != order.Status {
			t.Errorf("asked for orders that are %s, got %s that is %s", order.Status, o.ID, o.Status)
		}
	}
	if s.Keyword == "" {
		t.Skip("the setup names no keyword")
	}
	page := s.search(t, erpclient.OrderQuery{Keyword: s.Keyword, Page: 1, PageSize: 100})
	i := slices.IndexFunc(page.Orders, func(o erpclient.Order) bool { return o.ID == order.ID })
	if i < 0 {
		t.Fatalf("%q does not find order %s", s.Keyword, order.ID)
	}
	if page.Orders[i].OrderNo != order.OrderNo || page.Orders[i].Status != order.Status {
		t.Errorf("the list has %+v, by id it is %+v", page.Orders[i], order)
	}
}

// orderDays: a driver that cannot narrow by days says so, instead of answering with other days' orders.
func (s *suite) orderDays(t *testing.T, order erpclient.Order) {
	known(t, "order with a date", string(order.OrderDate))
	reader, _ := s.Driver.(erpclient.OrderReader)
	q := erpclient.OrderQuery{From: order.OrderDate, To: order.OrderDate, Page: 1, PageSize: 100}
	page, err := reader.SearchOrders(limited(t), s.auth(t), q)
	if erpclient.KindOf(err) == erpclient.KindNotSupported {
		t.Skip("the driver cannot narrow a list by days")
	}
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, o := range page.Orders {
		found = found || o.ID == order.ID
		if o.OrderDate != order.OrderDate {
			t.Errorf("order %s of %s is not of %s", o.ID, o.OrderDate, order.OrderDate)
		}
	}
	if !found {
		t.Errorf("its own day, %s, does not find order %s", order.OrderDate, order.ID)
	}
}

func (s *suite) strangersOrder(t *testing.T) {
	known(t, "stranger's order", s.StrangerOrderID)
	reader, _ := s.Driver.(erpclient.OrderReader)
	_, err := reader.Order(limited(t), s.auth(t), s.StrangerOrderID)
	wantKind(t, "by id", err, erpclient.KindNotFound)
}

func (s *suite) materials(t *testing.T) {
	known(t, "material", s.OrderID, s.MaterialID)
	reader, _ := s.Driver.(erpclient.MaterialReader)
	lines := must[[]erpclient.Material](t, "the lines")(reader.Materials(limited(t), s.auth(t), s.OrderID))
	found := false
	for _, m := range lines {
		found = found || m.ID == s.MaterialID
		if m.ID == "" || m.OrderID != s.OrderID || !m.Status.Valid() {
			t.Errorf("line %q is of order %q and its status is %q", m.ID, m.OrderID, m.Status)
		}
	}
	if !found {
		t.Errorf("line %s is not among the %d of order %s", s.MaterialID, len(lines), s.OrderID)
	}
	one := must[erpclient.Material](t, "the line")(reader.Material(limited(t), s.auth(t), s.MaterialID))
	if one.ID != s.MaterialID || one.OrderID != s.OrderID {
		t.Errorf("got line %s of order %s", one.ID, one.OrderID)
	}
	_, err := reader.Material(limited(t), s.auth(t), s.UnknownID)
	wantKind(t, "a line that nobody has", err, erpclient.KindNotFound)
}

func (s *suite) progress(t *testing.T) {
	known(t, "material", s.MaterialID)
	materials, ok := s.Driver.(erpclient.MaterialReader)
	if !ok {
		t.Skip("the driver has no materials")
	}
	m := must[erpclient.Material](t, "the line")(materials.Material(limited(t), s.auth(t), s.MaterialID))
	reader, _ := s.Driver.(erpclient.ProgressReader)
	for _, stage := range must[[]erpclient.ProgressStage](t, "its stages")(reader.Stages(limited(t), s.auth(t), m)) {
		if stage.Name == "" {
			t.Errorf("a stage without a name: %+v", stage)
		}
	}
}

func (s *suite) deliveries(t *testing.T) {
	known(t, "order that was shipped", s.ShippedOrderID)
	orders, _ := s.Driver.(erpclient.OrderReader)
	order := must[erpclient.Order](t, "the order")(orders.Order(limited(t), s.auth(t), s.ShippedOrderID))
	reader, _ := s.Driver.(erpclient.DeliveryReader)
	list := must[[]erpclient.Delivery](t, "its deliveries")(reader.Deliveries(limited(t), s.auth(t), order))
	if len(list) == 0 {
		t.Error("there are none")
	}
	for _, d := range list {
		if d.DeliveryNo == "" {
			t.Errorf("a delivery without a number: %+v", d)
		}
	}
}

// invites: a search that is lenient would bind a stranger.
func (s *suite) invites(t *testing.T) {
	known(t, "invite code", s.InviteCode, s.InviteCustomerID)
	reader, _ := s.Driver.(erpclient.InviteReader)
	a := erpclient.Auth{Session: s.auth(t).Session}
	customer := must[erpclient.Customer](t, "the customer")(reader.CustomerByInvite(limited(t), a, s.InviteCode))
	if customer.ID != s.InviteCustomerID || customer.Disabled {
		t.Errorf("got customer %+v, want %s", customer, s.InviteCustomerID)
	}
	runes := []rune(s.InviteCode)
	for _, code := range []string{s.InviteCode + "x", "x" + string(runes[1:]), string(runes[:len(runes)-1]) + "%", strings.Repeat("9", 20)} {
		_, err := reader.CustomerByInvite(limited(t), a, code)
		wantKind(t, "code "+code, err, erpclient.KindNotFound)
	}
}
