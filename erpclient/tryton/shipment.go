package tryton

import (
	"context"
	"encoding/json"
	"errors"
	"math/big"
	"strings"

	"snowgate/erpclient"
	"snowgate/erpclient/wire"
)

const shipmentModel = "stock.shipment.internal"

// The states of an internal shipment in Tryton 6.0 on its way.
const (
	stateRequest   = "request"
	stateDraft     = "draft"
	stateWaiting   = "waiting"
	stateAssigned  = "assigned"
	stateShipped   = "shipped"
	stateDone      = "done"
	stateCancelled = "cancelled"
)

// buttons are what leads from a state to the next.
var buttons = map[string]string{
	stateRequest: "draft", stateDraft: "wait", stateWaiting: "assign_try", stateAssigned: "done", stateShipped: "done",
}

// shipment is an internal shipment of one product.
type shipment struct {
	id        int64
	state     string
	product   string
	quantity  erpclient.Decimal
	warehouse string
	direction erpclient.Direction
}

// shipmentWith finds the shipment with a reference, nil where there is none that counts. Of several, which nobody who
// keeps to the references makes, it is always the same one.
func (c *caller) shipmentWith(ctx context.Context, reference string) (*shipment, error) {
	if reference == "" {
		return nil, nil
	}
	found, err := c.one(ctx, query{
		model: shipmentModel, where: domain{is("reference", reference), clause("state", "!=", stateCancelled)}, order: []any{by("id", "ASC")},
		fields: []string{
			"state", "from_location.type", "from_location.warehouse", "to_location.type", "to_location.warehouse",
			"moves.product", "moves.quantity", "moves.state",
		},
	})
	if err != nil || found == nil {
		return nil, err
	}
	return shipmentOf(*found), nil
}

func shipmentOf(r row) *shipment {
	s := &shipment{id: r.number("id"), state: r.text("state"), direction: erpclient.StockIn, warehouse: r.to("to_location").id("warehouse")}
	if r.to("to_location").text("type") == "lost_found" {
		s.direction, s.warehouse = erpclient.StockOut, r.to("from_location").id("warehouse")
	}
	moves := r.all("moves") // assigning splits a move over the bins that it takes from
	s.quantity = total(moves, func(m row) bool { return m.text("state") != stateCancelled })
	for _, m := range moves {
		s.product = m.id("product")
	}
	return s
}

func (s *shipment) record() erpclient.StockRecord {
	return erpclient.StockRecord{
		ID: formatID(s.id), ProductID: s.product, WarehouseID: s.warehouse, Quantity: s.quantity, Direction: s.direction,
	}
}

// carry presses the buttons that lead to done. Tryton's buttons answer null and do nothing where a state does not allow
// them (assign_try even says yes), so that the state is read after each. Where it does not move on the shipment is
// cancelled, and only once that is seen is the failure certain.
func (c *caller) carry(ctx context.Context, s *shipment) error {
	for range len(buttons) + 1 {
		if s.state == stateDone {
			return nil
		}
		button, known := buttons[s.state]
		if !known {
			return c.unsettled("it is in a state of its own")
		}
		result, err := c.press(ctx, shipmentModel, button, s.id)
		switch {
		case saidNo(err):
			return c.abandon(ctx, s, err)
		case err != nil:
			return c.unsettled("%s: %w", button, err)
		case string(result) == "false":
			return c.abandon(ctx, s, erpclient.Errorf(c.op, erpclient.KindConflict, "there is not so much in stock"))
		}
		before := s.state
		if err := c.look(ctx, s); err != nil {
			return c.unsettled("after %s: %w", button, err)
		}
		switch s.state {
		case before:
			return c.abandon(ctx, s, erpclient.Errorf(c.op, erpclient.KindConflict, "%s did nothing", button))
		case stateCancelled:
			return erpclient.Errorf(c.op, erpclient.KindConflict, "somebody has cancelled it")
		}
	}
	return c.unsettled("it goes in circles")
}

// abandon cancels a shipment so that nothing comes of it any more, and tells why.
func (c *caller) abandon(ctx context.Context, s *shipment, why error) error {
	if _, err := c.press(ctx, shipmentModel, "cancel", s.id); err != nil {
		return c.unsettled("%w; and it is not cancelled: %w", why, err)
	}
	if err := c.look(ctx, s); err != nil || s.state != stateCancelled {
		return c.unsettled("%w; whether it is cancelled is not known: %w", why, errors.Join(err))
	}
	return why
}

// look reads the state as it is now.
func (c *caller) look(ctx context.Context, s *shipment) error {
	found, err := c.one(ctx, query{model: shipmentModel, where: domain{is("id", s.id)}, fields: []string{"state"}})
	if err != nil {
		return err
	}
	if found == nil {
		return erpclient.Errorf(c.op, erpclient.KindNotFound, "the shipment is gone")
	}
	s.state = found.text("state")
	return nil
}

// unsettled is a failure half-way: what has happened is for a look-up to tell, or a repetition.
func (c *caller) unsettled(format string, args ...any) error {
	return erpclient.Errorf(c.op, erpclient.KindOutcomeUnknown, format, args...)
}

// press presses a button on a record.
func (c *caller) press(ctx context.Context, model, button string, id int64) (json.RawMessage, error) {
	return c.change(ctx, "model."+model+"."+button, []int64{id}, c.context())
}

// create makes a record and returns its id.
func (c *caller) create(ctx context.Context, model string, values map[string]any) (int64, error) {
	result, err := c.change(ctx, "model."+model+".create", []any{values}, c.context())
	if err != nil {
		return 0, err
	}
	var ids []int64
	if json.Unmarshal(result, &ids) != nil || len(ids) != 1 {
		c.drift.report(model+".create", "one id", wire.TypeOf(result))
		return 0, c.unsettled("made, but which one it is was not told")
	}
	return ids[0], nil
}

// decimals is how many places a quantity has behind the point that are not zero; an exponent has all of its digits there.
func decimals(d erpclient.Decimal) int {
	n, ok := new(big.Rat).SetString(string(d))
	if !ok {
		return places + 1
	}
	_, fraction, _ := strings.Cut(n.FloatString(places+1), ".")
	return len(strings.TrimRight(fraction, "0"))
}
