package insights

import (
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
)

// "ABC analysis for a chip manufacturer", Heizer and Render, "Operations Management", chapter "Inventory Management",
// example 1: ten items of Silicon Chips, Inc., $232,057 in all; 20 % of the items are A with 72 %, 30 % are B with 23 %,
// 50 % are C with 5 %. The book draws its lines by eye; 70 % and 95 % are where it drew them.
func TestTheTextbooksChipManufacturer(t *testing.T) {
	// Stock number, annual volume × unit cost = annual dollar volume, per cent, class. The book rounds 350 × $42.86.
	items := []Value{
		{"#12760", "", "26350"}, {"#01307", "", "504"}, {"#10286", "", "90000"}, {"#10500", "", "12500"}, {"#10572", "", "150"},
		{"#11526", "", "77000"}, {"#14075", "", "1200"}, {"#10867", "", "15001"}, {"#12572", "", "8502"}, {"#01036", "", "850"},
	}
	r, err := Classify(items, Thresholds{A: "0.7", B: "0.95"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range r.Products {
		got = append(got, fmt.Sprintf("%d %s %.1f%% %s", p.Rank, p.ProductID, 100*number(t, p.Share), p.Class))
	}
	want := []string{
		"1 #10286 38.8% A", "2 #11526 33.2% A", "3 #12760 11.3% B", "4 #10867 6.5% B", "5 #10500 5.4% B", "6 #12572 3.7% C",
		"7 #14075 0.5% C", "8 #01036 0.4% C", "9 #01307 0.2% C", "10 #10572 0.1% C",
	} // 15,001/232,057 is 6.46 %: the book prints 6.4, so that its column adds up
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	var classes []string
	for _, c := range r.Classes {
		classes = append(classes, fmt.Sprintf("%s %d %.0f%%", c.Class, c.Products, 100*number(t, c.Share)))
	}
	if want := []string{"A 2 72%", "B 3 23%", "C 5 5%"}; !slices.Equal(classes, want) || r.Total != "232057" {
		t.Errorf("got %q of %s, want %q", classes, r.Total, want)
	}
}

func TestClassesOfThoseThatAreNotPlain(t *testing.T) {
	tests := map[string]struct {
		values []Value
		limits Thresholds
		want   []string // product, value, class
	}{
		"none":                          {nil, Thresholds{}, nil},
		"one makes nearly everything":   {[]Value{{"p", "", "97"}, {"q", "", "3"}}, Thresholds{}, []string{"p 97 A", "q 3 C"}},
		"exactly at a threshold":        {[]Value{{"p", "", "80"}, {"q", "", "15"}, {"r", "", "5"}}, Thresholds{}, []string{"p 80 A", "q 15 B", "r 5 C"}},
		"ties by id":                    {[]Value{{"b", "", "1"}, {"c", "", "1"}, {"a", "", "1.00"}}, Thresholds{A: "0.3", B: "0.6"}, []string{"a 1 A", "b 1 B", "c 1 C"}},
		"lines of a product add up":     {[]Value{{"p", "", "0.1"}, {"q", "", "0.25"}, {"p", "", "0.2"}}, Thresholds{}, []string{"p 0.3 A", "q 0.25 A"}},
		"returns and nothing are C":     {[]Value{{"p", "", "10"}, {"q", "", "0"}, {"r", "", "-4"}}, Thresholds{}, []string{"p 10 A", "q 0 C", "r -4 C"}},
		"nothing was worth anything":    {[]Value{{"p", "", "0"}, {"q", "", "-1"}}, Thresholds{}, []string{"p 0 C", "q -1 C"}},
		"everything may be A":           {[]Value{{"p", "", "1"}, {"q", "", "1"}}, Thresholds{A: "1", B: "1"}, []string{"p 1 A", "q 1 A"}},
		"a sale and its return are two": {[]Value{{"p", "", "5"}, {"p", "", "-5"}, {"q", "", "1"}}, Thresholds{}, []string{"q 1 A", "p 0 C"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r, err := Classify(tt.values, tt.limits)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range r.Products {
				got = append(got, fmt.Sprintf("%s %s %s", p.ProductID, p.Value, p.Class))
			}
			if !slices.Equal(got, tt.want) || len(r.Classes) != 3 || len(r.Formulas) == 0 {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestAnABCNobodyCanMakeNamesTheParameter(t *testing.T) {
	for param, ask := range map[string]struct {
		values []Value
		limits Thresholds
	}{
		"threshold.a":         {nil, Thresholds{A: "0.96"}},
		"threshold.b":         {nil, Thresholds{B: "1.01"}},
		"values[1].value":     {[]Value{{"p", "", "1"}, {"q", "", ""}}, Thresholds{}},
		"values[0].productId": {[]Value{{"", "", "1"}}, Thresholds{}},
	} {
		_, err := Classify(ask.values, ask.limits)
		var refused *Error
		if !errors.As(err, &refused) || refused.Param != param {
			t.Errorf("got %v, want an Error that names %s", err, param)
		}
	}
}

// Every product is in exactly one class, classes never rise on the way down, sums and shares add up, and the order in
// which the ERP told of them changes nothing.
func TestABCIsAPartition(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4)) //nolint:gosec // the same numbers in every run are the point
	for range 200 {
		values := make([]Value, 1+r.IntN(60))
		sum := new(big.Rat)
		for i := range values {
			cents := r.Int64N(100000) - 2000
			values[i] = Value{ProductID: fmt.Sprintf("p%02d", r.IntN(40)), Value: written(big.NewRat(cents, 100))}
			sum.Add(sum, big.NewRat(cents, 100))
		}
		got, err := Classify(values, Thresholds{})
		if err != nil {
			t.Fatal(err)
		}
		checkPartition(t, got, sum)
		r.Shuffle(len(values), func(i, j int) { values[i], values[j] = values[j], values[i] })
		again, err := Classify(values, Thresholds{})
		if err != nil || !slices.Equal(got.Products, again.Products) {
			t.Fatalf("another order gives another result: %v", err)
		}
	}
}

func checkPartition(t *testing.T, got ABC, sum *big.Rat) {
	t.Helper()
	seen, last, total, classes := map[string]bool{}, ClassA, new(big.Rat), map[Class]int{}
	for _, p := range got.Products {
		value, _ := new(big.Rat).SetString(string(p.Value))
		total.Add(total, value)
		if seen[p.ProductID] || p.Class < last {
			t.Fatalf("%s is there twice, or %s comes after %s", p.ProductID, p.Class, last)
		}
		seen[p.ProductID], last = true, p.Class
		classes[p.Class]++
	}
	inClasses := new(big.Rat)
	for _, c := range got.Classes {
		value, _ := new(big.Rat).SetString(string(c.Value))
		inClasses.Add(inClasses, value)
		if c.Products != classes[c.Class] {
			t.Fatalf("class %s says %d products, there are %d", c.Class, c.Products, classes[c.Class])
		}
	}
	if total.Cmp(sum) != 0 || inClasses.Cmp(sum) != 0 {
		t.Fatalf("products add up to %s, classes to %s, the lines to %s", total, inClasses, sum)
	}
}
