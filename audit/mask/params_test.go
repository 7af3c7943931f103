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
