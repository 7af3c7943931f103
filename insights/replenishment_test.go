package insights

import (
	"errors"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// number reads a result's figure.
func number(t *testing.T, d Decimal) float64 {
	t.Helper()
	f, err := strconv.ParseFloat(string(d), 64)
	if err != nil {
		t.Fatalf("%q is not a number", d)
	}
	return f
}

// sharp is the first of the golden examples with what the others have to name too.
func sharp() Item {
	return Item{
		ProductID: "needle", ProductName: "Hypodermic needle", Demand: Demand{Mean: "1000", StdDev: "0"}, PeriodsPerYear: "1",
		LeadTime: Spread{Mean: "0"}, OrderingCost: "10", HoldingCost: "0.50", ServiceLevel: "0.5",
	}
}

// The worked examples are those of Jay Heizer and Barry Render, "Operations Management" (Pearson), chapter "Inventory
// Management", known by their titles because pages and numbers move between the editions. The book rounds z to two places
// and a result to whole units, so it is matched to the rounding that z brings. What an example does not give is -1 and not looked at.
func TestTheTextbooksWorkedExamples(t *testing.T) {
	type want struct{ orderQuantity, ordersPerYear, annualCost, safetyStock, reorderPoint, within float64 }
	tests := map[string]struct {
		change func(*Item)
		want   want
	}{
		// "Finding the optimal order size at Sharp, Inc.", and the two examples that go on with it: D = 1,000, S = $10,
		// H = $.50 give Q* = √(2·1,000·10/0.50) = √40,000 = 200 units, N = 1,000/200 = 5 orders a year, and
		// TC = 5·$10 + 200/2·$.50 = $50 + $50 = $100.
		"Sharp, Inc.": {func(*Item) {}, want{200, 5, 100, 0, 0, 0}},
		// The learning exercise below it: D = 1,200 gives Q* = 219.
		"Sharp, Inc., D = 1,200": {func(i *Item) { i.Demand.Mean = "1200" }, want{219.089, 5.4772, 109.5445, 0, 0, 0.001}},
		// "Computing the reorder point": 8,000 a year over 250 working days is d = 32 a day; L = 3 days: ROP = 96.
		"reorder point, nothing varies": {func(i *Item) {
			i.Demand.Mean, i.PeriodsPerYear, i.LeadTime.Mean = "32", "250", "3"
		}, want{math.Sqrt(2 * 8000 * 10 / 0.5), 8000 / math.Sqrt(320000), math.Sqrt(2 * 8000 * 10 * 0.5), 0, 96, 0.001}},
		// "Safety stock with probabilistic demand" at Memorial Hospital: μ = 350, σ = 10 during the lead time, 95 %:
		// SS = 1.65·10 = 16.5, ROP = 366.5. The lead time is the period here, so L = 1.
		"Memorial Hospital": {func(i *Item) {
			i.Demand, i.LeadTime.Mean, i.ServiceLevel = Demand{Mean: "350", StdDev: "10"}, "1", "0.95"
		}, want{-1, -1, -1, 16.5, 366.5, 0.1}},
		// "ROP for variable demand and constant lead time": 15 a day, σ = 5, L = 2 days, 90 %:
		// SS = 1.28·5·√2 = 1.28·5·1.41 = 9.02, ROP = 30 + 9.02 = 39.02.
		"demand varies": {func(i *Item) {
			i.Demand, i.LeadTime.Mean, i.ServiceLevel = Demand{Mean: "15", StdDev: "5"}, "2", "0.90"
		}, want{-1, -1, -1, 9.02, 39.02, 0.05}},
		// "ROP for constant demand and variable lead time", the solved problem on surgery packs: 60 a week, L = 6 weeks,
		// σL = 2 weeks, 90 %: SS = 1.28·60·2 = 153.6, ROP = 60·6 + 153.6 = 513.6.
		"lead time varies": {func(i *Item) {
			i.Demand, i.LeadTime, i.ServiceLevel = Demand{Mean: "60", StdDev: "0"}, Spread{Mean: "6", StdDev: "2"}, "0.90"
		}, want{-1, -1, -1, 153.6, 513.6, 0.25}},
		// "ROP for variable demand and variable lead time", nine-volt batteries: 150 packs a day, σ = 16, L = 5 days,
		// σL = 1 day, 95 %: σ = √(5·16² + 150²·1²) = √23,780 = 154, SS = 1.65·154 = 254, ROP = 750 + 254 = 1,004.
		"both vary": {func(i *Item) {
			i.Demand, i.LeadTime, i.ServiceLevel = Demand{Mean: "150", StdDev: "16"}, Spread{Mean: "5", StdDev: "1"}, "0.95"
		}, want{-1, -1, -1, 254, 1004, 1}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			item := sharp()
			tt.change(&item)
			r, err := Replenish(item)
			if err != nil {
				t.Fatal(err)
			}
			for figure, pair := range map[string]struct {
				got  Decimal
				want float64
			}{
				"order quantity": {r.OrderQuantity, tt.want.orderQuantity}, "orders per year": {r.OrdersPerYear, tt.want.ordersPerYear},
				"annual cost": {r.AnnualCost, tt.want.annualCost}, "safety stock": {r.SafetyStock, tt.want.safetyStock},
				"reorder point": {r.ReorderPoint, tt.want.reorderPoint},
			} {
				if got := number(t, pair.got); pair.want >= 0 && math.Abs(got-pair.want) > tt.want.within {
					t.Errorf("%s: got %s, want %g", figure, pair.got, pair.want)
				}
			}
		})
	}
}

