package contract

import (
	"math/big"
	"slices"
	"testing"

	"snowgate/erpclient"
)

func (s *suite) products(t *testing.T) {
	known(t, "product", s.ProductID, s.Barcode)
	if p := s.product(t); p.ID != s.ProductID || p.Barcode != s.Barcode || p.Name == "" {
		t.Errorf("got %+v, want product %s", p, s.ProductID)
	}
	reader, _ := s.Driver.(erpclient.StockReader)
	_, err := reader.ProductByBarcode(limited(t), s.auth(t), s.UnknownBarcode)
	wantKind(t, "a bar code that nothing has", err, erpclient.KindNotFound)
}

func (s *suite) product(t *testing.T) erpclient.Product {
	t.Helper()
	reader, _ := s.Driver.(erpclient.StockReader)
	return must[erpclient.Product](t, "the product")(reader.ProductByBarcode(limited(t), s.auth(t), s.Barcode))
}

func (s *suite) stock(t *testing.T) {
	known(t, "product", s.ProductID, s.Barcode)
	page := s.stockPage(t, erpclient.StockQuery{Keyword: s.Barcode, Page: 1, PageSize: 100})
	if !slices.ContainsFunc(page.Items, func(i erpclient.StockItem) bool { return i.ID == s.ProductID }) {
		t.Errorf("%q does not find product %s", s.Barcode, s.ProductID)
	}
	if all := s.stockPage(t, erpclient.StockQuery{Page: 1, PageSize: 100}); len(all.Items) == 0 {
		t.Error("nothing at all is found")
	}
	if one := s.stockPage(t, erpclient.StockQuery{Page: 1, PageSize: 1}); len(one.Items) != 1 {
		t.Errorf("%d items on a page of one", len(one.Items))
	}
	if beyond := s.stockPage(t, erpclient.StockQuery{Page: 9999, PageSize: 100}); len(beyond.Items) != 0 {
		t.Errorf("%d items beyond the end", len(beyond.Items))
	}
}

func (s *suite) stockPage(t *testing.T, q erpclient.StockQuery) erpclient.StockPage {
	t.Helper()
	reader, _ := s.Driver.(erpclient.StockReader)
	page := must[erpclient.StockPage](t, "the stock")(reader.Stock(limited(t), s.auth(t), q))
	for _, i := range page.Items {
		if i.ID == "" || i.Name == "" || i.Quantity == "" {
			t.Errorf("an item without an id, a name or a quantity: %+v", i)
		}
	}
	if len(page.Items) > q.PageSize {
		t.Errorf("%d items on a page of %d", len(page.Items), q.PageSize)
	}
	return page
}

func (s *suite) warehouses(t *testing.T) {
	reader, _ := s.Driver.(erpclient.WarehouseReader)
	seen := map[string]bool{}
	for _, w := range must[[]erpclient.Warehouse](t, "the warehouses")(reader.Warehouses(limited(t), s.auth(t))) {
		if w.ID == "" || w.Name == "" || seen[w.ID] {
			t.Errorf("a warehouse without an id or a name, or twice: %+v", w)
		}
		seen[w.ID] = true
	}
	if len(seen) == 0 || s.WarehouseID != "" && !seen[s.WarehouseID] {
		t.Errorf("got %v, want %q among them", seen, s.WarehouseID)
	}
}

func (s *suite) records(t *testing.T) {
	known(t, "product and warehouse", s.ProductID, s.WarehouseID)
	t.Run("in and out", func(t *testing.T) {
		s.recordOnce(t, s.entry(erpclient.StockIn, "3"), "3")
		s.recordOnce(t, s.entry(erpclient.StockOut, "3"), "-3")
	})
	t.Run("an unknown product", func(t *testing.T) {
		e := s.entry(erpclient.StockIn, "1")
		e.ProductID = s.UnknownID
		s.wantRefused(t, e)
	})
	t.Run("an unknown warehouse", func(t *testing.T) {
		e := s.entry(erpclient.StockIn, "1")
		e.WarehouseID = s.UnknownID
		s.wantRefused(t, e)
	})
	t.Run("more than there is", func(t *testing.T) {
		if s.Overdraws {
			t.Skip("the ERP lets it leave")
		}
		s.wantRefused(t, s.entry(erpclient.StockOut, "900000000"))
	})
	t.Run("an unknown reference", func(t *testing.T) { s.wantUnrecorded(t, reference()) })
}

