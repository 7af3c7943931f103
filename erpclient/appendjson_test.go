package erpclient

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"
)

var oddTexts = []string{"", "SO-1", "雪兽", `"`, `\`, "a\nb\x00\x7f", "<b>&amp;", "\u2028\u2029", "\xff", "é😀", "\ufffd"}

// filled has every field, filled by kind: a field that is added and not written shows.
func filled[T any](t testing.TB, text string, empty bool) T {
	t.Helper()
	var v T
	fill(reflect.ValueOf(&v).Elem(), text, empty)
	return v
}

func fill(v reflect.Value, text string, empty bool) {
	switch x := v.Addr().Interface().(type) {
	case *Decimal:
		*x = map[bool]Decimal{true: "", false: "-12.50e3"}[empty]
		return
	case *Day:
		*x = Day(text)
		return
	case *Moment:
		if !empty {
			*x = Moment{time.Date(2026, 1, 31, 10, 20, 30, 5, time.FixedZone("CST", 8*60*60))}
		}
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Int64, reflect.Int:
		v.SetInt(7)
	case reflect.Bool:
		v.SetBool(!empty)
	case reflect.Pointer:
		if !empty {
			v.Set(reflect.New(v.Type().Elem()))
			fill(v.Elem(), text, empty)
		}
	case reflect.Slice:
		if empty {
			v.Set(reflect.MakeSlice(v.Type(), 0, 0))
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), text, empty)
		fill(v.Index(1), text, true)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), text, empty)
		}
	default:
		panic("a kind of field that is not filled: " + v.Kind().String())
	}
}

// TestAnswersAreWrittenAsEncodingJSONWritesThem keeps: writing by hand changes nothing of what is written.
func TestAnswersAreWrittenAsEncodingJSONWritesThem(t *testing.T) {
	for _, text := range oddTexts {
		for _, empty := range []bool{false, true} {
			sameJSON(t, filled[OrderPage](t, text, empty), AppendOrderPage)
			sameJSON(t, filled[OrderStatus](t, text, empty), AppendOrderStatus)
		}
	}
	sameJSON(t, OrderPage{}, AppendOrderPage)
	sameJSON(t, OrderStatus{}, AppendOrderStatus)
}

func TestAPageIsKeptAsEncodingJSONWritesIt(t *testing.T) {
	k := kept{time.Date(2026, 1, 31, 10, 20, 30, 5, time.UTC), filled[OrderPage](t, "x", false)}
	want, err := json.Marshal(k)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := k.appendTo(nil); err != nil || string(got) != string(want) {
		t.Errorf("\n got %s, %v\nwant %s", got, err, want)
	}
}

func sameJSON[T any](t *testing.T, v T, members func([]byte, T) []byte) {
	t.Helper()
	want, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if got := append(members([]byte("{"), v), '}'); string(got) != string(want) {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

func FuzzAppendString(f *testing.F) {
	for _, text := range oddTexts {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		want, err := json.Marshal(text)
		if got := AppendString(nil, text); err != nil || string(got) != string(want) {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	})
}

func TestANumberThatIsNoneIsUnknown(t *testing.T) {
	if got := appendDecimal(nil, "12 pcs"); string(got) != "null" {
		t.Errorf("got %s", got)
	}
}

func BenchmarkAppendOrderPage(b *testing.B) {
	page := OrderPage{Total: new(int)}
	for i := range 20 {
		page.Orders = append(page.Orders, Order{
			ID: "100000001", OrderNo: fmt.Sprintf("SO-26%04d", i), CustomerOrderNo: "PO-88", CustomerName: "雪兽制造有限公司", OrderDate: "2026-01-31",
			DeliveryDate: "2026-02-28", Status: StateInProgress, StatusText: "进行中", RawStatus: "2", Amount: "12345.60", Currency: "CNY",
			ShippedRate: "0.25", ProducedRate: "0.5",
		})
	}
	b.Run("append", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			AppendOrderPage(make([]byte, 0, 8<<10), page)
		}
	})
	b.Run("encoding", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := json.Marshal(page); err != nil {
				b.Fatal(err)
			}
		}
	})
}
