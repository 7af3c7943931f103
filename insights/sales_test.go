package insights

import (
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Skipf("no time zones here: %v", err)
	}
	return z
}

// told is a series in few words.
func told(s Series) []string {
	var list []string
	for _, p := range s.Points {
		line := fmt.Sprintf("%s %s..%s %d orders %s for %s", p.Label, p.From, p.To, p.Orders, p.Quantity, p.Amount)
		if p.Partial {
			line += " partial"
		}
		list = append(list, line)
	}
	return list
}

func TestSalesByDayWeekAndMonthWithoutGaps(t *testing.T) {
	sales := []Sale{
		{Day: "2025-12-29", OrderID: "1", Quantity: "2", Amount: "0.1"},
		{Day: "2025-12-29", OrderID: "1", Quantity: "1", Amount: "0.2"},
		{Day: "2026-01-01", OrderID: "2", Quantity: "1.5", Amount: "10"},
		{Day: "2026-01-01", OrderID: "3", Quantity: "-1", Amount: "-4.05"}, // a return
		{Day: "2026-01-12", OrderID: "4", Quantity: "1", Amount: ""},
		{Day: "2026-02-01", OrderID: "5", Quantity: "9", Amount: "9"}, // not asked for
	}
	for unit, want := range map[Unit][]string{
		ByDay: {
			"2025-12-31 2025-12-31..2025-12-31 0 orders 0 for 0", "2026-01-01 2026-01-01..2026-01-01 2 orders 0.5 for 5.95",
			"2026-01-02 2026-01-02..2026-01-02 0 orders 0 for 0",
		},
		// 29 December 2025 is a Monday, and its Thursday is 1 January: week 1 of 2026.
		ByWeek: {
			"2026-W01 2025-12-29..2026-01-04 3 orders 3.5 for 6.25", "2026-W02 2026-01-05..2026-01-11 0 orders 0 for 0",
			"2026-W03 2026-01-12..2026-01-14 1 orders 1 for 0 partial",
		},
		ByMonth: {
			"2025-12 2025-12-15..2025-12-31 1 orders 3 for 0.3 partial", "2026-01 2026-01-01..2026-01-31 3 orders 1.5 for 5.95",
		},
	} {
		q := map[Unit]SeriesQuery{
			ByDay:   {From: "2025-12-31", To: "2026-01-02"},
			ByWeek:  {From: "2025-12-29", To: "2026-01-14"},
			ByMonth: {From: "2025-12-15", To: "2026-01-31"},
		}[unit]
		q.Unit, q.Zone = unit, time.UTC
		got, err := SalesSeries(q, sales)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(told(got), want) {
			t.Errorf("%s: got %q\nwant %q", unit, told(got), want)
		}
	}
}

// An instant belongs to the day the zone's wall calendar shows: half past four in the afternoon in UTC is tomorrow in
// Shanghai. Where clocks change, a day has 23 or 25 hours and is one day all the same.
func TestADayIsTheZonesCalendarDay(t *testing.T) {
	instants := func(texts ...string) (sales []Sale) {
		for _, text := range texts {
			at, err := time.Parse(time.RFC3339, text)
			if err != nil {
				t.Fatal(err)
			}
			sales = append(sales, Sale{At: at, Amount: "1"})
		}
		return sales
	}
	tests := map[string]struct {
		zone     string
		from, to string
		sales    []Sale
		want     []Decimal
	}{
		"Shanghai": {"Asia/Shanghai", "2026-01-31", "2026-02-01",
			instants("2026-01-31T15:59:59Z", "2026-01-31T16:00:00Z", "2026-01-30T16:00:00Z"), []Decimal{"2", "1"}},
		"the long day of Berlin": {"Europe/Berlin", "2026-10-24", "2026-10-26",
			instants("2026-10-24T22:00:00Z", "2026-10-25T22:59:59Z", "2026-10-25T23:00:00Z"), []Decimal{"0", "2", "1"}},
		"the short day of New York": {"America/New_York", "2026-03-07", "2026-03-09",
			instants("2026-03-08T05:00:00Z", "2026-03-09T03:59:59Z", "2026-03-09T04:00:00Z"), []Decimal{"0", "2", "1"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := SalesSeries(SeriesQuery{tt.from, tt.to, ByDay, zone(t, tt.zone)}, tt.sales)
			if err != nil {
				t.Fatal(err)
			}
			var amounts []Decimal
			for _, p := range got.Points {
				amounts = append(amounts, p.Amount)
			}
			if !slices.Equal(amounts, tt.want) || got.Zone != tt.zone {
				t.Errorf("got %v in %s, want %v", amounts, got.Zone, tt.want)
			}
		})
	}
}

