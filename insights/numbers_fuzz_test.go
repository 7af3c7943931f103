package insights

import (
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"
)

// usable holds a result to be JSON, and an error to be one of ours that quotes nothing.
func usable(t *testing.T, result any, err error) {
	t.Helper()
	var e *Error
	if err != nil {
		if !errors.As(err, &e) || e.Param == "" || e.Reason == "" {
			t.Errorf("%v", err)
		}
		return
	}
	if text, err := json.Marshal(result); err != nil || !json.Valid(text) {
		t.Errorf("%+v is no JSON: %v", result, err)
	}
}

var numbers = []string{"0", "1", "-1.50", "1e30", "1e999999999", "1e-30", "999999999999999999", "0.000000000000000000000000000000000001", "NaN", "0x1p4", "1_0", " 1", "", "٣", "1e+18"}

// What is taken for a number is within its bounds and stays exact when it is written.
func FuzzDecimal(f *testing.F) {
	for _, n := range numbers {
		f.Add(n)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := exact("x", Decimal(text))
		usable(t, Decimal("1"), err)
		if err != nil {
			return
		}
		again, ok := new(big.Rat).SetString(string(written(r)))
		if !ok || again.Cmp(r) != 0 || new(big.Rat).Abs(r).Cmp(largest) > 0 {
			t.Errorf("%q became %s", text, written(r))
		}
	})
}

// Whatever is asked of the figures, they end, and what comes of them is JSON.
func FuzzFigures(f *testing.F) {
	for i, n := range numbers {
		f.Add(n, numbers[(i+1)%len(numbers)], "0.95", n, "2026-01-01", "2026-01-31", "day")
	}
	f.Add("3", "4", "0.5", "1", "0000-01-01", "9999-12-31", "month")
	f.Add("3", "4", "0.99999", "1e18", "2026-01-31", "2026-01-01", "week")
	f.Add("1e-30", "1e-30", "0.9", "1e-30", "0001-01-01", "0001-01-07", "week")
	f.Fuzz(func(t *testing.T, a, b, service, cost, from, to, unit string) {
		x, y := Decimal(a), Decimal(b)
		r, err := Replenish(Item{
			ProductID: "1", Demand: Demand{Series: []Decimal{x, y, "3"}}, PeriodsPerYear: "365", LeadTime: Spread{Mean: x, StdDev: y},
			OrderingCost: Decimal(cost), HoldingRate: x, UnitCost: y, ServiceLevel: Decimal(service),
		})
		usable(t, r, err)
		if err == nil && (strings.HasPrefix(string(r.OrderQuantity), "-") || strings.HasPrefix(string(r.SafetyStock), "-")) {
			t.Errorf("order %s, keep %s", r.OrderQuantity, r.SafetyStock)
		}
		abc, err := Classify([]Value{{"1", a, x}, {"2", b, y}, {"1", "", y}}, Thresholds{A: Decimal(service), B: Decimal(cost)})
		usable(t, abc, err)
		series, err := SalesSeries(SeriesQuery{From: from, To: to, Unit: Unit(unit), Zone: time.UTC},
			[]Sale{{Day: from, OrderID: a, Quantity: x, Amount: y}, {Day: to, OrderID: b, Quantity: y}})
		usable(t, series, err)
		if err == nil && len(series.Points) > maxDays {
			t.Errorf("%d points", len(series.Points))
		}
	})
}
