package mask_test

import (
	"net/url"
	"strings"
	"testing"
)

type grumpy struct{}

func (*grumpy) MarshalJSON() ([]byte, error) { panic("nil pointer") }

func TestParamsAreMaskedAndSorted(t *testing.T) {
	tests := []struct {
		name, got, want string
	}{
		{"params", tagged.Params(map[string]any{"page": 2, "keyword": "<螺丝> 13800138000", "openid": anOpenID}),
			`{"keyword":"<螺丝> 138****8000","openid":"<openid:oABC>","page":2}`},
		{"told secrets", tagged.Params(map[string]any{"code": "0a1b"}, "code"), `{"code":"***"}`},
		{"nested", tagged.Params(map[string]any{"userInfo": map[string]any{"nickName": "小雪", "token": "x"}}),
			`{"userInfo":{"nickName":"小*","token":"***"}}`},
		{"none", tagged.Params(nil), ""},
		{"not JSON", tagged.Params(map[string]any{"f": func() {}}), "(not recorded)"},
		{"a value that panics", tagged.Params(map[string]any{"g": &grumpy{}}), "(not recorded)"},
		{"query", tagged.Query(url.Values{"page": {"2"}, "token": {"a", "b"}, "status": {"a", "b"}}),
			`{"page":"2","status":["a","b"],"token":"***"}`},
		{"query with a told secret", tagged.Query(url.Values{"code": {"x"}}, "code"), `{"code":"***"}`},
		{"empty query", tagged.Query(nil), ""},
	}
	for _, test := range tests {
		if test.got != test.want {
			t.Errorf("%s:\n got %s\nwant %s", test.name, test.got, test.want)
		}
	}
	if got := tagged.Params(map[string]any{"a": strings.Repeat("x", 5000)}); len(got) != 2048 {
		t.Errorf("%d bytes", len(got))
	}
}

func TestPlainParamsAreWrittenAsEncodingJSONWritesThem(t *testing.T) {
	type values map[string]any // of another type, so that it takes the long way
	for name, params := range map[string]map[string]any{
		"a search":     {"query": url.Values{"keyword": {"螺丝 <&> \u2028\u2029"}, "page": {"1", "2"}, "a": {}, "b": nil}, "id": "1001"},
		"escapes":      {"id": "\x00\x1f\x7f\"\\/\b\f\n\r\t", "\n\"": "x"},
		"no UTF-8":     {"id": "\xff\xfea"},
		"not a name":   {"\xff\xfe": "a"},
		"numbers":      {"page": 2, "size": -1},
		"nil queries":  {"query": url.Values(nil), "list": []string(nil)},
		"other things": {"body": values{"a": 1}, "id": "x"},
		"many":         {"query": url.Values{"a": {"1"}, "b": {"1"}, "c": {"1"}, "d": {"1"}, "e": {"1"}, "f": {"1"}, "g": {"1"}, "h": {"1"}, "i": {"1"}, "j": {"1"}, "k": {"1"}, "l": {"1"}, "m": {"1"}, "n": {"1"}, "o": {"1"}, "p": {"1"}, "q": {"1"}}},
	} {
		if got, want := tagged.Params(params), tagged.Params(map[string]any{"x": values(params)}); `{"x":`+got+`}` != want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, want)
		}
	}
}

func BenchmarkParams(b *testing.B) {
	params := map[string]any{"query": url.Values{"keyword": {"羽绒服"}, "page": {"1"}, "pageSize": {"20"}}}
	b.ReportAllocs()
	for b.Loop() {
		tagged.Params(params)
	}
}
