package erpclient

import (
	"context"
	"strconv"

	"golang.org/x/sync/errgroup"
)

// SearchOrders lists orders the identity may see.
func (c *Client) SearchOrders(ctx context.Context, id Identity, q OrderQuery) (OrderPage, error) {
	return read(ctx, c, question[OrderPage]{
		op: "search_orders", class: ClassRead, id: id,
		params: params(q.Keyword, string(q.Status), strconv.Itoa(q.Page), strconv.Itoa(q.PageSize)),
		ask: func(ctx context.Context, d Driver, a Auth) (OrderPage, error) {
			r, ok := d.(OrderReader)
			if !ok {
				return OrderPage{}, notSupported("search_orders")
			}
			page, err := r.SearchOrders(ctx, a, q)
			return a.Scope.page(page), err
		},
	})
}

// order reads one order's head; NotFound when the identity may not see it.
func (c *Client) order(ctx context.Context, id Identity, orderID string) (Order, error) {
	return read(ctx, c, question[Order]{
		op: "order", class: ClassRead, id: id, params: params(orderID),
		ask: func(ctx context.Context, d Driver, a Auth) (Order, error) {
			r, ok := d.(OrderReader)
			if !ok {
				return Order{}, notSupported("order")
			}
			o, err := r.Order(ctx, a, orderID)
			if err == nil && o.CustomerID != "" && !a.Scope.Admits(o.CustomerID) {
				return Order{}, Errorf("order", KindNotFound, "belongs to another customer")
			}
			return o, err
		},
	})
}

func (c *Client) deliveries(ctx context.Context, id Identity, o Order) ([]Delivery, error) {
	return read(ctx, c, question[[]Delivery]{
		op: "deliveries", class: ClassRead, id: id, params: params(o.ID),
		ask: func(ctx context.Context, d Driver, a Auth) ([]Delivery, error) {
			r, ok := d.(DeliveryReader)
			if !ok { // an ERP without shipments has orders without deliveries
				return []Delivery{}, nil
			}
			return r.Deliveries(ctx, a, o)
		},
	})
}

func (c *Client) materials(ctx context.Context, id Identity, orderID string) ([]Material, error) {
	return read(ctx, c, question[[]Material]{
		op: "materials", class: ClassRead, id: id, params: params(orderID),
		ask: func(ctx context.Context, d Driver, a Auth) ([]Material, error) {
			r, ok := d.(MaterialReader)
			if !ok {
				return nil, notSupported("materials")
			}
			return r.Materials(ctx, a, orderID)
		},
	})
}

func (c *Client) material(ctx context.Context, id Identity, materialID string) (Material, error) {
	return read(ctx, c, question[Material]{
		op: "material", class: ClassRead, id: id, params: params(materialID),
		ask: func(ctx context.Context, d Driver, a Auth) (Material, error) {
			r, ok := d.(MaterialReader)
			if !ok {
				return Material{}, notSupported("material")
			}
			return r.Material(ctx, a, materialID)
		},
	})
}

// OrderStatus is an order, its timeline and its deliveries.
func (c *Client) OrderStatus(ctx context.Context, id Identity, orderID string) (OrderStatus, error) {
	ctx, cancel := c.deadline(ctx)
	defer cancel()
	o, err := c.order(ctx, id, orderID)
	if err != nil {
		return OrderStatus{}, err
	}
	deliveries, err := c.deliveries(ctx, id, o)
	if err != nil {
		return OrderStatus{}, err
	}
	return OrderStatus{Order: o, Timeline: timeline(o, deliveries, c.cfg.Zone), Deliveries: deliveries}, nil
}

// OrderMaterials are an order's lines. Whose the order is is asked beside them, because an ERP's lines need not say.
func (c *Client) OrderMaterials(ctx context.Context, id Identity, orderID string) ([]Material, error) {
	ctx, cancel := c.deadline(ctx)
	defer cancel()
	var materials []Material
	err := sideBySide(ctx,
		func(ctx context.Context) error {
			_, err := c.order(ctx, id, orderID)
			return err
		},
		func(ctx context.Context) (err error) {
			materials, err = c.materials(ctx, id, orderID)
			return err
		})
	if err != nil {
		return nil, err
	}
	return admitted(materials, id.Scope()), nil
}

