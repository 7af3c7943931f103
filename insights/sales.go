package insights

import (
	"cmp"
	"fmt"
	"math/big"
	"time"
)

// Sale is one line of what was sold. Its day is Day where the ERP tells only that, else the calendar day of At in the
// series' time zone.
type Sale struct {
	Day      string // such as "2026-01-31"; "" looks at At
	At       time.Time
	OrderID  string  // counts orders; "" counts none
	Quantity Decimal // "" is not told, and counts nothing
	Amount   Decimal // "" is not told, and counts nothing
}

// Unit is how long one point of a series lasts.
type Unit string

// The units of a series.
const (
	ByDay   Unit = "day"
	ByWeek  Unit = "week"  // ISO 8601: Monday to Sunday
	ByMonth Unit = "month" // a calendar month
)

// SeriesQuery says what a series is made of. From and To are days, both included.
type SeriesQuery struct {
	From, To string // such as "2026-01-31"
	Unit     Unit
	Zone     *time.Location // whose calendar days count
}

// maxDays bounds a series: ten years of days.
const maxDays = 3660

// Point is one period of a series, also one in which nothing was sold.
type Point struct {
	Label    string  `json:"label"` // 2026-01-31, 2026-W05 or 2026-01
	From     string  `json:"from"`  // the period's first day that was asked for
	To       string  `json:"to"`    // its last
	Partial  bool    `json:"partial"`
	Orders   int     `json:"orders"` // different order ids
	Quantity Decimal `json:"quantity"`
	Amount   Decimal `json:"amount"`
}

// Series is sales over time without gaps. Orders of the whole may be fewer than the sum of the points': an order that
// was sold on two days counts in both.
type Series struct {
	From     string    `json:"from"`
	To       string    `json:"to"`
	Unit     Unit      `json:"unit"`
	Zone     string    `json:"timeZone"`
	Points   []Point   `json:"points"`
	Orders   int       `json:"orders"`
	Quantity Decimal   `json:"quantity"`
	Amount   Decimal   `json:"amount"`
	Outside  int       `json:"outside"` // lines whose day was not asked for; they count nowhere
	Untold   int       `json:"untold"`  // lines without an amount; their quantity counts
	Formulas []Formula `json:"formulas"`
}

// SalesSeries adds sales up by day, week or month. Errors are *Error and name the parameter: from, to, unit, zone,
// sales[3].day, sales[3].quantity, sales[3].amount.
func SalesSeries(q SeriesQuery, sales []Sale) (Series, error) {
	from, to, err := q.read()
	if err != nil {
		return Series{}, err
	}
	out := Series{From: q.From, To: q.To, Unit: q.Unit, Zone: q.Zone.String()}
	buckets, places := emptyBuckets(q.Unit, from, to)
	whole := newBucket()
	for i, s := range sales {
		line, err := s.read(i, q.Zone)
		if err != nil {
			return Series{}, err
		}
		if line.day.Before(from) || line.day.After(to) {
			out.Outside++
			continue
		}
		if s.Amount == "" {
			out.Untold++
		}
		buckets[places[periodStart(q.Unit, line.day)]].add(line)
		whole.add(line)
	}
	out.Orders, out.Quantity, out.Amount = len(whole.orders), written(whole.quantity), written(whole.amount)
	out.Points = points(q.Unit, buckets)
	out.Formulas = seriesFormulas(out)
	return out, nil
}

// read gives the bounds as midnights in UTC: there a day is 24 h, whatever the zone's clocks do.
func (q SeriesQuery) read() (from, to time.Time, err error) {
	if from, err = parseDay("from", q.From); err != nil {
		return from, to, err
	}
	if to, err = parseDay("to", q.To); err != nil {
		return from, to, err
	}
	switch {
	case q.Unit != ByDay && q.Unit != ByWeek && q.Unit != ByMonth:
		return from, to, refuse("unit", "must be day, week or month")
	case q.Zone == nil:
		return from, to, refuse("zone", "is required")
	case to.Before(from):
		return from, to, refuse("to", "must not be before from")
	case to.Sub(from) >= maxDays*24*time.Hour:
		return from, to, refuse("to", fmt.Sprintf("must be less than %d days after from", maxDays))
	}
	return from, to, nil
}

