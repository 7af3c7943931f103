package tryton

import (
	"context"
	"errors"

	"snowgate/erpclient"
)

// RecordStock writes goods down as an internal shipment between the warehouse's storage and its lost-and-found, carried
// through its states. A shipment that is there already under the reference is not made again but carried on from where it
// stands. Goods come out of the storage only as far as they are there: KindConflict otherwise. Who did it is told by the
// session; an internal shipment has no room for another name.
func (d *Driver) RecordStock(ctx context.Context, a erpclient.Auth, e erpclient.StockEntry) (erpclient.StockRecord, error) {
	done, err := d.turns.take(ctx, opRecordStock, e.Reference)
	if err != nil {
		return erpclient.StockRecord{}, err
	}
	defer done()
	c, err := d.on(ctx, a.Session, opRecordStock)
	if err != nil {
		return erpclient.StockRecord{}, untouched(err)
	}
	found, err := c.shipmentWith(ctx, e.Reference)
	if err != nil {
		return erpclient.StockRecord{}, untouched(err)
	}
	if found == nil {
		if found, err = c.newShipment(ctx, e); err != nil {
			return erpclient.StockRecord{}, err
		}
	}
	return c.book(ctx, found)
}

// StockRecord finds a record by its reference. One that was begun and not finished is carried on: whoever asks for it
// wanted it written, and until it is done nothing is. NotFound is certain: there is none, or it was cancelled.
func (d *Driver) StockRecord(ctx context.Context, a erpclient.Auth, reference string) (erpclient.StockRecord, error) {
	done, err := d.turns.take(ctx, opStockRecord, reference)
	if err != nil {
		return erpclient.StockRecord{}, err
	}
	defer done()
	c, err := d.on(ctx, a.Session, opStockRecord)
	if err != nil {
		return erpclient.StockRecord{}, err
	}
	found, err := c.shipmentWith(ctx, reference)
	if err != nil {
		return erpclient.StockRecord{}, err
	}
	if found == nil {
		return erpclient.StockRecord{}, erpclient.Errorf(opStockRecord, erpclient.KindNotFound, "nothing has this reference")
	}
	return c.book(ctx, found)
}

// book carries a shipment on to its end and tells what it says then.
func (c *caller) book(ctx context.Context, s *shipment) (erpclient.StockRecord, error) {
	if err := c.carry(ctx, s); err != nil {
		return erpclient.StockRecord{}, err
	}
	return s.record(), nil
}

// newShipment makes a draft, of which nothing has moved yet.
func (c *caller) newShipment(ctx context.Context, e erpclient.StockEntry) (*shipment, error) {
	move, err := c.moveFor(ctx, e)
	if err != nil {
		return nil, untouched(err)
	}
	id, err := c.create(ctx, shipmentModel, map[string]any{
		"reference": e.Reference, "company": c.token.Company, "from_location": move["from_location"], "to_location": move["to_location"],
		"moves": []any{[]any{"create", []any{move}}},
	})
	if err != nil {
		return nil, err
	}
	return &shipment{id: id, state: stateDraft, product: e.ProductID, quantity: e.Quantity, warehouse: e.WarehouseID, direction: e.Direction}, nil
}

// moveFor is the move that an entry asks for. What it names is looked at first: Tryton does not refuse all that is wrong.
func (c *caller) moveFor(ctx context.Context, e erpclient.StockEntry) (map[string]any, error) {
	var places []place
	var goods *row
	err := sideBySide(ctx,
		func(ctx context.Context) (err error) { places, err = c.places(ctx); return err },
		func(ctx context.Context) (err error) { goods, err = c.goods(ctx, e.ProductID); return err },
	)
	if err != nil {
		return nil, err
	}
	here, ok := placeOf(places, e.WarehouseID)
	switch {
	case !ok:
		return nil, erpclient.Errorf(c.op, erpclient.KindNotFound, "no such warehouse")
	case here.lostFound == 0:
		return nil, erpclient.Errorf(c.op, erpclient.KindConflict, "the warehouse has no lost-and-found location")
	}
	unit := goods.to("default_uom")
	if decimals(e.Quantity) > int(unit.number("digits")) {
		return nil, erpclient.Errorf(c.op, erpclient.KindInvalid, "the unit has no such fractions")
	}
	from, to := here.lostFound, here.storage
	if e.Direction == erpclient.StockOut {
		from, to = to, from
	}
	return map[string]any{
		"product": goods.number("id"), "quantity": e.Quantity, "uom": unit.number("id"), "company": c.token.Company,
		"from_location": from, "to_location": to,
	}, nil
}

// goods is a product that can lie in a warehouse; NotFound where there is none.
func (c *caller) goods(ctx context.Context, id string) (*row, error) {
	none := erpclient.Errorf(c.op, erpclient.KindNotFound, "no such goods")
	n, ok := recordID(id)
	if !ok {
		return nil, none
	}
	found, err := c.one(ctx, query{
		model: productModel, where: domain{is("id", n), oneOf("type", []string{"goods", "assets"})}, fields: []string{"default_uom.digits"},
	})
	if err == nil && found == nil {
		err = none
	}
	return found, err
}

// untouched marks a failure before anything was changed: whatever it was, nothing has happened.
func untouched(err error) error {
	var e *erpclient.Error
	if !errors.As(err, &e) {
		return err
	}
	same := *e
	same.Unsent = true
	return &same
}
