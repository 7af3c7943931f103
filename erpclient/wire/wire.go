// Package wire is what the drivers of ERPs that speak JSON have in common below their protocols: the types of JSON by
// name, and ids that are numbers on one side and texts on the other. It asks nobody anything.
package wire

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// The JSON types as they stand in drift reports; "" is a field that was not there at all.
const (
	Null   = "null"
	Text   = "string"
	Number = "number"
	Bool   = "bool"
	Object = "object"
	Array  = "array"
)

// TypeOf goes by a value's first byte; "" is nothing at all.
func TypeOf(value []byte) string {
	if len(value) == 0 {
		return ""
	}
	return TypeBy(value[0])
}

// TypeBy is the type of a value that begins so.
func TypeBy(first byte) string {
	switch first {
	case '"':
		return Text
	case '{':
		return Object
	case '[':
		return Array
	case 't', 'f':
		return Bool
	case 'n':
		return Null
	default:
		return Number
	}
}

// WholeNumber writes a JSON number that is whole without point and exponent, and is "" for any other. Plain digits keep
// their length: an id may be longer than a float64 is exact, so only what is exact is converted.
func WholeNumber(raw string) string {
	if IsDigits(strings.TrimPrefix(raw, "-")) {
		return raw
	}
	f, err := strconv.ParseFloat(raw, 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) >= 1<<53 {
		return ""
	}
	return strconv.FormatInt(int64(f), 10)
}

// IsDigits reports whether the text is one or more ASCII digits.
func IsDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// ID sends an id of digits as the number that it is there.
func ID(id string) any {
	if IsDigits(id) && (id == "0" || id[0] != '0') {
		return json.Number(id)
	}
	return id
}