func (s *suite) entry(d erpclient.Direction, quantity erpclient.Decimal) erpclient.StockEntry {
	return erpclient.StockEntry{
		Reference: reference(), ProductID: s.ProductID, WarehouseID: s.WarehouseID, Quantity: quantity, Direction: d, Operator: "contract",
	}
}

// recordOnce writes an entry that changes the stock by so much, and no more.
func (s *suite) recordOnce(t *testing.T, e erpclient.StockEntry, change string) {
	t.Helper()
	before := s.onHand(t)
	writer, _ := s.Driver.(erpclient.StockWriter)
	written := must[erpclient.StockRecord](t, "the record")(writer.RecordStock(limited(t), s.auth(t), e))
	s.wantWritten(t, written, e)
	if finder, ok := s.finder(t); ok {
		found := must[erpclient.StockRecord](t, "by its reference")(finder.StockRecord(limited(t), s.auth(t), e.Reference))
		s.wantWritten(t, found, e)
		if found.ID != written.ID {
			t.Errorf("wrote record %s, found %s", written.ID, found.ID)
		}
	}
	if before == nil {
		return
	}
	want, _ := new(big.Rat).SetString(change)
	if got := new(big.Rat).Sub(s.onHand(t), before); got.Cmp(want) != 0 {
		t.Errorf("the stock has changed by %s, want %s", got.FloatString(6), change)
	}
}

func (s *suite) wantWritten(t *testing.T, r erpclient.StockRecord, e erpclient.StockEntry) {
	t.Helper()
	if r.ID == "" || r.ProductID != e.ProductID || r.WarehouseID != e.WarehouseID || r.Direction != e.Direction || !same(r.Quantity, e.Quantity) {
		t.Errorf("got record %+v of %+v", r, e)
	}
}

// onHand is how much there is of the product, or nil where the driver does not tell.
func (s *suite) onHand(t *testing.T) *big.Rat {
	t.Helper()
	if s.Barcode == "" || !s.can(erpclient.CapabilityStock) {
		t.Log("how much there is cannot be asked")
		return nil
	}
	amount, ok := new(big.Rat).SetString(string(s.product(t).Quantity))
	if !ok {
		t.Log("the product does not say how much there is")
		return nil
	}
	return amount
}

func same(a, b erpclient.Decimal) bool {
	x, okX := new(big.Rat).SetString(string(a))
	y, okY := new(big.Rat).SetString(string(b))
	return okX && okY && x.Cmp(y) == 0
}

// wantRefused wants an entry refused with a kind that says that nothing was written, and that to be true.
func (s *suite) wantRefused(t *testing.T, e erpclient.StockEntry) {
	t.Helper()
	writer, _ := s.Driver.(erpclient.StockWriter)
	_, err := writer.RecordStock(limited(t), s.auth(t), e)
	wantKind(t, "the record", err, erpclient.KindInvalid, erpclient.KindConflict, erpclient.KindNotFound, erpclient.KindForbidden)
	s.wantUnrecorded(t, e.Reference)
}

func (s *suite) wantUnrecorded(t *testing.T, reference string) {
	t.Helper()
	if finder, ok := s.finder(t); ok {
		_, err := finder.StockRecord(limited(t), s.auth(t), reference)
		wantKind(t, "by its reference", err, erpclient.KindNotFound)
	}
}

func (s *suite) finder(t *testing.T) (erpclient.StockFinder, bool) {
	t.Helper()
	finder, _ := s.Driver.(erpclient.StockFinder)
	if !s.can(erpclient.CapabilityStockLookup) {
		t.Log("records cannot be found again: the driver has no stock_lookup")
		return nil, false
	}
	return finder, true
}