// By hand: the series 10, 12, 14 has the mean 36/3 = 12 and the sample variance (4 + 0 + 4)/2 = 4, so σd = 2. With L = 4
// and z(0.95) = 1.644854: SS = 1.644854·2·√4 = 6.5794, ROP = 12·4 + 6.5794 = 54.5794. D = 12·52 = 624, H = 0.2·15 = 3,
// S = 26: EOQ = √(2·624·26/3) = √10,816 = 104, N = 6, C = 6·26 + 52·3 = 312.
func TestASeriesAndAHoldingRateAreWorkedOut(t *testing.T) {
	r, err := Replenish(Item{
		ProductID: "sled", Demand: Demand{Series: []Decimal{"10", "12", "14"}}, PeriodsPerYear: "52", LeadTime: Spread{Mean: "4"},
		OrderingCost: "26", HoldingRate: "0.2", UnitCost: "15.00", ServiceLevel: "0.95",
	})
	if err != nil {
		t.Fatal(err)
	}
	wantInputs := ReplenishmentInputs{
		DemandMean: "12", DemandStdDev: "2", DemandPeriods: 3, PeriodsPerYear: "52", AnnualDemand: "624", LeadTimeMean: "4",
		OrderingCost: "26", HoldingCost: "3", ServiceLevel: "0.95", Z: "1.6449",
	}
	if r.Inputs != wantInputs {
		t.Errorf("inputs: got %+v, want %+v", r.Inputs, wantInputs)
	}
	got := [...]Decimal{r.OrderQuantity, r.OrdersPerYear, r.AnnualCost, r.SafetyStock, r.ReorderPoint}
	if want := [...]Decimal{"104", "6", "312", "6.5794", "54.5794"}; got != want || r.Variability != DemandOnly {
		t.Errorf("got %v (%s), want %v", got, r.Variability, want)
	}
	worked := map[string]string{}
	for _, f := range r.Formulas {
		worked[f.Name] = f.Text + "; " + f.Worked
	}
	for name, want := range map[string]string{
		"economicOrderQuantity": "EOQ = √(2·D·S / H); √(2 × 624 × 26 / 3) = 104",
		"annualCost":            "C = D/EOQ·S + EOQ/2·H; 6 × 26 + 104 / 2 × 3 = 312",
		"safetyStock":           "SS = z·σd·√L; 1.6449 × 2 × √4 = 6.5794",
		"reorderPoint":          "ROP = d·L + SS; 12 × 4 + 6.5794 = 54.5794",
	} {
		if worked[name] != want {
			t.Errorf("%s: got %q, want %q", name, worked[name], want)
		}
	}
}

func TestTheFormulaShownIsTheOneThatWasUsed(t *testing.T) {
	item := sharp()
	item.LeadTime = Spread{Mean: "4", StdDev: "0"}
	item.Demand.StdDev, item.ServiceLevel = "3", "0.95"
	both, err := Replenish(item)
	if err != nil {
		t.Fatal(err)
	}
	item.LeadTime.StdDev = ""
	demandOnly, err := Replenish(item)
	if err != nil {
		t.Fatal(err)
	}
	if both.SafetyStock != demandOnly.SafetyStock {
		t.Errorf("a lead time that varies by 0 gives %s, a constant one %s", both.SafetyStock, demandOnly.SafetyStock)
	}
	if both.Variability != DemandAndLeadTime || !strings.Contains(both.Formulas[2].Text, "σL") {
		t.Errorf("got %s by %s", both.Variability, both.Formulas[2].Text)
	}
	if demandOnly.Variability != DemandOnly || strings.Contains(demandOnly.Formulas[2].Text, "σL") || demandOnly.Inputs.LeadTimeStdDev != "" {
		t.Errorf("got %s by %s", demandOnly.Variability, demandOnly.Formulas[2].Text)
	}
}

