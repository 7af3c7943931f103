package erpclient

import (
	"reflect"
	"testing"
	"time"
)

func TestTimeline(t *testing.T) {
	zone := time.FixedZone("CST", 8*60*60)
	day := func(d int) Moment { return Moment{time.Date(2026, 1, d, 0, 0, 0, 0, zone)} }
	shipped := func(d int) Delivery { return Delivery{Shipped: true, ShippedAt: day(d)} }
	stages := func(produced, shipped, last State, at Moment) []Stage {
		end := Stage{Stage: "completed", State: last}
		if last == StateCancelled {
			end = Stage{Stage: "cancelled", State: StateDone}
		}
		return []Stage{
			{Stage: "ordered", State: StateDone, At: day(1)}, {Stage: "produced", State: produced},
			{Stage: "shipped", State: shipped, At: at}, end,
		}
	}
	tests := []struct {
		name       string
		order      Order
		deliveries []Delivery
		want       []Stage
	}{
		{"just ordered", Order{Status: StateNotStarted, ProducedRate: "0", ShippedRate: "0"}, nil,
			stages(StateNotStarted, StateNotStarted, StateNotStarted, Moment{})},
		{"half produced", Order{Status: StateInProgress, ProducedRate: "0.5", ShippedRate: "0"}, nil,
			stages(StateInProgress, StateNotStarted, StateNotStarted, Moment{})},
		{"shipped in parts, the last counts", Order{Status: StateInProgress, ProducedRate: "1", ShippedRate: "0.4"},
			[]Delivery{shipped(9), shipped(12), shipped(10)}, stages(StateDone, StateInProgress, StateNotStarted, day(12))},
		{"a delivery that has not left does not count", Order{Status: StateInProgress, ProducedRate: "1", ShippedRate: "0"},
			[]Delivery{{ShippedAt: day(9)}}, stages(StateDone, StateNotStarted, StateNotStarted, Moment{})},
		{"rates unknown", Order{Status: StateInProgress}, nil, stages(StateUnknown, StateUnknown, StateNotStarted, Moment{})},
		{"done, also where nobody kept the rates", Order{Status: StateDone}, nil, stages(StateDone, StateDone, StateDone, Moment{})},
		{"cancelled half way", Order{Status: StateCancelled, ProducedRate: "1", ShippedRate: "0.2"}, nil,
			stages(StateDone, StateCancelled, StateCancelled, Moment{})},
		{"status unknown", Order{Status: StateUnknown, ProducedRate: "0.1", ShippedRate: ""}, nil,
			stages(StateInProgress, StateUnknown, StateNotStarted, Moment{})},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.order.OrderDate = "2026-01-01"
			if got := timeline(tt.order, tt.deliveries, zone); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

func TestAnOrderWithoutADateWasStillOrdered(t *testing.T) {
	for _, day := range []Day{"", "some day"} {
		if got := timeline(Order{OrderDate: day}, nil, time.UTC)[0]; got != (Stage{Stage: "ordered", State: StateDone}) {
			t.Errorf("%q: got %+v", day, got)
		}
	}
}

func TestStagesOf(t *testing.T) {
	stages := func(producing, produced, shipped Decimal, doneProducing, doneProduced, doneShipped bool) []ProgressStage {
		return []ProgressStage{
			{"producing", producing, doneProducing}, {"produced", produced, doneProduced}, {"shipped", shipped, doneShipped},
		}
	}
	tests := []struct {
		name string
		m    Material
		want []ProgressStage
	}{
		{"half way", Material{Quantity: "10", ProducingQuantity: "3", ProducedQuantity: "5", ShippedQuantity: "1"},
			stages("3", "5", "1", false, false, false)},
		{"all produced", Material{Quantity: "10", ProducingQuantity: "0", ProducedQuantity: "10.0", ShippedQuantity: "9.99"},
			stages("0", "10.0", "9.99", true, true, false)},
		{"more than ordered", Material{Quantity: "10", ProducedQuantity: "11", ShippedQuantity: "11"}, stages("", "11", "11", true, true, true)},
		{"nothing known", Material{}, stages("", "", "", false, false, false)},
		{"no quantity to compare with", Material{Quantity: "0", ProducedQuantity: "0"}, stages("", "0", "", false, false, false)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := stagesOf(tt.m); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestStatesAreAClosedSet(t *testing.T) {
	for state, want := range map[State]bool{
		StateNotStarted: true, StateInProgress: true, StateDone: true, StateCancelled: true, StateUnknown: true, "": false, "open": false,
	} {
		if got := state.Valid(); got != want {
			t.Errorf("%q: got %v, want %v", state, got, want)
		}
	}
}
