package erpclient

import (
	"context"
	"strconv"
)

// ProductByBarcode finds the product with a bar code: NotFound where nobody has it, Conflict where several have.
func (c *Client) ProductByBarcode(ctx context.Context, id Identity, barcode string) (Product, error) {
	return read(ctx, c, question[Product]{
		op: "product", class: ClassRead, needs: CapabilityStock, reach: reachCompany, id: id, params: params(barcode),
		ask: able("product", func(ctx context.Context, r StockReader, a Auth) (Product, error) {
			return r.ProductByBarcode(ctx, a, barcode)
		}),
	})
}

// Stock lists what there is. The identity's customer does not narrow it; who may see it is the caller's to decide.
func (c *Client) Stock(ctx context.Context, id Identity, q StockQuery) (StockPage, error) {
	return read(ctx, c, question[StockPage]{
		op: "stock", class: ClassRead, needs: CapabilityStock, reach: reachCompany, id: id,
		params: params(q.Keyword, q.WarehouseID, strconv.Itoa(q.Page), strconv.Itoa(q.PageSize)),
		ask: able("stock", func(ctx context.Context, r StockReader, a Auth) (StockPage, error) {
			page, err := r.Stock(ctx, a, q)
			page.Items = listed(page.Items)
			return page, err
		}),
	})
}

// Warehouses lists the warehouses, as they were at most five minutes ago; longer where the ERP cannot be asked. The list
// is shared: treat it as read-only.
func (c *Client) Warehouses(ctx context.Context, id Identity) ([]Warehouse, error) {
	return readBase(ctx, c, question[[]Warehouse]{
		op: "warehouses", class: ClassRead, needs: CapabilityWarehouses, reach: reachCompany, id: id,
		ask: able("warehouses", func(ctx context.Context, r WarehouseReader, a Auth) ([]Warehouse, error) {
			all, err := r.Warehouses(ctx, a)
			return listed(all), err
		}),
	})
}

// RecordStock writes a stock entry down, once. Errors of kind OutcomeUnknown leave open whether the ERP has it; after all
// others it has not. Who may write is the caller's to decide.
func (c *Client) RecordStock(ctx context.Context, id Identity, e StockEntry) (StockRecord, error) {
	if err := e.check(); err != nil {
		return StockRecord{}, err
	}
	return write(ctx, c, question[StockRecord]{
		op: opRecordStock, class: ClassWrite, needs: CapabilityStockWrite, reach: reachCompany, id: id,
		ask: able(opRecordStock, func(ctx context.Context, w StockWriter, a Auth) (StockRecord, error) {
			return w.RecordStock(ctx, a, e)
		}),
	})
}

const opRecordStock = "record_stock"

// check refuses what could not be found again, or would be booked the wrong way round.
func (e StockEntry) check() error {
	switch {
	case !validReference(e.Reference):
		return Errorf(opRecordStock, KindInvalid, "the reference is not 1 to %d letters and digits", maxReference)
	case e.Direction != StockIn && e.Direction != StockOut:
		return Errorf(opRecordStock, KindInvalid, "the direction is neither in nor out")
	case e.Quantity.Float() <= 0:
		return Errorf(opRecordStock, KindInvalid, "the quantity is not above zero")
	default:
		return nil
	}
}

// FindStockRecord finds the record with a StockEntry's reference. NotFound means that it is certain that there is none;
// the answer is never an older one.
func (c *Client) FindStockRecord(ctx context.Context, id Identity, reference string) (StockRecord, error) {
	return read(ctx, c, question[StockRecord]{
		op: "stock_record", class: ClassRead, needs: CapabilityStockLookup, reach: reachCompany, settles: true, id: id,
		params: params(reference),
		ask: able("stock_record", func(ctx context.Context, f StockFinder, a Auth) (StockRecord, error) {
			return f.StockRecord(ctx, a, reference)
		}),
	})
}

// CanFindStockRecord reports whether FindStockRecord can settle a RecordStock whose outcome is unknown.
func (c *Client) CanFindStockRecord() bool { return c.Can(CapabilityStockLookup) }

// listed is a list that is never null in JSON.
func listed[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
