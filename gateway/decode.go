package gateway

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"snowgate/erpclient"
)

// Bounds on a request's body. They are generous for every form this API has and far below what hurts.
const (
	maxBodyBytes = 256 << 10
	maxJSONDepth = 32
	maxJSONKeys  = 256
	maxText      = 256 // runes of a string field
)

// body reads the request's JSON object strictly: UTF-8, one object, no duplicate keys, nothing behind it, bounded in
// size, depth and keys. Unknown keys are left alone: clients may be newer than we are.
func (c *call) body() (*fields, error) {
	raw, err := c.jsonBody()
	if err != nil {
		return nil, err
	}
	return c.parse(raw)
}

// jsonBody is the body as it was sent, which says that it is JSON.
func (c *call) jsonBody() ([]byte, error) {
	kind, _, err := mime.ParseMediaType(c.Request().Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return nil, unsupportedMedia.because(nil)
	}
	return c.rawBody()
}

func (c *call) parse(raw []byte) (*fields, error) {
	values, err := decodeObject(raw)
	if err != nil {
		return nil, badJSON.because(err)
	}
	c.record.params["body"] = values
	return &fields{values: values}, nil
}

// rawBody reads a body of any form, bounded in size.
func (c *call) rawBody() ([]byte, error) {
	r := c.Request()
	if r.Header.Get("Content-Encoding") != "" {
		return nil, unsupportedMedia.because(nil)
	}
	raw, err := io.ReadAll(http.MaxBytesReader(c.Response(), r.Body, maxBodyBytes))
	var tooBig *http.MaxBytesError
	if errors.As(err, &tooBig) {
		return nil, tooLarge.because(err)
	}
	if err != nil {
		return nil, badJSON.because(err)
	}
	return raw, nil
}

// decodeObject reads exactly one JSON object. Numbers stay json.Number.
func decodeObject(raw []byte) (map[string]any, error) {
	if !utf8.Valid(raw) || hasLoneSurrogate(raw) {
		return nil, errors.New("not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	w := walker{decoder: d}
	v, err := w.value(0)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("data behind the object")
	}
	object, ok := v.(map[string]any)
	if !ok {
		return nil, errors.New("not an object")
	}
	return object, nil
}

// walker builds a JSON value token by token, which is what it takes to see duplicate keys.
type walker struct {
	decoder *json.Decoder
	keys    int
}

// value reads what stands inside depth objects and arrays.
func (w *walker) value(depth int) (any, error) {
	token, err := w.decoder.Token()
	if err != nil {
		return nil, err
	}
	opening, nested := token.(json.Delim)
	switch {
	case !nested:
		return token, nil
	case depth >= maxJSONDepth:
		return nil, errors.New("too deep")
	case opening == '{':
		return w.object(depth)
	default:
		return w.array(depth)
	}
}

func (w *walker) object(depth int) (map[string]any, error) {
	object := map[string]any{}
	for w.decoder.More() {
		token, err := w.decoder.Token()
		if err != nil {
			return nil, err
		}
		key, ok := token.(string)
		if _, twice := object[key]; !ok || twice {
			return nil, errors.New("duplicate key")
		}
		if w.keys++; w.keys > maxJSONKeys {
			return nil, errors.New("too many keys")
		}
		if object[key], err = w.value(depth + 1); err != nil {
			return nil, err
		}
	}
	_, err := w.decoder.Token() // the closing brace
	return object, err
}

func (w *walker) array(depth int) ([]any, error) {
	array := []any{}
	for w.decoder.More() {
		v, err := w.value(depth + 1)
		if err != nil {
			return nil, err
		}
		array = append(array, v)
	}
	_, err := w.decoder.Token() // the closing bracket
	return array, err
}

// hasLoneSurrogate finds \ud800-style escapes without their other half, which encoding/json silently replaces.
func hasLoneSurrogate(raw []byte) bool {
	if !bytes.Contains(raw, []byte(`\u`)) {
		return false
	}
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		i++ // what follows the backslash is consumed, so that \\u is no escape
		unit, ok := unicodeEscape(raw, i)
		if !ok || unit < 0xD800 || unit > 0xDFFF {
			continue
		}
		low, ok := unicodeEscape(raw, i+6)
		paired := ok && raw[i+5] == '\\' && low >= 0xDC00 && low <= 0xDFFF
		if unit >= 0xDC00 || !paired {
			return true
		}
		i += 10
	}
	return false
}

