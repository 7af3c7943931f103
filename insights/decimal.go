package insights

import (
	"encoding/json"
	"math"
	"math/big"
	"strconv"
	"strings"
)

// Decimal is a number as text, in the grammar of JSON; "" is unknown and null in JSON.
type Decimal string

// MarshalJSON writes the digits as they are, or null.
func (d Decimal) MarshalJSON() ([]byte, error) {
	if d == "" {
		return []byte("null"), nil
	}
	return []byte(d), nil
}

// The bounds of a number that is taken: far above any stock or turnover, and small enough that an exact sum of a million
// of them, or one written as 1e999999999, costs nothing.
const (
	maxDigits   = 40 // characters, sign and point included
	maxExponent = 30
)

// largest is the greatest amount that is taken, either way.
var largest = big.NewRat(1e18, 1)

// exact is the value of a Decimal that must be there.
func exact(param string, d Decimal) (*big.Rat, error) {
	if d == "" {
		return nil, refuse(param, "is required")
	}
	if len(d) > maxDigits || !isNumber(string(d)) || tooFar(string(d)) {
		return nil, refuse(param, "is not a number that can be used")
	}
	r, ok := new(big.Rat).SetString(string(d))
	if !ok || new(big.Rat).Abs(r).Cmp(largest) > 0 {
		return nil, refuse(param, "is not a number that can be used")
	}
	return r, nil
}

// isNumber follows the grammar of RFC 8259 §6; json.Valid alone would take spaces, words and lists too.
func isNumber(s string) bool {
	return (s[0] == '-' || isDigit(s[0])) && isDigit(s[len(s)-1]) && json.Valid([]byte(s))
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

// tooFar looks at the exponent before a big.Rat is made of it.
func tooFar(s string) bool {
	at := strings.IndexAny(s, "eE")
	if at < 0 {
		return false
	}
	exponent, err := strconv.Atoi(s[at+1:])
	return err != nil || exponent > maxExponent || exponent < -maxExponent
}

// atLeastZero and aboveZero are exact with a bound.
func atLeastZero(param string, d Decimal) (*big.Rat, error) {
	r, err := exact(param, d)
	if err == nil && r.Sign() < 0 {
		return nil, refuse(param, "must not be negative")
	}
	return r, err
}

func aboveZero(param string, d Decimal) (*big.Rat, error) {
	r, err := exact(param, d)
	if err == nil && r.Sign() <= 0 {
		return nil, refuse(param, "must be greater than zero")
	}
	return r, err
}

// written is an exact decimal with all its digits and no more.
func written(r *big.Rat) Decimal {
	places, finite := r.FloatPrec()
	if !finite {
		places = shownPlaces
	}
	return trimmed(r.FloatString(places))
}

// shownPlaces is how many places a figure keeps that has no end: a hundredth of a percent, a tenth of a gram.
const shownPlaces = 4

// rounded is a statistic to four places.
func rounded(f float64) Decimal { return trimmed(strconv.FormatFloat(f, 'f', shownPlaces, 64)) }

// shortened is an exact value to four places.
func shortened(r *big.Rat) Decimal { return trimmed(r.FloatString(shownPlaces)) }

func trimmed(s string) Decimal {
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	if s == "-0" {
		s = "0"
	}
	return Decimal(s)
}

func float(r *big.Rat) float64 {
	f, _ := r.Float64()
	return f
}

// root is the square root of an exact value that is not negative.
func root(r *big.Rat) float64 { return math.Sqrt(float(r)) }

// Sum adds two numbers exactly; one that is unknown, or no number, counts as nothing.
func Sum(a, b Decimal) Decimal {
	sum := new(big.Rat)
	for _, d := range []Decimal{a, b} {
		if r, err := exact("", d); err == nil {
			sum.Add(sum, r)
		}
	}
	return written(sum)
}