func TestASeriesNobodyCanMakeNamesTheParameter(t *testing.T) {
	good := SeriesQuery{"2026-01-01", "2026-01-31", ByDay, time.UTC}
	for param, ask := range map[string]struct {
		change func(*SeriesQuery)
		sales  []Sale
	}{
		"from":              {func(q *SeriesQuery) { q.From = "" }, nil},
		"to":                {func(q *SeriesQuery) { q.To = "2025-12-31" }, nil},
		"unit":              {func(q *SeriesQuery) { q.Unit = "year" }, nil},
		"zone":              {func(q *SeriesQuery) { q.Zone = nil }, nil},
		"sales[0].day":      {func(*SeriesQuery) {}, []Sale{{Amount: "1"}}},
		"sales[1].amount":   {func(*SeriesQuery) {}, []Sale{{Day: "2026-01-01"}, {Day: "2026-01-01", Amount: "a lot"}}},
		"sales[0].quantity": {func(*SeriesQuery) {}, []Sale{{Day: "2026-01-01", Quantity: "some"}}},
	} {
		q := good
		ask.change(&q)
		_, err := SalesSeries(q, ask.sales)
		var refused *Error
		if !errors.As(err, &refused) || refused.Param != param {
			t.Errorf("got %v, want an Error that names %s", err, param)
		}
	}
	good.From = "1900-01-01"
	if _, err := SalesSeries(good, nil); err == nil {
		t.Error("a series of a hundred years was made")
	}
}

// Whatever the unit, the points touch each other, cover the days asked for, and add up to the whole, which is what the
// lines inside add up to.
func TestPointsAddUpToTheWholeInEveryUnit(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6)) //nolint:gosec // the same numbers in every run are the point
	start := time.Date(2025, 11, 3, 0, 0, 0, 0, time.UTC)
	for range 100 {
		from := start.AddDate(0, 0, r.IntN(400))
		to := from.AddDate(0, 0, r.IntN(120))
		inside, outside, sales := new(big.Rat), 0, make([]Sale, r.IntN(80))
		for i := range sales {
			day, amount := start.AddDate(0, 0, r.IntN(600)), big.NewRat(r.Int64N(1000000)-1000, 100)
			sales[i] = Sale{Day: day.Format(time.DateOnly), OrderID: fmt.Sprint(r.IntN(9)), Quantity: "1", Amount: written(amount)}
			if day.Before(from) || day.After(to) {
				outside++
			} else {
				inside.Add(inside, amount)
			}
		}
		for _, unit := range []Unit{ByDay, ByWeek, ByMonth} {
			got, err := SalesSeries(SeriesQuery{from.Format(time.DateOnly), to.Format(time.DateOnly), unit, time.UTC}, sales)
			if err != nil {
				t.Fatal(err)
			}
			checkWhole(t, got, inside)
			if got.Outside != outside || got.Quantity != written(big.NewRat(int64(len(sales)-outside), 1)) {
				t.Fatalf("%d outside and %s inside of %d, want %d outside", got.Outside, got.Quantity, len(sales), outside)
			}
		}
	}
}

func checkWhole(t *testing.T, s Series, want *big.Rat) {
	t.Helper()
	sum, next := new(big.Rat), s.From
	for _, p := range s.Points {
		amount, _ := new(big.Rat).SetString(string(p.Amount))
		sum.Add(sum, amount)
		if p.From != next {
			t.Fatalf("%s begins on %s, want %s", p.Label, p.From, next)
		}
		to, err := time.Parse(time.DateOnly, p.To)
		if err != nil {
			t.Fatal(err)
		}
		next = to.AddDate(0, 0, 1).Format(time.DateOnly)
	}
	if last := s.Points[len(s.Points)-1]; last.To != s.To {
		t.Fatalf("the last point ends on %s, want %s", last.To, s.To)
	}
	if sum.Cmp(want) != 0 || s.Amount != written(want) {
		t.Fatalf("points add up to %s, the whole is %s, want %s", sum.FloatString(2), s.Amount, want.FloatString(2))
	}
}
