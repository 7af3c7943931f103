package snowbeasts

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"snowgate/erpclient"
	"snowgate/erpclient/wire"
)

var listsAsTheyCome = []string{
	page1(fullOrder), page1(fullLine), page1(`{}`), page1(``), page1(`{"a":{"b":[1,{"c":null}]},"d":[],"e":"","f":-1.5e+3,"g":true,"h":null}`),
	" {\n\t\"success\" : true , \"msg\":\"x\",\"data\" : { \"_count\" : \"2\" , \"_dataList\" : [ { \"a\" : 1 , \"b\" : [ ] } , 7 , null , \"x\" , false, [1] ] , \"more\":{} } }\r\n",
	`{"data":{"_dataList":null,"_count":0}}`, `{"success":false,"message":"登录"}`, `{"data":{"_dataList":[{"a":"\u96ea\ud83d\ude00\n","\u0061":2,"b":"\ud800"}]}}`,
	"{\"data\":{\"_dataList\":[{\"a\":\"\xff\",\"b\":\"雪\"}]}}", `{"success":{"a":1},"message":[1],"data":{"_count":{},"_dataList":[]}}`,
}

// oddLists are no JSON, or not written as expected: they are encoding/json's.
var oddLists = []string{
	``, ` `, `7`, `null`, `[]`, `{`, `{}x`, `{"data":{"_dataList":[{"a":1},]}}`, `{"data":{"_dataList":[{"a":01}]}}`, `{"data":{"_dataList":[{"a":1.}]}}`,
	`{"data":{"_dataList":[{"a":+1}]}}`, `{"data":{"_dataList":[{"a":tru}]}}`, `{"data":{"_dataList":[{"a":"\x"}]}}`, "{\"data\":{\"_dataList\":[{\"a\":\"\n\"}]}}",
	`{"data":{"_dataList":[{"a":"x}]}}`, `{"data":{"_dataList":{}}}`, `{"data":7}`, `{"data":null}`, `{"Data":{}}`, `{"data":{},"data":{}}`, `{"SUCCESS":false}`,
	`{"data":{"_datalist":[]}}`, `{"data":{"_count":1,"_count":2}}`, `{"data":{"_dataList":[` + strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001) + `]}}`,
}

// TestAListIsReadTheSameBothWays keeps: reading fast changes nothing of what is read.
func TestAListIsReadTheSameBothWays(t *testing.T) {
	for _, body := range listsAsTheyCome {
		if !bothWays(t, []byte(body)) {
			t.Errorf("not read the fast way: %s", body)
		}
	}
	for _, body := range oddLists {
		if bothWays(t, []byte(body)) {
			t.Errorf("read the fast way: %.200s", body)
		}
	}
}

func FuzzBothWays(f *testing.F) {
	for _, body := range append(listsAsTheyCome, oddLists...) {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) { bothWays(t, body) })
}

// bothWays reports whether the fast way read the body; then encoding/json must have read the same.
func bothWays(t *testing.T, body []byte) bool {
	t.Helper()
	fast, ok := scanList(body)
	if !ok {
		return false
	}
	slow := new(answer[listData])
	if err := json.Unmarshal(body, slow); err != nil {
		t.Errorf("%s: read, and is no list: %v", body, err)
		return true
	}
	if fast.answerHead != slow.answerHead || fast.Data.Count != slow.Data.Count || (fast.Data.List == nil) != (slow.Data.List == nil) {
		t.Errorf("%s:\nfast %+v\nslow %+v", body, fast, slow)
	}
	sameRows(t, body, fast.Data.List)
	return true
}

// sameRows holds rows to what a map of encoding/json's would have held.
func sameRows(t *testing.T, body []byte, rows []record) {
	t.Helper()
	var want struct {
		Data struct {
			List []json.RawMessage `json:"_dataList"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &want); err != nil || len(want.Data.List) != len(rows) {
		t.Fatalf("%s: %d rows, want %d (%v)", body, len(rows), len(want.Data.List), err)
	}
	for i, raw := range want.Data.List {
		if kind := wire.TypeBy(raw[0]); kind != rows[i].kind {
			t.Errorf("%s: row %d is %s, want %s", body, i, rows[i].kind, kind)
		}
		var columns map[string]value
		if json.Unmarshal(raw, &columns) != nil {
			continue
		}
		got := map[string]value{}
		for _, f := range rows[i].fields {
			got[f.name] = rows[i].fields.get(f.name)
		}
		if len(got) != len(columns) || len(got) > 0 && !reflect.DeepEqual(got, columns) {
			t.Errorf("%s: row %d is\n%+v, want\n%+v", body, i, got, columns)
		}
	}
}

// TestARowIsReadHoweverDeep keeps: one odd row does not spoil its page.
func TestARowIsReadHoweverDeep(t *testing.T) {
	deep := strings.Repeat("[", 5000) + strings.Repeat("]", 5000)
	for _, name := range []string{"data", "Data"} { // the fast way, and encoding/json's
		body := fmt.Sprintf(`{"success":true,%q:{"_count":2,"_dataList":[{"id":%s},{"id":1}]}}`, name, deep)
		got, err := decodeList([]byte(body), question{form: &form{}}, &driftLog{})
		if err != nil || len(got.Data.List) != 2 || got.Data.List[1].fields.get("id").id() != "1" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// twentyOrders is a page as the known installation writes it, of 5 KB.
func twentyOrders() []byte {
	rows := make([]string, 20)
	for i := range rows {
		rows[i] = fmt.Sprintf(`{"id":%d,"code":"SO-26%04d","customerOrderCode":"PO-%d","customerId":501,"customerName":"上海雪原","date":"2026-01-31",`+
			`"deliveryDate":"2026-02-%02d 00:00:00","status":2,"amount":12345.60,"currency":"CNY","shippedRate":0.25,"producedRate":0.5,"remark":"加急"}`,
			9007199254740993+i, i, i, 1+i)
	}
	return []byte(page1(strings.Join(rows, ",")))
}

// BenchmarkDecode reads a page of 20 orders, and BenchmarkOrderPage makes orders of it.
func BenchmarkDecode(b *testing.B) {
	body := twentyOrders()
	d := quiet(b)
	q := d.orderQuestion(opOrders, erpclient.KindBadAnswer)
	for name, way := range map[string]func([]byte, question, *driftLog) (*answer[listData], error){"fast": decodeList, "encoding": decode[listData]} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				if got, err := way(body, q, d.drift(q)); err != nil || len(got.Data.List) != 20 {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkOrderPage(b *testing.B) {
	body := twentyOrders()
	d := quiet(b)
	q := d.orderQuestion(opOrders, erpclient.KindBadAnswer)
	b.ReportAllocs()
	for b.Loop() {
		got, err := decodeList(body, q, d.drift(q))
		if err != nil {
			b.Fatal(err)
		}
		p, err := newPage(got, q, d.drift(q))
		if err != nil {
			b.Fatal(err)
		}
		if page, err := d.orderPage(p, erpclient.Scope{CustomerID: "501"}); err != nil || len(page.Orders) != 20 {
			b.Fatal(err, len(page.Orders))
		}
	}
}

func quiet(b *testing.B) *Driver {
	b.Helper()
	d, err := New(Config{HTTP: offline(b), AppID: "10001"})
	if err != nil {
		b.Fatal(err)
	}
	return d
}
