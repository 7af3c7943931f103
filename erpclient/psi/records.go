package psi

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"snowgate/erpclient"
	"snowgate/erpclient/erphttp"
	"snowgate/erpclient/wire"
)

// recordBody is what is written down.
type recordBody struct {
	ProductID   any               `json:"productId"`
	WarehouseID any               `json:"warehouseId"`
	Quantity    erpclient.Decimal `json:"quantity"`
	Type        string            `json:"type"`
	Operator    string            `json:"operator"`
	Reference   string            `json:"reference"`
}

// RecordStock writes a stock entry down in one call. The reference goes with it twice: as the Idempotency-Key, for
// systems that honour one, and in the body, where a lookup finds it. The record bears the system's id, or where the
// system tells none, the reference.
func (d *Driver) RecordStock(ctx context.Context, a erpclient.Auth, e erpclient.StockEntry) (erpclient.StockRecord, error) {
	r, err := d.ask(ctx, a.Session, opRecordStock, erphttp.Request{
		Method: http.MethodPost, Path: d.paths.Record, Header: map[string]string{"Idempotency-Key": e.Reference},
		Body: recordBody{wire.ID(e.ProductID), wire.ID(e.WarehouseID), e.Quantity, string(e.Direction), e.Operator, e.Reference},
	})
	if err != nil {
		return erpclient.StockRecord{}, err
	}
	written := erpclient.StockRecord{
		ID: e.Reference, ProductID: e.ProductID, WarehouseID: e.WarehouseID, Quantity: e.Quantity, Direction: e.Direction,
	}
	data, ok := rowOf(r.Data, "record", r.drift)
	if !ok { // the code says that it is written
		return written, nil
	}
	told := recordOf(data)
	compare(data, told, written)
	if told.ID != "" {
		written.ID = told.ID
	}
	written.Balance = told.Balance
	return written, nil
}

// recordOf reads a record's fields; what is missing stays empty.
func recordOf(r row) erpclient.StockRecord {
	rec := erpclient.StockRecord{
		ID: r.id("recordId"), ProductID: r.id("productId"), WarehouseID: r.id("warehouseId"), Quantity: r.decimal("quantity"),
		Direction: erpclient.Direction(r.text("type")),
	}
	if rec.ID == "" {
		rec.ID = r.id("id")
	}
	if left := r.decimal("balance"); left != "" {
		rec.Balance = &left
	}
	if rec.ID == "" {
		r.mismatch("recordId", "id", r.fields["recordId"].got())
	}
	return rec
}

// compare reports where a system says to have written something else than it was sent.
func compare(r row, told, sent erpclient.StockRecord) {
	for name, differs := range map[string]bool{
		"productId":   told.ProductID != "" && told.ProductID != sent.ProductID,
		"warehouseId": told.WarehouseID != "" && told.WarehouseID != sent.WarehouseID,
		"quantity":    told.Quantity != "" && told.Quantity.Float() != sent.Quantity.Float(),
		"type":        told.Direction != "" && told.Direction != sent.Direction,
	} {
		if differs {
			r.mismatch(name, "as it was sent", "another")
		}
	}
}

// StockRecord finds a record by its reference. NotFound is said only where the system says so, in its envelope: a record
// without our reference means that the system has not looked for it.
func (d *Driver) StockRecord(ctx context.Context, a erpclient.Auth, reference string) (erpclient.StockRecord, error) {
	switch {
	case d.lookupPath == "":
		return erpclient.StockRecord{}, erpclient.Errorf(opStockRecord, erpclient.KindNotSupported, "no path is configured for it")
	case reference == "":
		return erpclient.StockRecord{}, erpclient.Errorf(opStockRecord, erpclient.KindInvalid, "no reference")
	}
	r, err := d.ask(ctx, a.Session, opStockRecord, erphttp.Request{
		Method: http.MethodGet, Path: d.lookupPath, Query: url.Values{"reference": {reference}},
	})
	if err != nil {
		return erpclient.StockRecord{}, err
	}
	return r.recordWith(reference)
}

// recordWith reads one record, or a list of what was found.
func (r *reply) recordWith(reference string) (erpclient.StockRecord, error) {
	none := erpclient.StockRecord{}
	items := []json.RawMessage{r.Data}
	switch wire.TypeOf(r.Data) {
	case wire.Null:
		items = nil
	case wire.Array:
		if json.Unmarshal(r.Data, &items) != nil {
			return none, erpclient.Errorf(r.op, erpclient.KindBadAnswer, "the answer has no list")
		}
	}
	for _, item := range items {
		data, ok := rowOf(item, "record", r.drift)
		if !ok {
			continue
		}
		if data.text("reference") != reference {
			data.mismatch("reference", "the one asked for", "another")
			continue
		}
		if rec := recordOf(data); rec.ID != "" {
			return rec, nil
		}
	}
	if len(items) > 0 {
		return none, erpclient.Errorf(r.op, erpclient.KindBadAnswer, "the answer is not about the reference")
	}
	return none, erpclient.Errorf(r.op, erpclient.KindNotFound, "nothing has this reference")
}
