package erpclient

import "time"

// timeline tells an order's life from its head and its deliveries. A cancelled order ends there: what was not reached
// will not be.
func timeline(o Order, deliveries []Delivery, zone *time.Location) []Stage {
	stages := []Stage{
		{Stage: "ordered", State: StateDone, At: momentOf(o.OrderDate, zone)},
		{Stage: "produced", State: reached(o.ProducedRate, o.Status)},
		{Stage: "shipped", State: reached(o.ShippedRate, o.Status), At: lastShipped(deliveries)},
	}
	if o.Status == StateCancelled {
		return append(stages, Stage{Stage: "cancelled", State: StateDone})
	}
	completed := Stage{Stage: "completed", State: StateNotStarted}
	if o.Status == StateDone {
		completed.State = StateDone
	}
	return append(stages, completed)
}

// reached is a stage's state by its rate. An order that is done has passed every stage, also where nobody kept the rate.
func reached(rate Decimal, order State) State {
	switch {
	case order == StateDone || rate.Float() >= 1:
		return StateDone
	case order == StateCancelled:
		return StateCancelled
	case rate == "":
		return StateUnknown
	case rate.Float() > 0:
		return StateInProgress
	default:
		return StateNotStarted
	}
}

func momentOf(d Day, zone *time.Location) Moment {
	m, _ := ParseMoment(string(d), zone)
	return m
}

func lastShipped(deliveries []Delivery) (last Moment) {
	for _, d := range deliveries {
		if d.Shipped && d.ShippedAt.After(last.Time) {
			last = d.ShippedAt
		}
	}
	return last
}

// stagesOf derives production stages from a material's quantities, for an ERP that keeps no more. What has been
// produced has also been through production.
func stagesOf(m Material) []ProgressStage {
	total, produced := m.Quantity.Float(), m.ProducedQuantity.Float()
	done := func(q float64) bool { return total > 0 && q >= total }
	return []ProgressStage{
		{Name: "producing", Quantity: m.ProducingQuantity, Done: done(produced)},
		{Name: "produced", Quantity: m.ProducedQuantity, Done: done(produced)},
		{Name: "shipped", Quantity: m.ShippedQuantity, Done: done(m.ShippedQuantity.Float())},
	}
}
