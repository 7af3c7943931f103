package session

import (
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

func sealedStore(b *testing.B) *Store {
	b.Helper()
	keys, err := ParseKeys([]string{testKey("k1", 1)})
	if err != nil {
		b.Fatal(err)
	}
	sealer, err := NewSealer(keys)
	if err != nil {
		b.Fatal(err)
	}
	rdb := redis.NewClient(&redis.Options{})
	b.Cleanup(func() { _ = rdb.Close() })
	return NewStore(rdb, sealer, Config{})
}

// BenchmarkSessionFrom reads what Redis answers about a session: one that was here before, and a new one.
func BenchmarkSessionFrom(b *testing.B) {
	s, id := sealedStore(b), hash("token")
	row := func(i int) string {
		who := fmt.Appendf(nil, `{"o":"oBench%022d"}`, i)
		return "1763625015123 1764229815123 0 " + s.sealer.Seal(purposeIdentity, id, who)
	}
	b.Run("known", func(b *testing.B) {
		known := row(0)
		b.ReportAllocs()
		for b.Loop() {
			if _, _, err := s.sessionFrom(id, known); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("new", func(b *testing.B) {
		rows := make([]string, 2*maxRemembered)
		for i := range rows {
			rows[i] = row(i)
		}
		b.ReportAllocs()
		n := 0
		for b.Loop() {
			if _, _, err := s.sessionFrom(id, rows[n%len(rows)]); err != nil {
				b.Fatal(err)
			}
			n++
		}
	})
}

// BenchmarkBindingFrom reads what Redis answers about a binding that was here before.
func BenchmarkBindingFrom(b *testing.B) {
	s := sealedStore(b)
	plain := []byte(`{"ID":"b1","OpenID":"oAnna","Way":"invite","CompanyID":"501","CompanyName":"雪兽","CustomerID":"501",` +
		`"Permissions":["orders:read","materials:read"],"BoundAt":"2026-01-31T10:20:30Z"}`)
	fields := []any{"b1", s.sealer.Seal(purposeBinding, "oAnna", plain), "place"}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.bindingFrom("oAnna", fields); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkVerdict reads what Redis answers about two rates.
func BenchmarkVerdict(b *testing.B) {
	rates, err := limited(nil, []Rate{{Key: "ip 192.0.2.1", Count: 100, Per: time.Second}, {Key: "read oAnna", Count: 20, Per: time.Second}})
	if err != nil {
		b.Fatal(err)
	}
	row := "0 0 50000 12345"
	b.ReportAllocs()
	for b.Loop() {
		if v, err := verdictFrom(rates, row); err != nil || !v.Allowed {
			b.Fatal(v, err)
		}
	}
}
