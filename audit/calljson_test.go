package audit

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// TestACallIsReadAsItWasWritten keeps: what the spool holds can be read by hand and by encoding/json, by this version and by
// the one before, and reads the same.
func TestACallIsReadAsItWasWritten(t *testing.T) {
	for name, c := range awkward() {
		t.Run(name, func(t *testing.T) {
			c := c.normal()
			c.Link = Link{} // not a part of the payload
			mine, err := appendCall(nil, c)
			theirs, refused := json.Marshal(c)
			if (err != nil) != (refused != nil) {
				t.Fatalf("by hand %v, by encoding/json %v", err, refused)
			}
			if err != nil {
				return // a time that no JSON has
			}
			for _, payload := range [][]byte{mine, theirs} {
				var slow Call
				if err := json.Unmarshal(payload, &slow); err != nil || slow != c {
					t.Errorf("%s\nwas read by encoding/json as %+v (%v)\nwant %+v", payload, slow, err, c)
				}
				if fast, ok := readCall(payload); ok && fast != c {
					t.Errorf("%s\nwas read by hand as %+v\nwant %+v", payload, fast, c)
				}
			}
		})
	}
	if _, ok := readCall(written(t, fullCall())); !ok {
		t.Error("an ordinary call is not read by hand")
	}
}

func written(t testing.TB, c Call) []byte {
	t.Helper()
	payload, err := appendCall(nil, c)
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

// FuzzReadCall: what is read by hand, encoding/json reads as well, and as the same.
func FuzzReadCall(f *testing.F) {
	f.Add(written(f, fullCall()))
	f.Add(written(f, Call{}))
	for _, payload := range []string{
		``, `}`, `{}`, `{"id":"x"}`, `{"id":"x","id":"y"}`, `{"status":1,"status":2}`, `{"status":-0}`, `{"status":01}`, `{"ns":9223372036854775808}`, `{"id":"\u0041"}`,
		`{"id":"\n\"\\"}`, `{"ID":"x"}`, `{"other":1}`, `{"at":"2026-01-01T00:00:00Z"}`, `{"at":"2026-01-01T00:00:00+08:00"}`, `{"id":"x"} `, `{"id":null}`, `{"id":"a",}`,
		"{\"id\":\"\xff\"}", "{\"id\":\"\n\"}", `{"attempts":1e3}`,
	} {
		f.Add([]byte(payload))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		fast, ok := readCall(payload)
		if !ok {
			return
		}
		var slow Call
		if err := json.Unmarshal(payload, &slow); err != nil || slow != fast {
			t.Errorf("%s\nby hand %+v\nby encoding/json %+v (%v)", payload, fast, slow, err)
		}
	})
}

func BenchmarkReadCall(b *testing.B) {
	c := fullCall()
	c.Link, c.CalledAt = Link{}, time.Unix(1.8e9, 0).UTC()
	c.Response = `{"code":200,"data":{"orders":[` + strings.Repeat(`{"orderNo":"SO-20260504-001","name":"雪兽夹克"},`, 22) + `]}}`
	payload := written(b, c)
	b.Run("hand", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, ok := readCall(payload); !ok {
				b.Fatal("not read")
			}
		}
	})
	b.Run("encoding", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var c Call
			if err := json.Unmarshal(payload, &c); err != nil {
				b.Fatal(err)
			}
		}
	})
}
