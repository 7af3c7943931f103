package gateway

import (
	"cmp"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"time"

	"snowgate/erpclient"
	"snowgate/insights"
)

// Small merchants' figures (小商户经营分析) are worked out from what the ERP says at this moment; nothing of it is kept.

// Bounds on how far back the figures look, in days.
const (
	maxInsightDays   = 731
	usualSalesDays   = 90
	usualClassesDays = 365
)

// salesSeries is GET /api/insights/sales?by=day|week|month&from&to.
func (s *Server) salesSeries(c *call) error {
	values, err := c.query()
	if err != nil {
		return err
	}
	from, to, err := s.period(values, usualSalesDays)
	if err != nil {
		return err
	}
	unit := insights.Unit(cmp.Or(values.Get("by"), string(insights.ByDay)))
	if unit != insights.ByDay && unit != insights.ByWeek && unit != insights.ByMonth {
		return badField.in("by")
	}
	sales, err := s.deps.Sales.Sales(c.Request().Context(), c.identity(), from, to)
	if err != nil {
		return err
	}
	lines := make([]insights.Sale, len(sales))
	for i, x := range sales {
		lines[i] = insights.Sale{Day: string(x.Day), OrderID: x.OrderID, Quantity: insights.Decimal(x.Quantity), Amount: insights.Decimal(x.Amount)}
	}
	series, err := insights.SalesSeries(insights.SeriesQuery{From: string(from), To: string(to), Unit: unit, Zone: s.cfg.Zone}, lines)
	if err != nil {
		return insightFault(err)
	}
	return c.ok(struct {
		insights.Series
		provenance
	}{series, c.provenance()})
}

// classes is GET /api/insights/abc?days&a&b.
func (s *Server) classes(c *call) error {
	values, err := c.query()
	if err != nil {
		return err
	}
	from, to, err := s.period(values, usualClassesDays)
	if err != nil {
		return err
	}
	sales, err := s.deps.Sales.Sales(c.Request().Context(), c.identity(), from, to)
	if err != nil {
		return err
	}
	worth := make([]insights.Value, 0, len(sales))
	for _, x := range sales {
		if x.Amount != "" { // an ERP that does not tell leaves nothing to classify by
			worth = append(worth, insights.Value{ProductID: x.ProductID, ProductName: x.ProductName, Value: insights.Decimal(x.Amount)})
		}
	}
	abc, err := insights.Classify(worth, insights.Thresholds{A: insights.Decimal(values.Get("a")), B: insights.Decimal(values.Get("b"))})
	if err != nil {
		return insightFault(err)
	}
	return c.ok(struct {
		insights.ABC
		From erpclient.Day `json:"from"`
		To   erpclient.Day `json:"to"`
		provenance
	}{abc, from, to, c.provenance()})
}

// replenishment is GET /api/insights/replenishment?productId&days&leadTimeDays&leadTimeStdDev&orderingCost&holdingCost&
// holdingRate&unitCost&serviceLevel: what to order and when, per product that was sold. The demand is the ERP's; what it
// does not know is the merchant's to say.
func (s *Server) replenishment(c *call) error {
	values, err := c.query()
	if err != nil {
		return err
	}
	from, to, err := s.period(values, usualSalesDays)
	if err != nil {
		return err
	}
	productID := values.Get("productId")
	if productID != "" && !validID(productID) {
		return badID.in("productId")
	}
	sales, err := s.deps.Sales.Sales(c.Request().Context(), c.identity(), from, to)
	if err != nil {
		return err
	}
	list, err := replenish(demandOf(sales, productID), daysOf(from, to), values)
	if err != nil {
		return insightFault(err)
	}
	return c.ok(struct {
		Products []insights.Replenishment `json:"products"`
		From     erpclient.Day            `json:"from"`
		To       erpclient.Day            `json:"to"`
		provenance
	}{list, from, to, c.provenance()})
}

// demand is what was sold of a product, by day.
type demand struct {
	productID, name string
	byDay           map[erpclient.Day]insights.Decimal
}

