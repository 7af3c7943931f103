package erpclient

import (
	"context"
	"encoding/json"
	"log/slog"
	"testing"
	"time"
)

// oneBlob is a store that holds the same bytes for everything.
type oneBlob []byte

func (oneBlob) SaveAnswers(context.Context, []KeptAnswer, time.Duration) error { return nil }
func (b oneBlob) LoadAnswer(context.Context, string, string) ([]byte, bool, error) {
	return b, true, nil
}

// Whatever an earlier release has left in the store, an answer that is shown is not older than it may be, and can be
// written.
func FuzzLastGood(f *testing.F) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	for _, text := range []string{
		`{"asOf":"2026-11-20T11:55:00Z","answer":{"orders":[{"id":"1","amount":1.50,"orderDate":"2026-01-01"}],"total":1}}`, `{}`, `null`, `[]`,
		`{"asOf":"2026-11-20T11:49:59Z","answer":{}}`, `{"asOf":"2026-11-20T11:55:00Z","answer":null}`, `{"asOf":"2026-11-20T11:55:00Z","answer":{"orders":{}}}`,
		`{"asOf":"2026-11-20T11:55:00Z","answer":{"timeline":[{"at":"2026-01-01T00:00:00Z"}],"deliveries":[{"shippedAt":null}]}}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, blob []byte) {
		l := newLastGood(Config{Answers: oneBlob(blob), Now: func() time.Time { return now }, Logger: slog.New(slog.DiscardHandler)})
		found[OrderPage](t, l, now)
		found[OrderDetail](t, l, now)
		found[[]Material](t, l, now)
		found[StockPage](t, l, now)
	})
}

func found[T any](t *testing.T, l *lastGood, now time.Time) {
	t.Helper()
	answer, asOf, ok := find[T](t.Context(), l, Identity{BindingID: "b"}, "q")
	if !ok {
		return
	}
	if now.Sub(asOf) > staleFor {
		t.Errorf("shown as of %s", asOf)
	}
	if _, err := json.Marshal(answer); err != nil {
		t.Errorf("%+v cannot be written: %v", answer, err)
	}
}
