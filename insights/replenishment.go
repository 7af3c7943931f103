package insights

import (
	"fmt"
	"math"
	"math/big"
)

// Item is a product with all that is needed to say how much of it to order and when. Demand and lead time count in the
// same period; PeriodsPerYear says which: 365 for days, 52 for weeks, 12 for months.
type Item struct {
	ProductID      string
	ProductName    string
	Demand         Demand
	PeriodsPerYear Decimal // > 0
	LeadTime       Spread  // periods from order to shelf; without StdDev it is constant
	OrderingCost   Decimal // per order, whatever its size, > 0
	HoldingCost    Decimal // per unit and year, > 0; HoldingRate × UnitCost when ""
	HoldingRate    Decimal // share of a unit's cost per year, such as 0.2
	UnitCost       Decimal
	ServiceLevel   Decimal // share of order cycles that must not run out, 0.5 to 0.99999
}

// Variability says what the safety stock protects from.
type Variability string

// The variants of the safety stock.
const (
	DemandOnly        Variability = "demand"               // lead time is constant
	DemandAndLeadTime Variability = "demand_and_lead_time" // both vary, independently of each other
)

// Formula is one step of a result: the formula, and the formula with the numbers in it.
type Formula struct {
	Name   string `json:"name"`
	Text   string `json:"formula"`
	Worked string `json:"worked"`
}

// ReplenishmentInputs are the numbers a Replenishment was made of, with the symbols of its formulas.
type ReplenishmentInputs struct {
	DemandMean     Decimal `json:"demandMean"`    // d, per period
	DemandStdDev   Decimal `json:"demandStdDev"`  // σd
	DemandPeriods  int     `json:"demandPeriods"` // length of the series; 0 where mean and deviation were given
	PeriodsPerYear Decimal `json:"periodsPerYear"`
	AnnualDemand   Decimal `json:"annualDemand"`   // D
	LeadTimeMean   Decimal `json:"leadTimeMean"`   // L, periods
	LeadTimeStdDev Decimal `json:"leadTimeStdDev"` // σL; null for a constant lead time
	OrderingCost   Decimal `json:"orderingCost"`   // S
	HoldingCost    Decimal `json:"holdingCost"`    // H, per unit and year
	ServiceLevel   Decimal `json:"serviceLevel"`   // p
	Z              Decimal `json:"z"`              // standard normal quantile of p
}

// Replenishment says how much to order and at which stock. Quantities are not rounded to whole units or packs: the
// merchant knows the packs.
type Replenishment struct {
	ProductID     string              `json:"productId"`
	ProductName   string              `json:"productName"`
	OrderQuantity Decimal             `json:"economicOrderQuantity"`
	OrdersPerYear Decimal             `json:"ordersPerYear"`
	AnnualCost    Decimal             `json:"annualCost"` // of ordering and holding the order quantity; the safety stock's holding is not in it
	SafetyStock   Decimal             `json:"safetyStock"`
	ReorderPoint  Decimal             `json:"reorderPoint"`
	Variability   Variability         `json:"variability"`
	Inputs        ReplenishmentInputs `json:"inputs"`
	Formulas      []Formula           `json:"formulas"`
}

// Replenish works one product out. A product nobody asks for has an order quantity of 0. Errors are *Error and name the
// parameter: demand.mean, demand.stdDev, demand.series[3], periodsPerYear, leadTime.mean, leadTime.stdDev, orderingCost,
// holdingCost, holdingRate, unitCost, serviceLevel.
func Replenish(item Item) (Replenishment, error) {
	in, err := item.read()
	if err != nil {
		return Replenishment{}, err
	}
	eoq := orderQuantity(in.annual, in.ordering, in.holding)
	during := demandDuring(in.demand, in.lead)
	safety := in.z * during
	expected := float(in.demand.mean) * float(in.lead.mean)
	r := Replenishment{
		ProductID: item.ProductID, ProductName: item.ProductName,
		OrderQuantity: rounded(eoq), OrdersPerYear: "0", AnnualCost: rounded(annualCost(in.annual, in.ordering, in.holding, eoq)),
		SafetyStock: rounded(safety), ReorderPoint: rounded(expected + safety),
		Variability: DemandOnly, Inputs: in.shown(item),
	}
	if eoq > 0 {
		r.OrdersPerYear = rounded(in.annual / eoq)
	}
	if item.LeadTime.StdDev != "" {
		r.Variability = DemandAndLeadTime
	}
	r.Formulas = r.formulas()
	return r, nil
}

