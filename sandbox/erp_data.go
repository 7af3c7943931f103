package sandbox

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"
)

// seedDay is the newest day in the data unless ERPOptions say otherwise. It is fixed, so
// that the same seed gives the same data on every day.
var seedDay = time.Date(2026, time.January, 31, 0, 0, 0, 0, time.UTC)

const (
	dataDays = 170 // orders are spread over this many days up to the last
	dayForm  = "2006-01-02"
	// firstLineID does not fit a float64 exactly: a client that decodes ids as floats
	// confuses neighbouring lines, as it would with the ERP's long ids.
	firstLineID = 9007199254740993
)

// Order is the plain truth about one order, for tests to compare with.
type Order struct {
	ID         string `json:"id"`
	Code       string `json:"code"`
	CustomerID string `json:"customerId"`
	Status     int    `json:"status"`     // as in the ERP: 1, 2, 4, 5, and some unknown ones
	Amount     string `json:"amount"`     // "" = not priced
	Lines      int    `json:"lines"`      // rows of form 100185
	Deliveries int    `json:"deliveries"` // rows of form 100039 that name the order's code
}

// Orders returns all orders the ERP was made with, oldest first; customerID "" means
// everybody's. Later updates through the wire are not seen here.
func (e *ERP) Orders(customerID string) []Order {
	var out []Order
	for _, o := range e.data.truth {
		if customerID == "" || o.CustomerID == customerID {
			out = append(out, *o)
		}
	}
	return out
}

// dayOf is the calendar day of t as the data writes days: midnight, UTC.
func dayOf(t time.Time) time.Time {
	year, month, day := t.Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// dataset is all of the ERP's data. ERP.dataMu guards it once it is made.
type dataset struct {
	seed     uint64
	forms    map[string]*form
	carriers *form
	files    map[string]bool // paths of attachments
	truth    []*Order
	lastNew  int            // the id last given to a created row
	created  map[string]int // rows created through the wire, by form
	deaf     map[string]bool
}

// maker makes a dataset; all chance in it comes from one seeded source.
type maker struct {
	*dataset
	lastDay  time.Time
	dice     *rand.Rand
	perDay   map[string]int        // codes given, by prefix and day
	waiting  map[string]*madeOrder // shipped orders that wait to share a delivery, by customer
	nextLine int64
}

// madeOrder is an order while its lines and deliveries are being made.
type madeOrder struct {
	*Order
	day     time.Time
	row     record
	lines   []*madeLine
	buyer   Customer
	shipped float64 // fraction asked for
	made    float64
}

func makeData(seed uint64, lastDay time.Time) *dataset {
	d := &dataset{
		seed: seed, forms: newForms(), carriers: newForm(datasourceCarrier, "id name", ""),
		files: map[string]bool{}, lastNew: 990000, created: map[string]int{}, deaf: map[string]bool{},
	}
	m := &maker{
		dataset: d, lastDay: lastDay, perDay: map[string]int{}, waiting: map[string]*madeOrder{}, nextLine: firstLineID,
		dice: rand.New(rand.NewPCG(seed, 2026)), //nolint:gosec // invented data must be the same again
	}
	m.makeCarriers()
	m.makeCustomers()
	m.makeOrders()
	m.makeStock()
	m.makePurchases()
	return d
}

func (m *maker) makeCarriers() {
	for i, name := range carrierNames {
		m.carriers.add(record{"id": ident(strconv.Itoa(31 + i)), "name": name})
	}
}

func (m *maker) makeCustomers() {
	for _, c := range erpCustomers {
		r := record{
			"id": ident(c.ID), "code": c.Code, "abbr": string([]rune(c.Name)[:4]), "name": c.Name,
			"ownerId": ident("7001"), "disable": c.Disabled, "微信邀请码": c.InviteCode,
		}
		if c.ID == "505" { // an optional field that was never filled in
			delete(r, "disable")
		}
		m.forms[formCustomers].add(r)
	}
}

func (m *maker) makeOrders() {
	var buyers []Customer
	for _, c := range erpCustomers {
		buyers = append(buyers, slices.Repeat([]Customer{c}, ordersOf[c.ID])...)
	}
	m.dice.Shuffle(len(buyers), func(i, j int) { buyers[i], buyers[j] = buyers[j], buyers[i] })
	for i, c := range buyers {
		m.makeOrder(i, c, m.lastDay.AddDate(0, 0, dataDays*(i+1)/len(buyers)-dataDays))
	}
	for _, c := range erpCustomers { // a fixed order, unlike the map's
		if o := m.waiting[c.ID]; o != nil {
			m.deliver(m.lastDay, o)
		}
	}
}

func (m *maker) makeOrder(i int, buyer Customer, day time.Time) {
	o := &madeOrder{day: day, buyer: buyer, Order: &Order{
		ID: strconv.Itoa(410000 + i*7), Code: m.code("SO", day), CustomerID: buyer.ID,
	}}
	o.Status, o.shipped, o.made = m.progress(i, int(m.lastDay.Sub(day).Hours()/24))
	for range 1 + m.dice.IntN(8) {
		m.makeLine(o)
	}
	o.Lines = len(o.lines)
	o.row = m.orderRow(i, o)
	m.forms[formOrders].add(o.row)
	m.truth = append(m.truth, o.Order)
	m.ship(o)
}

// progress chooses a status and how far shipping and production have come: old
// orders are mostly done, new ones not yet started, a few have a status that no
// client knows.
func (m *maker) progress(i, age int) (status int, shipped, made float64) {
	chance := m.dice.IntN(100)
	partly := []float64{0, 0.25, 0.5, 0.75}[m.dice.IntN(4)]
	switch {
	case i%37 == 20:
		return 3, partly, partly
	case i%53 == 30:
		return 9, 0, 0
	case chance < 8:
		return 5, 0, 0
	case age > 60 && chance < 90:
		return 4, 1, 1
	case age < 35 && chance < 70:
		return 1, 0, 0
	}
	return 2, partly, min(1, partly+[]float64{0, 0.25, 0.5}[m.dice.IntN(3)])
}

// code gives codes like SO2025121502: a prefix, the day, and a number within the day.
func (m *maker) code(prefix string, day time.Time) string {
	key := prefix + day.Format("20060102")
	m.perDay[key]++
	return fmt.Sprintf("%s%02d", key, m.perDay[key])
}

// stamp writes a day the way the ERP does: mostly bare, in places with a time.
func (m *maker) stamp(day time.Time) string {
	if m.dice.IntN(4) > 0 {
		return day.Format(dayForm)
	}
	at := day.Add(time.Duration(8*3600+m.dice.IntN(10*3600)) * time.Second)
	return at.Format(dayForm + " 15:04:05")
}

func choose[T any](m *maker, from []T) T { return from[m.dice.IntN(len(from))] }

// hundredths is a quantity or an amount of money in hundredths.
type hundredths int64

// money keeps both decimals, as "12345.60".
func (h hundredths) money() number {
	return number(fmt.Sprintf("%d.%02d", h/100, h%100))
}

// plain drops zero decimals, as "40" and "12.5".
func (h hundredths) plain() number {
	if h%100 == 0 {
		return number(strconv.FormatInt(int64(h/100), 10))
	}
	return number(strings.TrimRight(string(h.money()), "0"))
}

// part is a fraction of h, rounded down to whole pieces.
func (h hundredths) part(fraction float64) hundredths {
	return hundredths(float64(h)*fraction) / 100 * 100
}
