package audit

import (
	"encoding/json"
	"testing"
	"time"
	"unicode/utf8"

	"snowgate/audit/spool"
)

// Whatever stands in the spool, a record is read whole or refused, and what is read can be written down again within the
// columns' bounds. Reading what was normal changes nothing: the hash chain is made of it.
func FuzzRecords(f *testing.F) {
	call, _ := json.Marshal(Call{LogID: "1", Endpoint: "/api/orders/:id", Method: "GET", Status: 200, Duration: 3 * time.Millisecond, CalledAt: time.Unix(1.8e9, 5)})
	f.Add(uint8(kindCallJSON), call)
	f.Add(uint8(kindCall), bytesOf(fullCall()))
	f.Add(uint8(kindWrite), []byte(`{"key":"k","op":"record_stock","params":"\u0000","changed":"2026-01-01T00:00:00Z"}`))
	for kind := range uint8(10) {
		f.Add(kind, []byte(`{"id":"x","at":"0001-01-01T00:00:00Z","ns":-1}`))
	}
	f.Add(uint8(kindMessage), []byte(`{"attempts":"1"}`))
	f.Add(uint8(kindForget), []byte("{\"openid\":\"\xff\"}"))
	f.Add(uint8(kindSession), []byte(``))
	f.Fuzz(func(t *testing.T, kind uint8, payload []byte) {
		r := spool.Record{Kind: spool.Kind(kind), Payload: payload}
		if c, err := decode[Call](r); err == nil {
			n := c.normal()
			fits(t, n.Params, maxText)
			fits(t, n.Endpoint, maxPath)
			fits(t, n.LogID, maxName)
			if n != n.normal() {
				t.Errorf("%+v is normal only the second time", n)
			}
			if _, err := json.Marshal(n); err != nil && n.CalledAt.Year() <= 9999 && n.CalledAt.Year() >= 0 {
				t.Errorf("%+v cannot be written: %v", n, err)
			}
		}
		if w, err := decode[WriteChange](r); err == nil {
			n := w.normal(time.Unix(1.8e9, 0))
			fits(t, n.Params, maxText)
			fits(t, n.Operator, maxPath)
			if n.ChangedAt.IsZero() || n.IntendedAt.IsZero() || n.KeyHash != w.KeyHash {
				t.Errorf("%+v became %+v", w, n)
			}
		}
		var rows sorted
		if rows.take(r) != nil && len(rows.calls)+len(rows.sessions)+len(rows.bindings)+len(rows.messages)+len(rows.writes)+len(rows.forgotten) > 0 {
			t.Error("refused, and yet taken")
		}
	})
}

func fits(t *testing.T, s string, runes int) {
	t.Helper()
	if !utf8.ValidString(s) || utf8.RuneCountInString(s) > runes {
		t.Errorf("%q does not fit into %d runes", s, runes)
	}
}
