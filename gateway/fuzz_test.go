package gateway

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"testing"
)

// Whatever decodeObject accepts is one JSON object that encoding/json reads as the same keys.
func FuzzDecodeObject(f *testing.F) {
	for _, body := range bodiesThatAreNoObject() {
		if len(body) < 4096 {
			f.Add([]byte(body))
		}
	}
	f.Add([]byte(`{"code":"x","userInfo":{"a":[1,2.50,null,true,"\ud83d\ude00"]}}`))
	f.Add([]byte(` {"\u0061":1e400,"b":{}} `))
	f.Fuzz(func(t *testing.T, raw []byte) {
		object, err := decodeObject(raw)
		if err != nil {
			return
		}
		again, err := json.Marshal(object)
		if err != nil || !json.Valid(again) {
			t.Fatalf("%q was accepted and cannot be written: %v", raw, err)
		}
		var standard, copied map[string]json.RawMessage
		if err := json.Unmarshal(raw, &standard); err != nil {
			t.Fatalf("%q was accepted, encoding/json says %v", raw, err)
		}
		if err := json.Unmarshal(again, &copied); err != nil {
			t.Fatal(err)
		}
		if got, want := slices.Sorted(maps.Keys(copied)), slices.Sorted(maps.Keys(standard)); !slices.Equal(got, want) {
			t.Fatalf("%q has the keys %q, got %q", raw, want, got)
		}
	})
}

// Whatever orderQuery accepts is within bounds and fit to be sent on.
func FuzzOrderQuery(f *testing.F) {
	for _, query := range []string{
		"", "page=1&pageSize=20", "page=10000", "page=99999999999999999999", "page=-1", "page=%EF%BC%91", "keyword=%00", "keyword=+a+",
		"keyword=%ff", "status=done", "status=unknown", "page=1;pageSize=2", "page=+1", "keyword=%E8%AE%A2",
	} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		values, err := url.ParseQuery(raw)
		if err != nil {
			return
		}
		q, err := orderQuery(values)
		if err != nil {
			return
		}
		if q.Page < 1 || q.Page > maxPage || q.PageSize < 1 || q.PageSize > maxPageSize || !printable(q.Keyword, maxKeyword) {
			t.Fatalf("%q became %+v", raw, q)
		}
		if q.Status != "" && !q.Status.Valid() {
			t.Fatalf("%q became %+v", raw, q)
		}
	})
}