// OrderDetail is everything about one order, its parts asked side by side.
func (c *Client) OrderDetail(ctx context.Context, id Identity, orderID string) (OrderDetail, error) {
	ctx, cancel := c.deadline(ctx)
	defer cancel()
	var status OrderStatus
	var materials []Material
	err := sideBySide(ctx,
		func(ctx context.Context) (err error) {
			status, err = c.OrderStatus(ctx, id, orderID)
			return err
		},
		func(ctx context.Context) (err error) {
			materials, err = c.materials(ctx, id, orderID)
			return err
		})
	if err != nil {
		return OrderDetail{}, err
	}
	return OrderDetail{OrderStatus: status, Materials: admitted(materials, id.Scope())}, nil
}

// MaterialProgress tells how far a material's production is. A line that does not say whose it is is shown only when
// its order is the identity's.
func (c *Client) MaterialProgress(ctx context.Context, id Identity, materialID string) (Progress, error) {
	ctx, cancel := c.deadline(ctx)
	defer cancel()
	m, err := c.material(ctx, id, materialID)
	if err != nil {
		return Progress{}, err
	}
	if m.CustomerID != "" && !id.Scope().Admits(m.CustomerID) {
		return Progress{}, Errorf("material", KindNotFound, "belongs to another customer")
	}
	if id.CustomerID == "" || m.CustomerID == "" {
		if _, err := c.order(ctx, id, m.OrderID); err != nil {
			return Progress{}, err
		}
	}
	return c.progress(ctx, id, m)
}

func (c *Client) progress(ctx context.Context, id Identity, m Material) (Progress, error) {
	p := Progress{Material: m, Progress: Share(m.ProducedQuantity, m.Quantity)}
	if _, ok := c.primary.driver.(ProgressReader); !ok {
		p.Stages = stagesOf(m)
		return p, nil
	}
	stages, err := read(ctx, c, question[[]ProgressStage]{
		op: "stages", class: ClassRead, id: id, params: params(m.ID),
		ask: func(ctx context.Context, d Driver, a Auth) ([]ProgressStage, error) {
			return d.(ProgressReader).Stages(ctx, a, m)
		},
	})
	p.Stages = stages
	return p, err
}

// page drops the orders that say they are another customer's, and the total with them: it would tell their number. A
// driver narrows by itself; this is the second lock on the same door.
func (s Scope) page(p OrderPage) OrderPage {
	kept := make([]Order, 0, len(p.Orders))
	for _, o := range p.Orders {
		if o.CustomerID == "" || s.Admits(o.CustomerID) {
			kept = append(kept, o)
		}
	}
	if len(kept) < len(p.Orders) {
		p.Total = nil
	}
	p.Orders = kept
	return p
}

// admitted drops the lines that say they are another customer's. Lines that do not say are judged by their order.
func admitted(materials []Material, s Scope) []Material {
	kept := make([]Material, 0, len(materials))
	for _, m := range materials {
		if m.CustomerID == "" || s.Admits(m.CustomerID) {
			kept = append(kept, m)
		}
	}
	return kept
}

// sideBySide runs the parts at the same time. The first part's failure is the one that is told: the order's own
// "not found" says more than what its cancelled neighbours say.
func sideBySide(ctx context.Context, parts ...func(context.Context) error) error {
	errs := make([]error, len(parts))
	group, ctx := errgroup.WithContext(ctx)
	for i, part := range parts {
		group.Go(func() error {
			errs[i] = part(ctx)
			return errs[i]
		})
	}
	first := group.Wait()
	for _, err := range errs {
		if err != nil && KindOf(err) != KindTimeout {
			return err
		}
	}
	return first
}

func notSupported(op string) error { return &Error{Op: op, Kind: KindNotSupported} }