// readItem is an Item whose numbers are known to be usable.
type readItem struct {
	demand, lead      moments
	perYear           *big.Rat
	annualExact       *big.Rat
	holdingExact      *big.Rat
	annual            float64
	ordering, holding float64
	z                 float64
}

func (i Item) read() (in readItem, err error) {
	if in.demand, err = i.Demand.moments(); err != nil {
		return in, err
	}
	if in.perYear, err = aboveZero("periodsPerYear", i.PeriodsPerYear); err != nil {
		return in, err
	}
	if in.lead, err = leadMoments(i.LeadTime); err != nil {
		return in, err
	}
	ordering, err := aboveZero("orderingCost", i.OrderingCost)
	if err != nil {
		return in, err
	}
	if in.holdingExact, err = i.holding(); err != nil {
		return in, err
	}
	if in.z, err = quantileOfService(i.ServiceLevel); err != nil {
		return in, err
	}
	in.annualExact = new(big.Rat).Mul(in.demand.mean, in.perYear)
	in.annual, in.ordering, in.holding = float(in.annualExact), float(ordering), float(in.holdingExact)
	return in, nil
}

// holding is the cost of keeping one unit for a year: given, or a share of what the unit costs.
func (i Item) holding() (*big.Rat, error) {
	if i.HoldingCost != "" || i.HoldingRate == "" {
		return aboveZero("holdingCost", i.HoldingCost)
	}
	rate, err := aboveZero("holdingRate", i.HoldingRate)
	if err != nil {
		return nil, err
	}
	cost, err := aboveZero("unitCost", i.UnitCost)
	if err != nil {
		return nil, err
	}
	return rate.Mul(rate, cost), nil
}

func (in readItem) shown(i Item) ReplenishmentInputs {
	out := ReplenishmentInputs{
		DemandMean: written(in.demand.mean), DemandStdDev: rounded(in.demand.sd), DemandPeriods: len(i.Demand.Series),
		PeriodsPerYear: i.PeriodsPerYear, AnnualDemand: written(in.annualExact),
		LeadTimeMean: i.LeadTime.Mean, OrderingCost: i.OrderingCost, HoldingCost: written(in.holdingExact),
		ServiceLevel: i.ServiceLevel, Z: rounded(in.z),
	}
	if i.LeadTime.StdDev != "" {
		out.LeadTimeStdDev = rounded(in.lead.sd)
	}
	return out
}

// orderQuantity is the order size at which ordering and holding together cost the least: √(2DS/H), for a demand
// of D units a year, S per order and H > 0 per unit and year (F. W. Harris, "How Many Parts to Make at Once", Factory 10,
// 1913).
func orderQuantity(annualDemand, orderingCost, holdingCost float64) float64 {
	return math.Sqrt(2 * annualDemand * orderingCost / holdingCost)
}

// annualCost is what ordering and holding cost in a year with orders of a given size: D/Q·S + Q/2·H. Nothing is ordered
// and nothing is held for a quantity of 0.
func annualCost(annualDemand, orderingCost, holdingCost, quantity float64) float64 {
	if quantity == 0 {
		return 0
	}
	return annualDemand/quantity*orderingCost + quantity/2*holdingCost
}

// formulas writes the result down the way one would on paper.
func (r Replenishment) formulas() []Formula {
	in := r.Inputs
	safety := Formula{Name: "safetyStock", Text: "SS = z·σd·√L",
		Worked: fmt.Sprintf("%s × %s × √%s = %s", in.Z, in.DemandStdDev, in.LeadTimeMean, r.SafetyStock)}
	if r.Variability == DemandAndLeadTime {
		safety.Text = "SS = z·√(L·σd² + d²·σL²)"
		safety.Worked = fmt.Sprintf("%s × √(%s × %s² + %s² × %s²) = %s",
			in.Z, in.LeadTimeMean, in.DemandStdDev, in.DemandMean, in.LeadTimeStdDev, r.SafetyStock)
	}
	return []Formula{
		{"economicOrderQuantity", "EOQ = √(2·D·S / H)",
			fmt.Sprintf("√(2 × %s × %s / %s) = %s", in.AnnualDemand, in.OrderingCost, in.HoldingCost, r.OrderQuantity)},
		{"annualCost", "C = D/EOQ·S + EOQ/2·H", fmt.Sprintf("%s × %s + %s / 2 × %s = %s",
			r.OrdersPerYear, in.OrderingCost, r.OrderQuantity, in.HoldingCost, r.AnnualCost)},
		safety,
		{"reorderPoint", "ROP = d·L + SS", fmt.Sprintf("%s × %s + %s = %s", in.DemandMean, in.LeadTimeMean, r.SafetyStock, r.ReorderPoint)},
	}
}
