package tryton

import (
	"math/big"
	"slices"
	"strconv"
	"strings"

	"snowgate/erpclient"
)

// flow is how far the goods of one order line have come: what was made for it, and what has left the house.
type flow struct {
	goods    bool // a service is neither made nor shipped
	made     bool // something is, or was, produced for it
	quantity erpclient.Decimal
	shipped  erpclient.Decimal

	// Of productions, each with those that are further: all that are not cancelled, with materials reserved, begun.
	planned, reserved, begun erpclient.Decimal
	producing, produced      erpclient.Decimal // being made now, and come out
}

// flowFields are what a line's flow is read from: its moves to the customer, and its productions. Productions are there
// with the module sale_supply_production only.
func (c *caller) flowFields() []string {
	fields := []string{"type", "quantity", "unit", "product.type", "moves.state", "moves.quantity", "moves.uom", "moves.to_location.type"}
	if c.driver.Lacks(erpclient.CapabilityProgress) {
		return fields
	}
	return append(fields, "productions.state", "productions.quantity", "productions.uom",
		"productions.outputs.state", "productions.outputs.quantity", "productions.outputs.uom", "productions.outputs.product")
}

// flowsOf leaves out headings, subtotals and comments.
func flowsOf(lines []row) []flow {
	flows := make([]flow, 0, len(lines))
	for _, r := range lines {
		if r.text("type") == "line" {
			flows = append(flows, flowOf(r))
		}
	}
	return flows
}

func flowOf(r row) flow {
	f := flow{goods: r.to("product").text("type") == "goods" || r.to("product").text("type") == "assets", quantity: r.decimal("quantity")}
	if !f.goods {
		return f
	}
	unit := r.number("unit")
	f.shipped = total(r.all("moves"), func(m row) bool {
		return m.text("state") == "done" && m.number("uom") == unit && m.to("to_location").text("type") == "customer"
	})
	if r.fields["productions."] != nil {
		f.follow(r.all("productions"), unit, r.to("product").number("id"))
	}
	return f
}

// follow reads how far productions are. Tryton finishes a production at once; what came out of it stands in its outputs.
func (f *flow) follow(productions []row, unit, product int64) {
	in := func(states ...string) func(row) bool {
		return func(p row) bool { return p.number("uom") == unit && slices.Contains(states, p.text("state")) }
	}
	f.planned = total(productions, func(p row) bool { return p.number("uom") == unit && p.text("state") != "cancelled" })
	f.made = f.planned != "0"
	if !f.made {
		return
	}
	f.reserved = total(productions, in("assigned", "running", "done"))
	f.begun, f.producing = total(productions, in("running", "done")), total(productions, in("running"))
	f.produced = "0"
	for _, p := range productions {
		f.produced = sum(f.produced, total(p.all("outputs"), func(m row) bool {
			return m.text("state") == "done" && m.number("uom") == unit && m.number("product") == product
		}))
	}
}

// rates are the lines' shares, on average: their quantities are in different units. What is not made, or not shipped, by
// its nature counts nowhere.
func rates(flows []flow) (shipped, produced erpclient.Decimal) {
	var out, made []erpclient.Decimal
	for _, f := range flows {
		if f.goods {
			out = append(out, erpclient.Share(f.shipped, f.quantity))
		}
		if f.made {
			made = append(made, erpclient.Share(f.produced, f.quantity))
		}
	}
	return average(out), average(made)
}

func average(shares []erpclient.Decimal) erpclient.Decimal {
	return erpclient.Share(sum(shares...), erpclient.Decimal(strconv.Itoa(len(shares))))
}

// total adds up the quantities of some records.
func total(rows []row, counts func(row) bool) erpclient.Decimal {
	quantities := []erpclient.Decimal{"0"}
	for _, r := range rows {
		if counts(r) {
			quantities = append(quantities, r.decimal("quantity"))
		}
	}
	return sum(quantities...)
}

// places is how exactly sums are kept: Tryton's units have far fewer.
const places = 9

// sum adds without rounding; what is unknown counts for nothing.
func sum(parts ...erpclient.Decimal) erpclient.Decimal {
	all := new(big.Rat)
	for _, p := range parts {
		if n, ok := new(big.Rat).SetString(string(p)); ok {
			all.Add(all, n)
		}
	}
	return erpclient.Decimal(strings.TrimSuffix(strings.TrimRight(all.FloatString(places), "0"), "."))
}
