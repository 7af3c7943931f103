package audit

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"snowgate/audit/spool"
)

// bytesOf is what Log.Call writes of a call.
func bytesOf(c Call) []byte {
	c = c.normal()
	return append(c.appendCovered(nil), c.OpenID...)
}

// TestACallIsReadAsItWasWritten keeps: what the spool holds reads the same, written by this version or, as JSON, by the one before.
func TestACallIsReadAsItWasWritten(t *testing.T) {
	for name, c := range awkward() {
		t.Run(name, func(t *testing.T) {
			want := c.normal()
			want.Link = Link{} // not a part of the payload
			text, err := json.Marshal(want)
			if err != nil {
				t.Fatal(err)
			}
			for kind, payload := range map[spool.Kind][]byte{kindCall: bytesOf(c), kindCallJSON: text} {
				var w sorted
				if err := w.take(spool.Record{Kind: kind, Payload: payload}); err != nil {
					t.Fatalf("kind %d: %v", kind, err)
				}
				if w.calls[0] != want {
					t.Errorf("kind %d was read as %+v\nwant %+v", kind, w.calls[0], want)
				}
			}
		})
	}
}

func TestACallThatWasCutIsNotRead(t *testing.T) {
	whole := bytesOf(fullCall())
	for n := range len(whole) - len(fullCall().OpenID) {
		if _, err := readCall(whole[:n]); !errors.Is(err, errCall) {
			t.Fatalf("%d of %d bytes: %v", n, len(whole), err)
		}
	}
}

// FuzzReadCall: whatever is read is written again as the same bytes, so that its digest is that of the chain.
func FuzzReadCall(f *testing.F) {
	f.Add(bytesOf(fullCall()))
	f.Add(bytesOf(Call{}))
	f.Add([]byte("\xff\xff\xff\xff"))
	f.Add([]byte(`{"id":"x"}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		c, err := readCall(payload)
		if err != nil {
			return
		}
		if again := append(c.appendCovered(nil), c.OpenID...); string(again) != string(payload) {
			t.Errorf("%q\nwas read as %+v\nand written as %q", payload, c, again)
		}
	})
}

func BenchmarkReadCall(b *testing.B) {
	c := fullCall()
	c.Response = `{"code":200,"data":{"orders":[` + strings.Repeat(`{"orderNo":"SO-20260504-001","name":"雪兽夹克"},`, 22) + `]}}`
	c.CalledAt = time.Unix(1.8e9, 0)
	payload := bytesOf(c)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := readCall(payload); err != nil {
			b.Fatal(err)
		}
	}
}
