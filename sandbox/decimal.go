package sandbox

import (
	"math/big"
	"regexp"
	"strings"
)

// quantityPattern is a decimal with at most six places, as the stand-ins take one.
var quantityPattern = regexp.MustCompile(`^\d{1,12}(?:\.\d{1,6})?$`)

// quantityOf reads a quantity above 0 from a JSON number or text.
func quantityOf(value any) (*big.Rat, bool) {
	s := text(value)
	if !quantityPattern.MatchString(s) {
		return nil, false
	}
	n, ok := new(big.Rat).SetString(s)
	return n, ok && n.Sign() > 0
}

// rat is the value of a number of ours; what is none is 0.
func rat(n number) *big.Rat {
	if r, ok := new(big.Rat).SetString(string(n)); ok {
		return r
	}
	return new(big.Rat)
}

// plainNumber writes r without zeros at its end, as "40" and "12.5".
func plainNumber(r *big.Rat) number {
	return number(strings.TrimSuffix(strings.TrimRight(r.FloatString(6), "0"), "."))
}

// Barcode is the valid EAN-13 that a product's id has in the ERP and in the PSI. It begins with 21, which is for use inside
// one company: no product anywhere else has it. It is "" for what is no id of theirs.
func Barcode(id string) string {
	const head = "210000000000"
	if len(id) > len(head)-2 || strings.Trim(id, "0123456789") != "" {
		return ""
	}
	digits := head[:len(head)-len(id)] + id
	sum := 0
	for i, d := range digits {
		sum += int(d-'0') * (1 + i%2*2) // weights 1 and 3
	}
	return digits + string(rune('0'+(10-sum%10)%10))
}