func TestNothingIsOrderedOfWhatNobodyAsksFor(t *testing.T) {
	item := sharp()
	item.Demand = Demand{Series: []Decimal{"0", "0", "0"}}
	r, err := Replenish(item)
	if err != nil {
		t.Fatal(err)
	}
	got := [...]Decimal{r.OrderQuantity, r.OrdersPerYear, r.AnnualCost, r.SafetyStock, r.ReorderPoint}
	if want := [...]Decimal{"0", "0", "0", "0", "0"}; got != want {
		t.Errorf("got %v", got)
	}
}

func TestAnUnusableInputIsNamed(t *testing.T) {
	for param, change := range map[string]func(*Item){
		"demand.mean":      func(i *Item) { i.Demand = Demand{} },
		"demand.stdDev":    func(i *Item) { i.Demand = Demand{Series: []Decimal{"5"}} }, // one period has no deviation
		"demand.series[1]": func(i *Item) { i.Demand = Demand{Series: []Decimal{"5", "many"}} },
		"periodsPerYear":   func(i *Item) { i.PeriodsPerYear = "0" },
		"leadTime.mean":    func(i *Item) { i.LeadTime.Mean = "-1" },
		"leadTime.stdDev":  func(i *Item) { i.LeadTime.StdDev = "-1" },
		"orderingCost":     func(i *Item) { i.OrderingCost = "" },
		"holdingCost":      func(i *Item) { i.HoldingCost = "" },
		"holdingRate":      func(i *Item) { i.HoldingCost, i.HoldingRate = "", "-0.2" },
		"unitCost":         func(i *Item) { i.HoldingCost, i.HoldingRate = "", "0.2" },
		"serviceLevel":     func(i *Item) { i.ServiceLevel = "95" }, // per cent
	} {
		item := sharp()
		change(&item)
		_, err := Replenish(item)
		var refused *Error
		if !errors.As(err, &refused) || refused.Param != param {
			t.Errorf("got %v, want an Error that names %s", err, param)
		}
	}
	item := sharp()
	item.Demand = Demand{Series: []Decimal{"-5", "1"}}
	if _, err := Replenish(item); err == nil {
		t.Error("a negative mean demand was taken")
	}
}

func TestNoOtherOrderSizeCostsLess(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same numbers in every run are the point
	for range 5000 {
		demand, ordering, holding := 1e6*r.Float64()+0.01, 1e4*r.Float64()+0.01, 1e3*r.Float64()+0.01
		best := orderQuantity(demand, ordering, holding)
		least := annualCost(demand, ordering, holding, best)
		for _, factor := range []float64{0.01, 0.5, 0.9, 0.999, 1.001, 1.1, 2, 100, 0.5 + r.Float64()} {
			if cost := annualCost(demand, ordering, holding, best*factor); cost < least*(1-1e-12) {
				t.Fatalf("D=%g S=%g H=%g: %g units cost %g, the EOQ %g costs %g", demand, ordering, holding, best*factor, cost, best, least)
			}
		}
		if order, hold := demand/best*ordering, best/2*holding; math.Abs(order-hold) > 1e-9*order {
			t.Fatalf("at the EOQ ordering costs %g and holding %g", order, hold)
		}
	}
}

// More safety is never asked for with less stock, and more variation neither.
func TestSafetyStockGrowsWithServiceAndWithVariation(t *testing.T) {
	stock := func(service, demandSD, leadSD Decimal) float64 {
		item := sharp()
		item.Demand = Demand{Mean: "20", StdDev: demandSD}
		item.LeadTime, item.ServiceLevel = Spread{Mean: "3", StdDev: leadSD}, service
		r, err := Replenish(item)
		if err != nil {
			t.Fatal(err)
		}
		return number(t, r.SafetyStock)
	}
	last := -1.0
	for _, service := range []Decimal{"0.5", "0.6", "0.8", "0.9", "0.95", "0.99", "0.999", "0.99999"} {
		if s := stock(service, "4", "1"); s <= last {
			t.Errorf("service %s: %g after %g", service, s, last)
		} else {
			last = s
		}
	}
	if a, b, c := stock("0.9", "4", "1"), stock("0.9", "5", "1"), stock("0.9", "5", "2"); a >= b || b >= c {
		t.Errorf("got %g, %g, %g, want them rising", a, b, c)
	}
}
