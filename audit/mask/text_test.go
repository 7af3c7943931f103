package mask_test

import (
	"strings"
	"testing"

	"snowgate/audit/mask"
)

func TestTextsAreSearched(t *testing.T) {
	hash := strings.Repeat("0a1b2c3d", 8)
	tests := []struct{ name, in, want string }{
		{"nothing to hide", "order SO20261120001 not found: 404", "order SO20261120001 not found: 404"},
		{"mobile", "电话13800138000转张三", "电话138****8000转张三"},
		{"mobiles", "13800138000/19912345678", "138****8000/199****5678"},
		{"mobile behind letters", "tel13800138000", "tel138****8000"},
		{"mobile with a country code", "+8613800138000 008613800138000 86-13800138000", "+86138****8000 0086138****8000 86-138****8000"},
		{"mobile with blanks", "138 0013 8000 or 138-0013-8000.", "138****8000 or 138****8000."},
		{"no mobile: too long, too short, wrong start", "138001380001 1380013800 12800138000", "138001380001 1380013800 12800138000"},
		{"no mobile: within an id", "0198c0de-1234-7abc-8def-13812345678a " + hash, "0198c0de-1234-7abc-8def-13812345678a " + hash},
		{"bearer", "Authorization: Bearer abc.def", "Authorization: ***"},
		{"bearer in a sentence", "got BEARER abc.d-e_f, expected", "got BEARER ***, expected"},
		{"bearer alone", "no bearer", "no bearer"},
		{"openid", "user " + anOpenID + " left", "user <openid:oABC> left"},
		{"openid behind _", "session_" + anOpenID, "session_<openid:oABC>"},
		{"no openid: longer, shorter, other start", anOpenID + "5 " + anOpenID[:27] + " x" + anOpenID[1:], anOpenID + "5 " + anOpenID[:27] + " x" + anOpenID[1:]},
		{"pair in a URL", `Get "https://api.weixin.qq.com/cgi?access_token=AAA&secret=BBB&appid=wx1": EOF`,
			`Get "https://api.weixin.qq.com/cgi?access_token=***&secret=***&appid=wx1": EOF`},
		{"webhook key", "https://qyapi.weixin.qq.com/send?key=abc-def", "https://qyapi.weixin.qq.com/send?key=***"},
		{"key elsewhere", "key=abc", "key=abc"},
		{"quoted pair", `password="a b", user="c"`, `password="***", user="c"`},
		{"quote within the quotes", `"password":"a\"b","c":1`, `"password":"***","c":1`},
		{"escaped quotes", `{\"token\":\"abc\",\"x\":\"y\"}`, `{\"token\":\"***\",\"x\":\"y\"}`},
		{"JSON value of a secret", `token={"a":"b"} end`, `token=***`},
		{"broken JSON", `{"password":"hunter2","a":`, `{"password":"***","a":`},
		{"whole JSON", ` {"contact":"张三"}`, `{"contact":"张*"}`},
		{"colon and blank", "password: hunter, user: ann", "password: ***, user: ann"},
		{"an error's chain", "get access token: connection refused", "get access token: connection refused"},
		{"a value in prose", "token: abc123", "token: ***"},
		{"cookie", "Cookie: sid=1; x=2\nHost: h", "Cookie: ***\nHost: h"},
		{"clock and port", "15:04:05 127.0.0.1:8080", "15:04:05 127.0.0.1:8080"},
		{"password in a URL", "dial mysql://root:p@ss@127.0.0.1:3306/db failed", "dial mysql://root:***@127.0.0.1:3306/db failed"},
		{"URL without password", "https://ann@host/path?x=a:b@c", "https://ann@host/path?x=a:b@c"},
		{"at the end", "password=", "password="},
		{"twice", "pwd=a pwd=b", "pwd=*** pwd=***"},
		{"empty", "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := tagged.Text(test.in); got != test.want {
				t.Errorf("\n got %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestPseudonymsJoinAndTellNothing(t *testing.T) {
	one, other := mask.Keyed([]byte("key one")), mask.Keyed([]byte("key two"))
	p := one(mask.OpenID, anOpenID)
	if p != one(mask.OpenID, anOpenID) {
		t.Error("not the same twice")
	}
	if p == other(mask.OpenID, anOpenID) || p == one(mask.UnionID, anOpenID) || p == one(mask.OpenID, anOpenID[:27]+"x") {
		t.Error("key, kind or value makes no difference")
	}
	if one(mask.OpenID, p) != p {
		t.Error("a pseudonym is masked again")
	}
	if len(p) != 18 || strings.Contains(p, anOpenID[:4]) {
		t.Errorf("got %s", p)
	}
	m := mask.New(nil)
	if got := m.Text(anOpenID); got != m.Pseudonym(mask.OpenID, anOpenID) || strings.Contains(got, "oABC") {
		t.Errorf("without a key: %s", got)
	}
	if got := m.Pseudonym(mask.OpenID, ""); got != "" {
		t.Errorf("nobody has a pseudonym: %s", got)
	}
}

func FuzzText(f *testing.F) {
	f.Add("password=\"a\\\"b\" 138 0013 8000 Bearer x mysql://u:p@h " + anOpenID)
	f.Add(`{"a":"{\"token\":\"x\"}"}`)
	f.Fuzz(func(t *testing.T, s string) {
		if got := tagged.Text("13800138000 " + s); !strings.HasPrefix(got, "138****8000 ") {
			t.Fatalf("a number in front of %q: %q", s, got)
		}
		if got := tagged.Text(s + "\npassword=hunter2"); strings.Contains(got, "hunter2") && !strings.Contains(s, "hunter2") {
			t.Fatalf("a password behind %q: %q", s, got)
		}
	})
}

func BenchmarkText(b *testing.B) {
	line := `erpclient: search orders: Get "https://saas.snowbeasts.com/api/orders?keyword=abc&page=1": context deadline exceeded`
	b.ReportAllocs()
	for b.Loop() {
		tagged.Text(line)
	}
}
