package gateway

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"snowgate/erpclient"
)

// Stock is what the gateway asks of whatever keeps the stock: the ERP itself or a second system. Errors: *erpclient.Error, or
// the session store's.
type Stock interface {
	ProductByBarcode(ctx context.Context, id erpclient.Identity, barcode string) (erpclient.Product, error)
	Stock(ctx context.Context, id erpclient.Identity, q erpclient.StockQuery) (erpclient.StockPage, error)
	Warehouses(ctx context.Context, id erpclient.Identity) ([]erpclient.Warehouse, error)
	RecordStock(ctx context.Context, id erpclient.Identity, e erpclient.StockEntry) (erpclient.StockRecord, error)
	FindStockRecord(ctx context.Context, id erpclient.Identity, reference string) (erpclient.StockRecord, error)
}

// What a binding may allow beyond reading, as the ERP's login tells it.
const (
	mayWriteStock  = "inventory:write"
	mayWriteOrders = "orders:write"
	maySeeDocs     = "approvals:read"
	mayDecide      = "approvals:write"
)

// permit refuses what the binding does not allow.
func (c *call) permit(permission string) error {
	if !slices.Contains(c.binding.Permissions, permission) {
		return forbidden.because(nil)
	}
	return nil
}

// maxBarcode is above every code on a label, in runes.
const maxBarcode = 64

// productByBarcode is GET /api/product/barcode?barcode.
func (s *Server) productByBarcode(c *call) error {
	values, err := c.query()
	if err != nil {
		return err
	}
	barcode := strings.TrimSpace(values.Get("barcode"))
	if barcode == "" || !printable(barcode, maxBarcode) {
		return badField.in("barcode")
	}
	product, err := s.deps.Stock.ProductByBarcode(c.Request().Context(), c.identity(), barcode)
	if err != nil {
		return err
	}
	c.provenance()
	return c.ok(product)
}

// warehouses is GET /api/warehouse/list: a bare array.
func (s *Server) warehouses(c *call) error {
	all, err := s.deps.Stock.Warehouses(c.Request().Context(), c.identity())
	if err != nil {
		return err
	}
	c.provenance()
	return list(c, all, nil)
}

// inventory is GET /api/inventory/list?page&pageSize&keyword&warehouseId: a bare array with the total beside it.
func (s *Server) inventory(c *call) error {
	values, err := c.query()
	if err != nil {
		return err
	}
	q, err := stockQuery(values)
	if err != nil {
		return err
	}
	page, err := s.deps.Stock.Stock(c.Request().Context(), c.identity(), q)
	if err != nil {
		return err
	}
	c.provenance()
	return list(c, page.Items, page.Total)
}

func stockQuery(values url.Values) (q erpclient.StockQuery, err error) {
	keyword := values.Get("keyword")
	if !printable(keyword, maxKeyword) {
		return q, badField.in("keyword")
	}
	q.Keyword = strings.TrimSpace(keyword)
	if q.WarehouseID = values.Get("warehouseId"); q.WarehouseID != "" && !validID(q.WarehouseID) {
		return q, badField.in("warehouseId")
	}
	if q.Page, err = pageNumber(values, "page", 1, maxPage); err != nil {
		return q, err
	}
	q.PageSize, err = pageNumber(values, "pageSize", defaultPageSize, maxPageSize)
	return q, err
}

// recordStock is POST /api/inventory/record {productId, warehouseId, quantity, type, operator}: at most once per
// Idempotency-Key, or per tap without one.
func (s *Server) recordStock(c *call) error {
	if err := c.permit(mayWriteStock); err != nil {
		return err
	}
	entry, err := c.stockEntry()
	if err != nil {
		return err
	}
	if err := s.checkWarehouse(c, entry.WarehouseID); err != nil {
		return err
	}
	id := c.identity()
	result, err := s.writeOnce(c, once{
		op: "record_stock", request: entry, operator: entry.Operator,
		do: func(ctx context.Context, reference string) (any, error) {
			entry.Reference = reference
			return s.deps.Stock.RecordStock(ctx, id, entry)
		},
		find: func(ctx context.Context, reference string) (any, error) {
			return s.deps.Stock.FindStockRecord(ctx, id, reference)
		},
	})
	if err != nil {
		return err
	}
	return c.written(result)
}

// stockEntry reads the body. Who did it is the ERP account where there is one; a name given beside it is kept with it.
func (c *call) stockEntry() (e erpclient.StockEntry, err error) {
	body, err := c.body()
	if err != nil {
		return e, err
	}
	e = erpclient.StockEntry{
		ProductID: body.id("productId"), WarehouseID: body.id("warehouseId"), Quantity: body.quantity("quantity"),
		Direction: erpclient.Direction(body.text("type", maxIDRunes)),
		Operator:  operatorOf(c.binding.ERPUsername, body.optional("operator", maxIDRunes)),
	}
	if e.Direction != erpclient.StockIn && e.Direction != erpclient.StockOut {
		body.complain("type")
	}
	if e.Operator == "" {
		body.complain("operator")
	}
	return e, body.err()
}

func operatorOf(account, given string) string {
	switch {
	case account == "" || account == given:
		return given
	case given == "":
		return account
	default:
		return account + " (" + given + ")"
	}
}

// checkWarehouse wants a warehouse that the ERP has.
func (s *Server) checkWarehouse(c *call, warehouseID string) error {
	list, err := s.deps.Stock.Warehouses(c.Request().Context(), c.identity())
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(list, func(w erpclient.Warehouse) bool { return w.ID == warehouseID }) {
		return badField.in("warehouseId")
	}
	return nil
}

// written answers with the outcome of a write: the same bytes to everybody who asked for it. Whether it was done before
// is told beside it, and so is a key that we made up.
func (c *call) written(result settled) error {
	if result.replay {
		c.Response().Header().Set("Idempotency-Replayed", "true")
	}
	if !result.derived {
		return c.ok(result.outcome)
	}
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(result.outcome, &fields); err != nil {
		return internal.because(err)
	}
	fields["idempotencyKey"], _ = json.Marshal(result.key) // a text always marshals
	return c.ok(fields)
}
