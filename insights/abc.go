package insights

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
)

// Value is what a product brought in: one line of many, or its sum.
type Value struct {
	ProductID   string
	ProductName string
	Value       Decimal
}

// Class is a product's weight in the whole.
type Class string

// The classes of an ABC analysis.
const (
	ClassA Class = "A" // the few that make most of the value
	ClassB Class = "B"
	ClassC Class = "C" // the many that make little; also everything worth nothing or less
)

// Thresholds are the cumulative shares at which class A and class B end.
type Thresholds struct {
	A Decimal // 0.8 when ""
	B Decimal // 0.95 when ""
}

// The usual thresholds.
const (
	defaultA Decimal = "0.8"
	defaultB Decimal = "0.95"
)

// Classified is one product with its class. Share and Cumulative are of the sum of all positive values.
type Classified struct {
	Rank        int     `json:"rank"` // from 1
	ProductID   string  `json:"productId"`
	ProductName string  `json:"productName"`
	Value       Decimal `json:"value"`
	Share       Decimal `json:"share"`      // 0..1, to four places; 0 for a value that is not positive
	Cumulative  Decimal `json:"cumulative"` // of this product and all before it
	Class       Class   `json:"class"`
}

// ClassSum is a class seen as a whole.
type ClassSum struct {
	Class    Class   `json:"class"`
	Products int     `json:"products"`
	Value    Decimal `json:"value"`
	Share    Decimal `json:"share"` // of the sum of all positive values; a C that is worth less than nothing has 0
}

// ABC is the products by value, the greatest first.
type ABC struct {
	Products   []Classified `json:"products"`
	Classes    []ClassSum   `json:"classes"` // A, B, C
	Total      Decimal      `json:"total"`   // of the positive values: what shares are shares of
	ThresholdA Decimal      `json:"thresholdA"`
	ThresholdB Decimal      `json:"thresholdB"`
	Formulas   []Formula    `json:"formulas"`
}

// Classify adds up the values of each product and puts the products into classes. A product belongs to A while those
// before it make less than the threshold: the one that crosses it is still in A, so that a product which makes 90 % of
// the turnover is not called unimportant. Equal values are ordered by product id. A product whose values add up to zero
// or less (returns) is in C and counts nowhere. Errors are *Error and name the parameter: threshold.a, threshold.b,
// values[3].productId, values[3].value.
func Classify(values []Value, limits Thresholds) (ABC, error) {
	a, b, err := limits.read()
	if err != nil {
		return ABC{}, err
	}
	products, err := perProduct(values)
	if err != nil {
		return ABC{}, err
	}
	total := positiveSum(products)
	out := ABC{Products: make([]Classified, len(products)), Total: written(total), ThresholdA: written(a), ThresholdB: written(b)}
	sums := map[Class]*sumOf{ClassA: newSum(), ClassB: newSum(), ClassC: newSum()}
	before := new(big.Rat)
	for i, p := range products {
		share := shareOf(p.value, total)
		class := classOf(p.value, before, a, b)
		before = new(big.Rat).Add(before, share)
		sums[class].add(p.value)
		out.Products[i] = Classified{
			Rank: i + 1, ProductID: p.id, ProductName: p.name, Value: written(p.value),
			Share: shortened(share), Cumulative: shortened(before), Class: class,
		}
	}
	for _, class := range []Class{ClassA, ClassB, ClassC} {
		s := sums[class]
		out.Classes = append(out.Classes, ClassSum{class, s.products, written(s.value), shortened(shareOf(s.value, total))})
	}
	out.Formulas = abcFormulas(out)
	return out, nil
}

// read resolves the defaults; 0 < A ≤ B ≤ 1.
func (t Thresholds) read() (a, b *big.Rat, err error) {
	if a, err = aboveZero("threshold.a", cmp.Or(t.A, defaultA)); err != nil {
		return nil, nil, err
	}
	if b, err = aboveZero("threshold.b", cmp.Or(t.B, defaultB)); err != nil {
		return nil, nil, err
	}
	one := big.NewRat(1, 1)
	switch {
	case a.Cmp(one) > 0:
		return nil, nil, refuse("threshold.a", "must be a share of at most 1")
	case b.Cmp(one) > 0:
		return nil, nil, refuse("threshold.b", "must be a share of at most 1")
	case a.Cmp(b) > 0:
		return nil, nil, refuse("threshold.a", "must not be above threshold.b")
	}
	return a, b, nil
}

type productSum struct {
	id, name string
	value    *big.Rat
}

// perProduct adds up and sorts: the greatest value first, equal ones by id.
func perProduct(values []Value) ([]productSum, error) {
	byID := map[string]*productSum{}
	for i, v := range values {
		if v.ProductID == "" {
			return nil, refuse(fmt.Sprintf("values[%d].productId", i), "is required")
		}
		value, err := exact(fmt.Sprintf("values[%d].value", i), v.Value)
		if err != nil {
			return nil, err
		}
		p := byID[v.ProductID]
		if p == nil {
			p = &productSum{id: v.ProductID, value: new(big.Rat)}
			byID[v.ProductID] = p
		}
		p.name = cmp.Or(p.name, v.ProductName)
		p.value.Add(p.value, value)
	}
	products := make([]productSum, 0, len(byID))
	for _, p := range byID {
		products = append(products, *p)
	}
	slices.SortFunc(products, func(x, y productSum) int {
		return cmp.Or(y.value.Cmp(x.value), cmp.Compare(x.id, y.id))
	})
	return products, nil
}

func positiveSum(products []productSum) *big.Rat {
	sum := new(big.Rat)
	for _, p := range products {
		if p.value.Sign() > 0 {
			sum.Add(sum, p.value)
		}
	}
	return sum
}

// shareOf is 0 for what is worth nothing or less.
func shareOf(value, total *big.Rat) *big.Rat {
	if value.Sign() <= 0 || total.Sign() == 0 {
		return new(big.Rat)
	}
	return new(big.Rat).Quo(value, total)
}

func classOf(value, before, a, b *big.Rat) Class {
	switch {
	case value.Sign() <= 0:
		return ClassC
	case before.Cmp(a) < 0:
		return ClassA
	case before.Cmp(b) < 0:
		return ClassB
	default:
		return ClassC
	}
}

type sumOf struct {
	products int
	value    *big.Rat
}

func newSum() *sumOf { return &sumOf{value: new(big.Rat)} }

func (s *sumOf) add(value *big.Rat) {
	s.products++
	s.value.Add(s.value, value)
}

func abcFormulas(r ABC) []Formula {
	formulas := []Formula{
		{"share", "share = value / Σ positive values", ""},
		{"class", "A while Σ shares before < a, then B while < b, then C", fmt.Sprintf("a = %s, b = %s", r.ThresholdA, r.ThresholdB)},
	}
	if len(r.Products) > 0 && r.Total != "0" {
		first := r.Products[0]
		formulas[0].Worked = fmt.Sprintf("%s / %s = %s", first.Value, r.Total, first.Share)
	}
	return formulas
}
