package gateway

import (
	"context"

	"snowgate/erpclient"
)

// Sales is what the gateway asks of the ERP about selling. Errors: *erpclient.Error, or the session store's.
type Sales interface {
	CreateOrder(ctx context.Context, id erpclient.Identity, o erpclient.NewOrder) (erpclient.Order, error)
	FindOrder(ctx context.Context, id erpclient.Identity, reference string) (erpclient.Order, error)
	Sales(ctx context.Context, id erpclient.Identity, from, to erpclient.Day) ([]erpclient.Sale, error)
}

// maxOrderLines bounds one order.
const maxOrderLines = 100

// createOrder is POST /api/orders {customerId, remark, lines[{productId, quantity, price?}]}: at most once per
// Idempotency-Key, or per tap without one. Whoever is bound to one customer orders for that one.
func (s *Server) createOrder(c *call) error {
	if err := c.permit(mayWriteOrders); err != nil {
		return err
	}
	order, err := c.newOrder()
	if err != nil {
		return err
	}
	id := c.identity()
	result, err := s.writeOnce(c, once{
		op: "create_order", request: order, operator: c.binding.ERPUsername,
		do: func(ctx context.Context, reference string) (any, error) {
			order.Reference = reference
			return s.deps.Sales.CreateOrder(ctx, id, order)
		},
		find: func(ctx context.Context, reference string) (any, error) {
			return s.deps.Sales.FindOrder(ctx, id, reference)
		},
	})
	if err != nil {
		return err
	}
	return c.written(result)
}

func (c *call) newOrder() (o erpclient.NewOrder, err error) {
	body, err := c.body()
	if err != nil {
		return o, err
	}
	o = erpclient.NewOrder{CustomerID: c.binding.CustomerID, Remark: body.optional("remark", maxText)}
	if given := body.optional("customerId", maxIDRunes); o.CustomerID == "" {
		o.CustomerID = given
	} else if given != "" && given != o.CustomerID {
		return o, forbidden.because(nil)
	}
	if !validID(o.CustomerID) {
		body.complain("customerId")
	}
	for _, line := range body.list("lines", maxOrderLines) {
		o.Lines = append(o.Lines, erpclient.NewOrderLine{
			ProductID: line.id("productId"), Quantity: line.quantity("quantity"), Price: line.price("price"),
		})
		if line.fault != nil {
			body.complain("lines")
		}
	}
	return o, body.err()
}
