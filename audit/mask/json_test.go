package mask_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"snowgate/audit/mask"
)

const anOpenID = "oABCdefGHI_jklMNO-pqrSTU1234"

// tagged makes pseudonyms a test can read.
var tagged = mask.New(func(kind, value string) string { return "<" + kind + ":" + value[:min(4, len(value))] + ">" })

func TestFieldsAreMaskedByName(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"secret", `{"password":"hunter2"}`, `{"password":"***"}`},
		{"secret: every spelling", `{"erpPassword":"a","ERP_PASSWORD":"b","erp-password":"c","Erp Password":"d"}`,
			`{"erpPassword":"***","ERP_PASSWORD":"***","erp-password":"***","Erp Password":"***"}`},
		{"secret: listed names", `{"pwd":1,"token":2,"sessionKey":3,"session_key":4,"access_token":5,"secret":6,"authorization":7,"cookie":8,"sid":9}`,
			`{"pwd":"***","token":"***","sessionKey":"***","session_key":"***","access_token":"***","secret":"***","authorization":"***","cookie":"***","sid":"***"}`},
		{"secret: more listed names", `{"JSESSIONID":"a","inviteCode":"b","encryptedData":"c","iv":"d","signature":"e","apiKey":"f","js_code":"g"}`,
			`{"JSESSIONID":"***","inviteCode":"***","encryptedData":"***","iv":"***","signature":"***","apiKey":"***","js_code":"***"}`},
		{"secret: compounds", `{"wxAccessToken":"a","oldErpPassword":"b","corp_secret":"c"}`, `{"wxAccessToken":"***","oldErpPassword":"***","corp_secret":"***"}`},
		{"secret: escaped name", `{"p\u0061ss\u0077ord":"a"}`, `{"password":"***"}`},
		{"secret: Chinese name", `{"密码":"a"}`, `{"密码":"***"}`},
		{"secret: any form of value", `{"token":{"a":["b"]},"cookie":["x","y"],"secret":1.5e3,"pwd":true,"sid":null}`,
			`{"token":"***","cookie":"***","secret":"***","pwd":"***","sid":null}`},
		{"secret: empty", `{"password":""}`, `{"password":"***"}`},
		{"code untold", `{"code":"0a1b2c","data":1}`, `{"code":"0a1b2c","data":1}`},
		{"session id is no secret", `{"session_id":"ab12"}`, `{"session_id":"ab12"}`},

		{"phone", `{"phone":"13800138000","mobile":13900139000,"tel":"0571-88881234"}`, `{"phone":"138****8000","mobile":"139****9000","tel":"057****1234"}`},
		{"phone: country code", `{"contactPhone":"+8613800138000"}`, `{"contactPhone":"+86****8000"}`},
		{"phone: short", `{"tel":"8888123","fax":"8123","phone":""}`, `{"tel":"88****23","fax":"***","phone":""}`},
		{"phone: list", `{"mobile":["13800138000","13900139000"]}`, `{"mobile":["138****8000","139****9000"]}`},
		{"contact: name", `{"contact":"张三丰","linkman":"Ann"}`, `{"contact":"张*","linkman":"A*"}`},
		{"contact: number", `{"contact":"13800138000"}`, `{"contact":"138****8000"}`},
		{"contact: both", `{"contact":"张三 13800138000"}`, `{"contact":"张*"}`},
		{"contact: object", `{"contact":{"name":"张三","phone":"13800138000"},"material":{"name":"螺丝"}}`,
			`{"contact":{"name":"张*","phone":"138****8000"},"material":{"name":"螺丝"}}`},
		{"address", `{"address":"浙江省杭州市西湖区文三路1号","deliveryAddress":"短"}`, `{"address":"浙江省杭州市***","deliveryAddress":"***"}`},
		{"email", `{"email":"ann@example.com","mail":"nobody"}`, `{"email":"a***@example.com","mail":"***"}`},
		{"openid", `{"openid":"` + anOpenID + `","unionId":"u123456","touser":"oX"}`, `{"openid":"<openid:oABC>","unionId":"<unionid:u123>","touser":"<openid:oX>"}`},
		{"openid: empty", `{"openid":""}`, `{"openid":""}`},

		{"the rest stays", `{"orderNo":"SO20261120001","amount":12345.60,"big":12345678901234567890,"ok":true,"none":null,"customerName":"雪兽科技"}`,
			`{"orderNo":"SO20261120001","amount":12345.60,"big":12345678901234567890,"ok":true,"none":null,"customerName":"雪兽科技"}`},
		{"number that is a phone", `{"x":13800138000,"at":1763625015123,"y":-13800138000}`, `{"x":"138****8000","at":1763625015123,"y":-13800138000}`},
		{"text under any name", `{"remark":"call 13800138000, Bearer abc.def-1, ` + anOpenID + `"}`, `{"remark":"call 138****8000, Bearer ***, <openid:oABC>"}`},
		{"text as a name", `{"13800138000":1}`, `{"138****8000":1}`},
		{"JSON in a text", `{"raw":"{\"password\":\"a\",\"contact\":\"张三\"}"}`, `{"raw":"{\"password\":\"***\",\"contact\":\"张*\"}"}`},
		{"blanks and escapes", " { \"a\" : [ 1 , \"\\u96ea\\ud83d\\ude00\\n\\\"\\\\\\/\" ] } ", `{"a":[1,"雪😀\n\"\\/"]}`},
		{"bare values", `"13800138000"`, `"138****8000"`},
		{"empty containers", `[{},[]]`, `[{},[]]`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := tagged.JSON([]byte(test.in), 0); got != test.want {
				t.Errorf("\n got %s\nwant %s", got, test.want)
			}
			if strings.Contains(test.want, "<") {
				return // these pseudonyms, unlike Keyed's, have pseudonyms of their own
			}
			if got := tagged.JSON([]byte(test.want), 0); got != test.want {
				t.Errorf("masked twice: %s", got)
			}
		})
	}
}

