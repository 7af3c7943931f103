package snowbeasts

import (
	"context"

	"snowgate/erpclient"
)

// RecordStock writes a stock entry down in one call. The record bears the ERP's id, or where the ERP tells none, the
// entry's reference.
func (d *Driver) RecordStock(ctx context.Context, a erpclient.Auth, e erpclient.StockEntry) (erpclient.StockRecord, error) {
	if err := d.needs(opRecordStock, erpclient.CapabilityStockWrite); err != nil {
		return erpclient.StockRecord{}, err
	}
	direction := d.forms.directions[e.Direction]
	if direction == "" {
		return erpclient.StockRecord{}, erpclient.Errorf(opRecordStock, erpclient.KindInvalid, "the direction is neither in nor out")
	}
	q := question{op: opRecordStock, form: d.forms.stockRecords}
	m, err := d.create(ctx, a.Session, q, values{
		"productId": e.ProductID, "warehouseId": e.WarehouseID, "quantity": e.Quantity, "direction": direction,
		"operator": e.Operator, "reference": e.Reference,
	})
	if err != nil {
		return erpclient.StockRecord{}, err
	}
	return erpclient.StockRecord{
		ID: firstOf(m.id(), e.Reference), ProductID: e.ProductID, WarehouseID: e.WarehouseID, Quantity: e.Quantity,
		Direction: e.Direction, Balance: m.row.balance(),
	}, nil
}

// balance is what is left in the warehouse, nil when the ERP does not tell.
func (r row) balance() *erpclient.Decimal {
	if left := r.decimal("balance"); left != "" {
		return &left
	}
	return nil
}

// StockRecord finds a record by its reference.
func (d *Driver) StockRecord(ctx context.Context, a erpclient.Auth, reference string) (erpclient.StockRecord, error) {
	if err := d.needs(opStockRecord, erpclient.CapabilityStockLookup); err != nil {
		return erpclient.StockRecord{}, err
	}
	q := question{op: opStockRecord, form: d.forms.stockRecords, otherwise: erpclient.KindBadAnswer}
	return findByReference(ctx, d, a, q, reference, d.readStockRecord)
}

func (d *Driver) readStockRecord(r row) (erpclient.StockRecord, verdict) {
	if !r.has("id") {
		return erpclient.StockRecord{}, broken
	}
	return erpclient.StockRecord{
		ID: r.id("id"), ProductID: r.id("productId"), WarehouseID: r.id("warehouseId"), Quantity: r.decimal("quantity"),
		Direction: d.direction(r), Balance: r.balance(),
	}, keep
}

func (d *Driver) direction(r row) erpclient.Direction {
	said := r.text("direction")
	for direction, word := range d.forms.directions {
		if said == word {
			return direction
		}
	}
	r.mismatch("direction", "in or out", "another word")
	return ""
}
