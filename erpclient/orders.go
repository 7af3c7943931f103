package erpclient

import (
	"context"
	"slices"
	"strconv"

	"golang.org/x/sync/errgroup"
)

// SearchOrders lists orders the identity may see.
func (c *Client) SearchOrders(ctx context.Context, id Identity, q OrderQuery) (OrderPage, error) {
	return read(ctx, c, question[OrderPage]{
		op: "search_orders", class: ClassRead, needs: CapabilityOrders, id: id,
		params: params(q.Keyword, string(q.Status), string(q.From), string(q.To), strconv.Itoa(q.Page), strconv.Itoa(q.PageSize)),
		ask: able("search_orders", func(ctx context.Context, r OrderReader, a Auth) (OrderPage, error) {
			page, err := r.SearchOrders(ctx, a, q)
			return a.Scope.page(page), err
		}),
	})
}

// owned is a record with whose it is. The record's own JSON keeps that to itself, but a last good answer, which is kept
// as JSON, has to know it.
type owned[T any] struct {
	Record     T      `json:"record"`
	CustomerID string `json:"customerId"`
}

// order reads one order's head; NotFound when the identity may not see it.
func (c *Client) order(ctx context.Context, id Identity, orderID string) (Order, error) {
	found, err := read(ctx, c, question[owned[Order]]{
		op: "order", class: ClassRead, needs: CapabilityOrders, id: id, params: params(orderID),
		ask: able("order", func(ctx context.Context, r OrderReader, a Auth) (owned[Order], error) {
			o, err := r.Order(ctx, a, orderID)
			if err == nil && o.CustomerID != "" && !a.Scope.Admits(o.CustomerID) {
				return owned[Order]{}, Errorf("order", KindNotFound, "belongs to another customer")
			}
			return owned[Order]{o, o.CustomerID}, err
		}),
	})
	o := found.Record
	o.CustomerID = found.CustomerID
	return o, err
}

// deliveries reads what was shipped for an order. An ERP without shipments has orders without deliveries.
func (c *Client) deliveries(ctx context.Context, id Identity, o Order) ([]Delivery, error) {
	if !c.Can(CapabilityDeliveries) {
		return []Delivery{}, nil
	}
	return read(ctx, c, question[[]Delivery]{
		op: "deliveries", class: ClassRead, needs: CapabilityDeliveries, id: id, params: params(o.ID),
		ask: able("deliveries", func(ctx context.Context, r DeliveryReader, a Auth) ([]Delivery, error) {
			return r.Deliveries(ctx, a, o)
		}),
	})
}

func (c *Client) materials(ctx context.Context, id Identity, orderID string) ([]Material, error) {
	return read(ctx, c, question[[]Material]{
		op: "materials", class: ClassRead, needs: CapabilityMaterials, id: id, params: params(orderID),
		ask: able("materials", func(ctx context.Context, r MaterialReader, a Auth) ([]Material, error) {
			lines, err := r.Materials(ctx, a, orderID)
			return a.Scope.lines(lines), err
		}),
	})
}

func (c *Client) material(ctx context.Context, id Identity, materialID string) (Material, error) {
	found, err := read(ctx, c, question[owned[Material]]{
		op: "material", class: ClassRead, needs: CapabilityMaterials, id: id, params: params(materialID),
		ask: able("material", func(ctx context.Context, r MaterialReader, a Auth) (owned[Material], error) {
			m, err := r.Material(ctx, a, materialID)
			if err == nil && m.CustomerID != "" && !a.Scope.Admits(m.CustomerID) {
				return owned[Material]{}, Errorf("material", KindNotFound, "belongs to another customer")
			}
			return owned[Material]{m, m.CustomerID}, err
		}),
	})
	m := found.Record
	m.CustomerID = found.CustomerID
	return m, err
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
	return materials, nil
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
	return OrderDetail{OrderStatus: status, Materials: materials}, nil
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
	if id.CustomerID == "" || m.CustomerID == "" {
		if _, err := c.order(ctx, id, m.OrderID); err != nil {
			return Progress{}, err
		}
	}
	return c.progress(ctx, id, m)
}

func (c *Client) progress(ctx context.Context, id Identity, m Material) (Progress, error) {
	p := Progress{Material: m, Progress: Share(m.ProducedQuantity, m.Quantity)}
	if !c.Can(CapabilityProgress) {
		p.Stages = stagesOf(m)
		return p, nil
	}
	stages, err := read(ctx, c, question[[]ProgressStage]{
		op: "stages", class: ClassRead, needs: CapabilityProgress, id: id, params: params(m.ID),
		ask: able("stages", func(ctx context.Context, r ProgressReader, a Auth) ([]ProgressStage, error) {
			return r.Stages(ctx, a, m)
		}),
	})
	p.Stages = stages
	return p, err
}

// page drops the orders that say they are another customer's, and the total with them: it would tell their number. A
// driver narrows by itself; this is the second lock on the same door.
func (s Scope) page(p OrderPage) OrderPage {
	if p.Orders != nil && !slices.ContainsFunc(p.Orders, s.isStrangers) {
		return p // as nearly all do
	}
	kept := make([]Order, 0, len(p.Orders))
	for _, o := range p.Orders {
		if !s.isStrangers(o) {
			kept = append(kept, o)
		}
	}
	if len(kept) < len(p.Orders) {
		p.Total = nil
	}
	p.Orders = kept
	return p
}

func (s Scope) isStrangers(o Order) bool { return o.CustomerID != "" && !s.Admits(o.CustomerID) }

// lines drops the lines that say they are another customer's. Lines that do not say are judged by their order.
func (s Scope) lines(materials []Material) []Material {
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

// able turns a question to a capability into a question to any driver: one without it cannot answer.
func able[C, T any](op string, ask func(context.Context, C, Auth) (T, error)) func(context.Context, Driver, Auth) (T, error) {
	return func(ctx context.Context, d Driver, a Auth) (T, error) {
		if c, ok := d.(C); ok {
			return ask(ctx, c, a)
		}
		var none T
		return none, notSupported(op)
	}
}

func notSupported(op string) error { return &Error{Op: op, Kind: KindNotSupported} }