func TestACallerMayNameFurtherSecrets(t *testing.T) {
	got := tagged.JSON([]byte(`{"code":"0a1b2c","raw":"code=0a1b2c","n":{"CODE":1}}`), 0, "code")
	if want := `{"code":"***","raw":"code=***","n":{"CODE":"***"}}`; got != want {
		t.Errorf("got %s", got)
	}
}

func TestWhatIsNotJSONIsNotShown(t *testing.T) {
	for _, in := range []string{
		"hunter2", "<html>", "{", `{"a"}`, `{"a":}`, `{"a":1,}`, `[1,]`, `[1 2]`, `{"a":1}x`, `{'a':1}`, "{\"a\":\"\n\"}", `"\x"`, `"\u12g4"`, `"\u12"`,
		`"open`, `"open\`, "01", "1.", "-", "1e", "1e+", "+1", ".5", "tru", "nulll", `{"token":nope}`, `{"token":{]}`, `{1:2}`, " ",
		strings.Repeat("[", 65) + strings.Repeat("]", 65),
	} {
		got := tagged.JSON([]byte(in), 0)
		if !strings.HasPrefix(got, "(not JSON, ") {
			t.Errorf("%s: %s", in, got)
		}
	}
	if got := tagged.JSON([]byte("hunter2"), 0); got != "(not JSON, 7 bytes)" {
		t.Errorf("got %s", got)
	}
	if got := tagged.JSON(nil, 0); got != "" {
		t.Errorf("no body: %q", got)
	}
}

func TestJSONIsCutBetweenRunesWithAMark(t *testing.T) {
	body := []byte(`{"a":"` + strings.Repeat("雪", 5000) + `"}`)
	for _, limit := range []int{0, 3, 10, 11, 12, 13, 100, 4096} {
		got := tagged.JSON(body, limit)
		most := limit
		if limit == 0 {
			most = mask.DefaultLimit
		}
		if len(got) > most || len(got) < most-5 || !strings.HasSuffix(got, "…") || !utf8.ValidString(got) {
			t.Errorf("limit %d: %d bytes: %.40q", limit, len(got), got)
		}
	}
	if got := tagged.JSON([]byte(`{"a":1}`), 7); got != `{"a":1}` {
		t.Errorf("what fits exactly is cut: %s", got)
	}
}

// A cut must not fall before the masking: half a secret is half too much.
func TestNothingSlipsThroughAtTheCut(t *testing.T) {
	for pad := range 80 {
		filler := strings.Repeat("x", pad) + " "
		body, err := json.Marshal(map[string]any{"a": filler + "13800138000 " + anOpenID + " password=hunter2",
			"b": `{"contact":"zhangsan","pad":"` + strings.Repeat("y", 4000) + `","password":"hunter2"}`})
		if err != nil {
			t.Fatal(err)
		}
		got := tagged.JSON(body, 100)
		for _, leak := range []string{"13800", "defGHI", "hunter2", "zhang"} {
			if strings.Contains(got, leak) {
				t.Errorf("pad %d: %s in %s", pad, leak, got)
			}
		}
	}
}

func TestBrokenUTF8IsRepaired(t *testing.T) {
	if got := tagged.JSON([]byte("{\"a\":\"b\xff\xfe\",\"c\":\"\\ud800\"}"), 0); got != `{"a":"b`+"\uFFFD"+`","c":"`+"\uFFFD"+`"}` {
		t.Errorf("got %q", got)
	}
}

func FuzzJSON(f *testing.F) {
	for _, seed := range []string{
		`{"password":"hunter2","a":[1,-2.5e3,true,null,"\u0041\ud83d\ude00"]}`, `"Bearer x"`, `{"a":"{\"b\":\"[1]\"}"}`, `{"tel":13800138000}`,
		"{\"a\":\"\xff\"}", `[[[`, `{"Cookie":"a=b; c=d"}`, `"x=mysql://u:p@h"`, `{"contact":{"name":""}}`, `"138 0013-8000"`,
	} {
		f.Add([]byte(seed), 0)
	}
	f.Fuzz(func(t *testing.T, body []byte, limit int) {
		got := tagged.JSON(body, limit)
		most := limit
		if limit <= 0 {
			most = mask.DefaultLimit
		}
		if len(got) > most || !utf8.ValidString(got) {
			t.Fatalf("limit %d: %d bytes, valid %t", limit, len(got), utf8.ValidString(got))
		}
		if len(body) == 0 || most < 100 || strings.HasSuffix(got, "…") || strings.Count(string(body), "[")+strings.Count(string(body), "{") > 60 {
			return
		}
		refused := strings.HasPrefix(got, "(not JSON")
		if refused == json.Valid(body) {
			t.Fatalf("valid JSON: %t, but masked as %q", json.Valid(body), got)
		}
		if !refused && !json.Valid([]byte(got)) {
			t.Fatalf("no JSON any more: %q", got)
		}
	})
}

// page is an answer as the gateway gives them: 50 orders, 10 KB.
func page() []byte {
	order := `{"id":"1001","orderNo":"SO20261120001","customerName":"雪兽科技有限公司","orderDate":"2026-11-20","status":"in_progress",` +
		`"statusText":"生产中","amount":12345.60,"currency":"CNY","shippedRate":0.25,"contact":"张三","phone":"13800138000","remark":"加急"}`
	return []byte(`{"code":0,"message":"ok","data":{"orders":[` + strings.Repeat(order+",", 49) + order + `],"total":50}}`)
}

func BenchmarkJSON(b *testing.B) {
	body := page()
	for name, limit := range map[string]int{"2KiB": 0, "whole": 1 << 20} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				tagged.JSON(body, limit)
			}
		})
	}
}