// unicodeEscape reads uXXXX at i.
func unicodeEscape(raw []byte, i int) (unit uint64, ok bool) {
	if i+5 > len(raw) || raw[i] != 'u' {
		return 0, false
	}
	unit, err := strconv.ParseUint(string(raw[i+1:i+5]), 16, 16)
	return unit, err == nil
}

// fields reads an object's values by name and remembers the first that is not as it must be.
type fields struct {
	values map[string]any
	fault  *fault
}

// text is a required string of 1 to limit runes without control characters.
func (f *fields) text(name string, limit int) string {
	s := f.optional(name, limit)
	if s == "" {
		f.complain(name)
	}
	return s
}

// optional is a string like text, or "" when it is absent, null or empty.
func (f *fields) optional(name string, limit int) string {
	v, ok := f.values[name]
	if !ok || v == nil {
		return ""
	}
	s, ok := v.(string)
	if !ok || !printable(s, limit) {
		f.complain(name)
		return ""
	}
	return s
}

// object is an optional object.
func (f *fields) object(name string) map[string]any {
	v, ok := f.values[name]
	if !ok || v == nil {
		return nil
	}
	object, ok := v.(map[string]any)
	if !ok {
		f.complain(name)
	}
	return object
}

func (f *fields) complain(name string) {
	if f.fault == nil {
		f.fault = badField.in(name)
	}
}

// err is the first complaint.
func (f *fields) err() error {
	if f.fault == nil {
		return nil
	}
	return f.fault
}

// printable reports whether s is valid UTF-8 of at most limit runes without control characters.
func printable(s string, limit int) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= limit && !strings.ContainsFunc(s, unicode.IsControl)
}

// id is a required id: a text, or a whole number as some clients have them.
func (f *fields) id(name string) string {
	id, _ := f.values[name].(string)
	if n, ok := f.values[name].(json.Number); ok {
		id = n.String()
	}
	if !validID(id) {
		f.complain(name)
	}
	return id
}

// Bounds on a quantity.
const (
	maxQuantity = 1e9
	maxDecimals = 6
)

// quantity is a required JSON number above 0, plainly written.
func (f *fields) quantity(name string) erpclient.Decimal {
	n, _ := f.values[name].(json.Number)
	if !isPlain(n.String()) || !(0 < number(n) && number(n) <= maxQuantity) {
		f.complain(name)
	}
	return erpclient.Decimal(n)
}

// price is an optional JSON number of at least 0, plainly written.
func (f *fields) price(name string) erpclient.Decimal {
	if f.values[name] == nil {
		return ""
	}
	n, _ := f.values[name].(json.Number)
	if !isPlain(n.String()) || number(n) > maxQuantity {
		f.complain(name)
	}
	return erpclient.Decimal(n)
}

func number(n json.Number) float64 {
	f, _ := n.Float64() // 0 for what is no number
	return f
}

// isPlain reports whether a number is digits with at most maxDecimals behind the point: no sign, no exponent.
func isPlain(n string) bool {
	whole, decimals, _ := strings.Cut(n, ".")
	return whole != "" && len(decimals) <= maxDecimals && strings.Trim(whole+decimals, "0123456789") == ""
}

// list is a required array of 1 to limit objects.
func (f *fields) list(name string, limit int) []*fields {
	given, _ := f.values[name].([]any)
	if len(given) == 0 || len(given) > limit {
		f.complain(name)
		return nil
	}
	list := make([]*fields, 0, len(given))
	for _, v := range given {
		object, ok := v.(map[string]any)
		if !ok {
			f.complain(name)
		}
		list = append(list, &fields{values: object})
	}
	return list
}
