package erptest

import (
	"context"

	"snowgate/erpclient"
)

// SearchOrders implements erpclient.OrderReader: one order, named after the keyword.
func (d *Driver) SearchOrders(ctx context.Context, a erpclient.Auth, q erpclient.OrderQuery) (erpclient.OrderPage, error) {
	if err := d.open(ctx, OpSearchOrders, a); err != nil {
		return erpclient.OrderPage{}, err
	}
	if d.OnSearchOrders != nil {
		return d.OnSearchOrders(ctx, a, q)
	}
	total := 1
	return erpclient.OrderPage{Orders: []erpclient.Order{AnOrder(a, q.Keyword)}, Total: &total}, nil
}

// Order implements erpclient.OrderReader.
func (d *Driver) Order(ctx context.Context, a erpclient.Auth, id string) (erpclient.Order, error) {
	if err := d.open(ctx, OpOrder, a); err != nil {
		return erpclient.Order{}, err
	}
	if d.OnOrder != nil {
		return d.OnOrder(ctx, a, id)
	}
	return AnOrder(a, id), d.find(OpOrder, id)
}

// Deliveries implements erpclient.DeliveryReader.
func (d *Driver) Deliveries(ctx context.Context, a erpclient.Auth, o erpclient.Order) ([]erpclient.Delivery, error) {
	if err := d.open(ctx, OpDeliveries, a); err != nil {
		return nil, err
	}
	if d.OnDeliveries != nil {
		return d.OnDeliveries(ctx, a, o)
	}
	return []erpclient.Delivery{{DeliveryNo: "D-" + o.ID}}, nil
}

// Materials implements erpclient.MaterialReader.
func (d *Driver) Materials(ctx context.Context, a erpclient.Auth, orderID string) ([]erpclient.Material, error) {
	if err := d.open(ctx, OpMaterials, a); err != nil {
		return nil, err
	}
	if d.OnMaterials != nil {
		return d.OnMaterials(ctx, a, orderID)
	}
	return []erpclient.Material{AMaterial(a, "M-"+orderID, orderID)}, nil
}

// Material implements erpclient.MaterialReader.
func (d *Driver) Material(ctx context.Context, a erpclient.Auth, id string) (erpclient.Material, error) {
	if err := d.open(ctx, OpMaterial, a); err != nil {
		return erpclient.Material{}, err
	}
	if d.OnMaterial != nil {
		return d.OnMaterial(ctx, a, id)
	}
	return AMaterial(a, id, "O-"+id), d.find(OpMaterial, id)
}

// Stages implements erpclient.ProgressReader.
func (d *Driver) Stages(ctx context.Context, a erpclient.Auth, m erpclient.Material) ([]erpclient.ProgressStage, error) {
	if err := d.open(ctx, OpStages, a); err != nil {
		return nil, err
	}
	if d.OnStages != nil {
		return d.OnStages(ctx, a, m)
	}
	return []erpclient.ProgressStage{{Name: "welding", Quantity: m.ProducedQuantity}}, nil
}

// CustomerByInvite implements erpclient.InviteReader: the code's customer is named after it.
func (d *Driver) CustomerByInvite(ctx context.Context, a erpclient.Auth, code string) (erpclient.Customer, error) {
	if err := d.open(ctx, OpInvite, a); err != nil {
		return erpclient.Customer{}, err
	}
	if d.OnInvite != nil {
		return d.OnInvite(ctx, a, code)
	}
	return erpclient.Customer{ID: "customer-" + code, Code: code, Name: "Customer " + code}, d.find(OpInvite, code)
}

// AnOrder is an order in production that belongs to the customer who asks.
func AnOrder(a erpclient.Auth, id string) erpclient.Order {
	return erpclient.Order{
		ID: id, OrderNo: "SO-" + id, CustomerID: a.Scope.CustomerID, CustomerName: "Customer " + a.Scope.CustomerID,
		OrderDate: "2026-01-31", Status: erpclient.StateInProgress, Amount: "1234.50", Currency: "CNY",
		ShippedRate: "0", ProducedRate: "0.5",
	}
}

// AMaterial is a half produced line of an order that belongs to the customer who asks.
func AMaterial(a erpclient.Auth, id, orderID string) erpclient.Material {
	return erpclient.Material{
		ID: id, OrderID: orderID, CustomerID: a.Scope.CustomerID, Code: "C-" + id, Name: "Sled", Unit: "pcs",
		Quantity: "10", ProducedQuantity: "5", ProducingQuantity: "2", ShippedQuantity: "1", Status: erpclient.StateInProgress,
	}
}
