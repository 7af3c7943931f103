package main

import (
	"fmt"
	"slices"

	"snowgate/sandbox"
)

// truth is what the ERP really holds, to compare answers with. It is read-only.
type truth struct {
	names  map[string]string        // of customers, by id
	orders map[string]sandbox.Order // by id
	of     map[string][]string      // order ids of a customer, newest first, as the ERP lists them
}

func newTruth(e *sandbox.ERP) *truth {
	t := &truth{names: map[string]string{}, orders: map[string]sandbox.Order{}, of: map[string][]string{}}
	for _, c := range e.Customers() {
		t.names[c.ID] = c.Name
	}
	for _, o := range slices.Backward(e.Orders("")) {
		t.orders[o.ID] = o
		t.of[o.CustomerID] = append(t.of[o.CustomerID], o.ID)
	}
	return t
}

// shownOrder is what answers say of an order.
type shownOrder struct {
	ID           string `json:"id"`
	OrderNo      string `json:"orderNo"`
	CustomerName string `json:"customerName"`
}

// own checks that a shown order is the customer's, by everything it says about itself.
func (t *truth) own(customer string, o shownOrder) error {
	real, known := t.orders[o.ID]
	switch {
	case !known || real.CustomerID != customer:
		return fmt.Errorf("%w: order %q was shown to customer %s", errNotTheirs, o.ID, customer)
	case o.OrderNo != real.Code:
		return fmt.Errorf("%w: order %q bears the number %q", errNotTheirs, o.ID, o.OrderNo)
	case o.CustomerName != "" && o.CustomerName != t.names[customer]: // a spoilt answer may lack the name
		return fmt.Errorf("%w: order %q bears the name %q", errNotTheirs, o.ID, o.CustomerName)
	}
	return nil
}

// asked checks that the answer is to the order that was asked for.
func (t *truth) asked(customer, id string, o shownOrder) error {
	if o.ID != id {
		return fmt.Errorf("%w: order %q was shown instead of %q", errNotTheirs, o.ID, id)
	}
	return t.own(customer, o)
}

// statusNumbers are the ERP's, by the gateway's names.
var statusNumbers = map[string]int{"in_progress": 2, "done": 4}

// listed are the ids on one page of a customer's orders.
func (t *truth) listed(customer, status string, page, size int) []string {
	var all []string
	for _, id := range t.of[customer] {
		if status == "" || t.orders[id].Status == statusNumbers[status] {
			all = append(all, id)
		}
	}
	pages := slices.Collect(slices.Chunk(all, size))
	if page > len(pages) {
		return nil
	}
	return pages[page-1]
}