func parseDay(param, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, refuse(param, "is required")
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return time.Time{}, refuse(param, "is not a day such as 2026-01-31")
	}
	return day, nil
}

// soldLine is a Sale whose numbers are known to be usable.
type soldLine struct {
	day              time.Time
	order            string
	quantity, amount *big.Rat
}

func (s Sale) read(i int, zone *time.Location) (line soldLine, err error) {
	line.order = s.OrderID
	day := s.Day
	if day == "" && !s.At.IsZero() {
		day = s.At.In(zone).Format(time.DateOnly)
	}
	if line.day, err = parseDay(fmt.Sprintf("sales[%d].day", i), day); err != nil {
		return line, err
	}
	if line.quantity, err = exact(fmt.Sprintf("sales[%d].quantity", i), cmp.Or(s.Quantity, "0")); err != nil {
		return line, err
	}
	line.amount, err = exact(fmt.Sprintf("sales[%d].amount", i), cmp.Or(s.Amount, "0"))
	return line, err
}

// bucket is a period being added up.
type bucket struct {
	start, from, to  time.Time // the period's first day, and what of it was asked for
	orders           map[string]struct{}
	quantity, amount *big.Rat
}

func newBucket() *bucket {
	return &bucket{orders: map[string]struct{}{}, quantity: new(big.Rat), amount: new(big.Rat)}
}

func (b *bucket) add(line soldLine) {
	b.quantity.Add(b.quantity, line.quantity)
	b.amount.Add(b.amount, line.amount)
	if line.order != "" {
		b.orders[line.order] = struct{}{}
	}
}

// emptyBuckets are all the periods that touch the days asked for, oldest first, and where each one is by its start.
func emptyBuckets(unit Unit, from, to time.Time) ([]*bucket, map[time.Time]int) {
	var buckets []*bucket
	places := map[time.Time]int{}
	for start := periodStart(unit, from); !start.After(to); start = nextPeriod(unit, start) {
		b := newBucket()
		b.start, b.from, b.to = start, start, nextPeriod(unit, start).AddDate(0, 0, -1)
		if b.from.Before(from) {
			b.from = from
		}
		if b.to.After(to) {
			b.to = to
		}
		places[start] = len(buckets)
		buckets = append(buckets, b)
	}
	return buckets, places
}

func periodStart(unit Unit, day time.Time) time.Time {
	switch unit {
	case ByWeek:
		sinceMonday := (int(day.Weekday()) + 6) % 7
		return day.AddDate(0, 0, -sinceMonday)
	case ByMonth:
		return day.AddDate(0, 0, 1-day.Day())
	default:
		return day
	}
}

func nextPeriod(unit Unit, start time.Time) time.Time {
	switch unit {
	case ByWeek:
		return start.AddDate(0, 0, 7)
	case ByMonth:
		return start.AddDate(0, 1, 0)
	default:
		return start.AddDate(0, 0, 1)
	}
}

func points(unit Unit, buckets []*bucket) []Point {
	list := make([]Point, len(buckets))
	for i, b := range buckets {
		list[i] = Point{
			Label: label(unit, b.start), From: b.from.Format(time.DateOnly), To: b.to.Format(time.DateOnly),
			Partial: !b.from.Equal(b.start) || !b.to.AddDate(0, 0, 1).Equal(nextPeriod(unit, b.start)),
			Orders:  len(b.orders), Quantity: written(b.quantity), Amount: written(b.amount),
		}
	}
	return list
}

// label names a period; a week belongs to the year its Thursday is in (ISO 8601).
func label(unit Unit, start time.Time) string {
	switch unit {
	case ByWeek:
		year, week := start.ISOWeek()
		return fmt.Sprintf("%04d-W%02d", year, week)
	case ByMonth:
		return start.Format("2006-01")
	default:
		return start.Format(time.DateOnly)
	}
}

func seriesFormulas(s Series) []Formula {
	return []Formula{
		{"amount", "amount(period) = Σ amount of the lines whose calendar day lies in it",
			fmt.Sprintf("Σ over %d × %s in %s = %s", len(s.Points), s.Unit, s.Zone, s.Amount)},
		{"quantity", "quantity(period) = Σ quantity of the same lines", fmt.Sprintf("Σ = %s", s.Quantity)},
	}
}
