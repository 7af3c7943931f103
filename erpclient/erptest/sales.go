package erptest

import (
	"context"

	"snowgate/erpclient"
)

// CreateOrder implements erpclient.OrderWriter: an order is made with each call, whatever its reference.
func (d *Driver) CreateOrder(ctx context.Context, a erpclient.Auth, o erpclient.NewOrder) (erpclient.Order, error) {
	if err := d.open(ctx, OpCreateOrder, a); err != nil {
		return erpclient.Order{}, err
	}
	if d.OnCreateOrder != nil {
		return d.OnCreateOrder(ctx, a, o)
	}
	for _, line := range o.Lines {
		if err := d.find(OpCreateOrder, line.ProductID); err != nil {
			return erpclient.Order{}, err
		}
	}
	return d.make(a, o), d.end(ctx, OpCreateOrder)
}

func (d *Driver) make(a erpclient.Auth, o erpclient.NewOrder) erpclient.Order {
	d.mu.Lock()
	defer d.mu.Unlock()
	made := AnOrder(a, d.nextID("O"))
	made.CustomerID, made.CustomerName, made.Remark = o.CustomerID, "Customer "+o.CustomerID, o.Remark
	if d.orders == nil {
		d.orders = map[string][]erpclient.Order{}
	}
	d.orders[o.Reference] = append(d.orders[o.Reference], made)
	return made
}

// OrderByReference implements erpclient.OrderFinder.
func (d *Driver) OrderByReference(ctx context.Context, a erpclient.Auth, reference string) (erpclient.Order, error) {
	if err := d.open(ctx, OpOrderByReference, a); err != nil {
		return erpclient.Order{}, err
	}
	if d.OnOrderByReference != nil {
		return d.OnOrderByReference(ctx, a, reference)
	}
	if made := d.Made(reference); len(made) > 0 {
		return made[0], nil
	}
	return erpclient.Order{}, erpclient.Errorf(OpOrderByReference, erpclient.KindNotFound, "no such order")
}

// Made are the orders that were made with the reference: one, where everything went well.
func (d *Driver) Made(reference string) []erpclient.Order {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]erpclient.Order(nil), d.orders[reference]...)
}

// Sales implements erpclient.SalesReader: one product, sold on the first and on the last day.
func (d *Driver) Sales(ctx context.Context, a erpclient.Auth, from, to erpclient.Day) ([]erpclient.Sale, error) {
	if err := d.open(ctx, OpSales, a); err != nil {
		return nil, err
	}
	if d.OnSales != nil {
		return d.OnSales(ctx, a, from, to)
	}
	sale := erpclient.Sale{Day: from, OrderID: "1", ProductID: AProductID, ProductName: "Sled", Quantity: "2", Amount: "39.80"}
	later := sale
	later.Day, later.OrderID = to, "2"
	return []erpclient.Sale{sale, later}, nil
}