func demandOf(sales []erpclient.Sale, productID string) []demand {
	byID := map[string]*demand{}
	for _, x := range sales {
		if productID != "" && x.ProductID != productID || x.Quantity == "" || x.ProductID == "" {
			continue
		}
		d := byID[x.ProductID]
		if d == nil {
			d = &demand{x.ProductID, x.ProductName, map[erpclient.Day]insights.Decimal{}}
			byID[x.ProductID] = d
		}
		d.byDay[x.Day] = insights.Sum(d.byDay[x.Day], insights.Decimal(x.Quantity))
	}
	list := make([]demand, 0, len(byID))
	for _, d := range byID {
		list = append(list, *d)
	}
	slices.SortFunc(list, func(a, b demand) int { return cmp.Compare(a.productID, b.productID) })
	return list
}

func replenish(demands []demand, days []erpclient.Day, values url.Values) ([]insights.Replenishment, error) {
	value := func(name, absent string) insights.Decimal { return insights.Decimal(cmp.Or(values.Get(name), absent)) }
	list := make([]insights.Replenishment, 0, len(demands))
	for _, d := range demands {
		series := make([]insights.Decimal, len(days))
		for i, day := range days {
			series[i] = cmp.Or(d.byDay[day], "0") // a day without a sale counts
		}
		r, err := insights.Replenish(insights.Item{
			ProductID: d.productID, ProductName: d.name, Demand: insights.Demand{Series: series}, PeriodsPerYear: "365",
			LeadTime:     insights.Spread{Mean: value("leadTimeDays", "7"), StdDev: value("leadTimeStdDev", "")},
			OrderingCost: value("orderingCost", ""), HoldingCost: value("holdingCost", ""), HoldingRate: value("holdingRate", ""),
			UnitCost: value("unitCost", ""), ServiceLevel: value("serviceLevel", "0.95"),
		})
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, nil
}

// period is from and to, or the last days.
func (s *Server) period(values url.Values, usual int) (from, to erpclient.Day, err error) {
	days := usual
	if text := values.Get("days"); text != "" {
		if days, err = strconv.Atoi(text); err != nil || days < 1 || days > maxInsightDays {
			return "", "", badField.in("days")
		}
	}
	last, err := dayOf(values, "to", s.cfg.Now().In(s.cfg.Zone))
	if err != nil {
		return "", "", err
	}
	first, err := dayOf(values, "from", last.AddDate(0, 0, 1-days))
	if err != nil {
		return "", "", err
	}
	if first.After(last) || last.Sub(first) > maxInsightDays*24*time.Hour {
		return "", "", badField.in("from")
	}
	return erpclient.Day(first.Format(time.DateOnly)), erpclient.Day(last.Format(time.DateOnly)), nil
}

func dayOf(values url.Values, name string, absent time.Time) (time.Time, error) {
	text := values.Get(name)
	if text == "" {
		text = absent.Format(time.DateOnly)
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return day, badField.in(name)
	}
	return day, nil
}

// daysOf are all days from one to another.
func daysOf(from, to erpclient.Day) (days []erpclient.Day) {
	first, _ := time.Parse(time.DateOnly, string(from)) // both come from period
	last, _ := time.Parse(time.DateOnly, string(to))
	for d := first; !d.After(last); d = d.AddDate(0, 0, 1) {
		days = append(days, erpclient.Day(d.Format(time.DateOnly)))
	}
	return days
}

// insightParams are the query's names for the parameters of the figures.
var insightParams = map[string]string{
	"leadTime.mean": "leadTimeDays", "leadTime.stdDev": "leadTimeStdDev", "orderingCost": "orderingCost", "holdingCost": "holdingCost",
	"holdingRate": "holdingRate", "unitCost": "unitCost", "serviceLevel": "serviceLevel", "threshold.a": "a", "threshold.b": "b",
	"from": "from", "to": "to", "demand.stdDev": "days", // a deviation takes two days at least
}

// insightFault names the parameter that cannot be used. One that is none of the caller's is the ERP's.
func insightFault(err error) error {
	var e *insights.Error
	if !errors.As(err, &e) {
		return err
	}
	if name, ok := insightParams[e.Param]; ok {
		return &fault{problem: badField, field: name, cause: err}
	}
	return erpBadAnswer.because(err)
}
