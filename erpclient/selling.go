package erpclient

import "context"

const opCreateOrder = "create_order"

// CreateOrder makes a sales order, once; for whom is settled by the identity where that is narrowed to a customer. Errors
// of kind OutcomeUnknown leave open whether the ERP has made it; after all others it has not.
func (c *Client) CreateOrder(ctx context.Context, id Identity, o NewOrder) (Order, error) {
	if id.CustomerID != "" {
		o.CustomerID = id.CustomerID
	}
	if err := o.check(); err != nil {
		return Order{}, err
	}
	return write(ctx, c, question[Order]{
		op: opCreateOrder, class: ClassWrite, needs: CapabilityOrderWrite, id: id,
		ask: able(opCreateOrder, func(ctx context.Context, w OrderWriter, a Auth) (Order, error) {
			return w.CreateOrder(ctx, a, o)
		}),
	})
}

// check refuses what could not be found again, and orders of nothing.
func (o NewOrder) check() error {
	if !validReference(o.Reference) {
		return Errorf(opCreateOrder, KindInvalid, "the reference is not 1 to %d letters and digits", maxReference)
	}
	if len(o.Lines) == 0 {
		return Errorf(opCreateOrder, KindInvalid, "there are no lines")
	}
	for i, line := range o.Lines {
		if line.ProductID == "" || line.Quantity.Float() <= 0 {
			return Errorf(opCreateOrder, KindInvalid, "line %d has no product, or no quantity above zero", i+1)
		}
	}
	return nil
}

// FindOrder finds the order with a NewOrder's reference. NotFound means that it is certain that there is none; the answer
// is never an older one.
func (c *Client) FindOrder(ctx context.Context, id Identity, reference string) (Order, error) {
	return read(ctx, c, question[Order]{
		op: "order_by_reference", class: ClassRead, needs: CapabilityOrderLookup, settles: true, id: id,
		params: params(reference),
		ask: able("order_by_reference", func(ctx context.Context, f OrderFinder, a Auth) (Order, error) {
			o, err := f.OrderByReference(ctx, a, reference)
			if err == nil && o.CustomerID != "" && !a.Scope.Admits(o.CustomerID) {
				// Not "not found": that would allow the caller to make the order again.
				return Order{}, Errorf("order_by_reference", KindForbidden, "belongs to another customer")
			}
			return o, err
		}),
	})
}

// CanFindOrder reports whether FindOrder can settle a CreateOrder whose outcome is unknown.
func (c *Client) CanFindOrder() bool { return c.Can(CapabilityOrderLookup) }

// Sales lists what was sold from one day to another, both included.
func (c *Client) Sales(ctx context.Context, id Identity, from, to Day) ([]Sale, error) {
	return read(ctx, c, question[[]Sale]{
		op: "sales", class: ClassRead, needs: CapabilitySales, id: id, params: params(string(from), string(to)),
		ask: able("sales", func(ctx context.Context, r SalesReader, a Auth) ([]Sale, error) {
			sales, err := r.Sales(ctx, a, from, to)
			return listed(sales), err
		}),
	})
}
