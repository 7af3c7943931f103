package mask

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var plainly = New(func(kind, value string) string { return "<" + kind + ":" + value[:min(4, len(value))] + ">" })

// answers are documents with something in them for every rule.
var answers = []string{
	`{"code":0,"message":"ok","data":{"orders":[{"id":"1001","orderNo":"SO20261120001","customerName":"雪兽科技","amount":12345.60,"shippedRate":0.25,"remark":""}]}}`,
	`{"contact":{"name":"张三","phone":"13800138000"},"name":"螺丝","address":"浙江省杭州市西湖区文三路1号","email":"ann@example.com","tel":13800138000}`,
	`{"remark":"call 13800138000, Bearer abc.def-1","a":"1380013800","b":"13800138000","c":"a:b","d":"a b","e":"a=b","f":"[1]","g":"{}"}`,
	`{"p\u0061ssword":"x","raw":"{\"password\":\"a\"}","x":"\ud83d\ude00\/\n","openid":"oABCdefGHI_jklMNO-pqrSTU1234","y":"oABCdefGHI_jklMNO-pqrSTU1234"}`,
	"{\"a\":\"\xff\xfe\xff\",\"\xff\":1,\"\x7f\":\"\x7f\"}", `{"a":"` + "\x01" + `"}`, `{"a":"\x"}`, `{"token":{"a":["\x"]}}`, `{"a`, `{"a":"b\`, `{"sid":null,"b":tru}`, `[1,2`, `{} x`, `"`,
	`{"密码":"a","session_id":"ab12","Session-Key":1,"wxAccessToken":"b","thisNameIsFarTooLongToBeLookedAtAsAWholeAndYetItEndsInThePassword":"c"}`,
}

// same compares a document's masking to what it was.
func same(t *testing.T, body string, limit int, secrets ...string) {
	t.Helper()
	want := plainly.plainJSON([]byte(body), limit, secrets...)
	if got := plainly.JSON([]byte(body), limit, secrets...); got != want {
		t.Errorf("limit %d, secrets %q: %.300q\n got %.300q\nwant %.300q", limit, secrets, body, got, want)
	}
}

// TestFastMaskingIsTheSame keeps: glances, memories and lent buffers change nothing in what is shown.
func TestFastMaskingIsTheSame(t *testing.T) {
	for _, answer := range answers {
		long := `[` + strings.Repeat(answer+`,`, 40) + answer + `]`
		for _, limit := range []int{0, 1, 2, 3, 4, 10, 50, 100, 101, 102, 103, 1 << 20} {
			for _, body := range []string{answer, long} {
				same(t, body, limit)
				same(t, body, limit, "code", "Order_No")
			}
		}
	}
}

// TestGoldenAnswersAreMaskedTheSame does so with every answer that another test of the house keeps.
func TestGoldenAnswersAreMaskedTheSame(t *testing.T) {
	paths, err := filepath.Glob("../../*/testdata/*.json")
	deeper, err2 := filepath.Glob("../../*/*/testdata/*.json")
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	for _, path := range append(paths, deeper...) {
		body, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		same(t, string(body), 0)
		same(t, string(body), len(body))
	}
}

func FuzzFastMaskingIsTheSame(f *testing.F) {
	for _, answer := range answers {
		f.Add(answer, 60, "")
	}
	f.Fuzz(func(t *testing.T, body string, limit int, secret string) {
		limit = limit & (1<<14 - 1)
		same(t, body, limit)
		same(t, body, limit, secret)
		text, err := json.Marshal(map[string]string{"a": body, body: "b"})
		if err == nil {
			same(t, string(text), limit, secret)
		}
	})
}

// search is an answer to a search, as the gateway gives them: 20 orders, 7 KB.
func search() []byte {
	order := `{"id":"1001","orderNo":"SO20261120001","customerOrderNo":"PO-7788","customerName":"雪兽科技有限公司","orderDate":"2026-11-20","deliveryDate":"2026-12-20",` +
		`"status":"in_progress","statusText":"生产中","rawStatus":"2","amount":12345.60,"currency":"CNY","shippedRate":0.25,"producedRate":0.5,"remark":"加急"}`
	return []byte(`{"code":0,"message":"ok","data":{"orders":[` + strings.Repeat(order+",", 19) + order + `],"total":20}}`)
}

// BenchmarkSearch is what a search pays for its answer in the call log.
func BenchmarkSearch(b *testing.B) {
	body := search()
	for name, masked := range map[string]func([]byte, int, ...string) string{"fast": plainly.JSON, "plain": plainly.plainJSON} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				masked(body, DefaultLimit)
			}
		})
	}
}

// BenchmarkRuleOf is one field's name.
func BenchmarkRuleOf(b *testing.B) {
	for name, of := range map[string]func(string, []string) rule{"met": ruleOf, "new": lookUp} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				of("customerOrderNo", nil)
			}
		})
	}
}
