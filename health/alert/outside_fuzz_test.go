package alert

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// otherReplicas is a board on which every topic holds the same bytes.
type otherReplicas []byte

func (otherReplicas) Claim(context.Context, string, time.Duration) (bool, error) { return true, nil }
func (otherReplicas) Publish(context.Context, string, string, []byte, time.Duration) error {
	return nil
}
func (o otherReplicas) Read(context.Context, string) (map[string][]byte, error) {
	return map[string][]byte{"w1": o, "part.erp": o}, nil
}

// Whatever a robot answers, it has taken the alert or refused it, for a reason of our words: its own may quote the address.
func FuzzVerdict(f *testing.F) {
	for _, body := range []string{
		`{"errcode":0,"errmsg":"ok"}`, `{"errcode":93000,"errmsg":"hush"}`, `{"code":0}`, `{"code":9499,"msg":"hush"}`, `{"StatusCode":0}`, `{"errcode":null}`,
		`{"errcode":1e3}`, `{"errcode":"0"}`, `[]`, `<html>hush`, ``, `{"errcode":99999999999999999999}`,
	} {
		f.Add(200, []byte(body))
	}
	f.Add(429, []byte(`hush`))
	f.Add(302, []byte(`{"errcode":0}`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		for kind, d := range dialects {
			err := d.verdict(status, body)
			if err == nil {
				if status < 200 || status > 299 {
					t.Errorf("%s: status %d is a success", kind, status)
				}
				continue
			}
			var r *Refusal
			if !errors.As(err, &r) || r.Pause < 0 || strings.Contains(err.Error(), "hush") {
				t.Errorf("%s: %v", kind, err)
			}
		}
	})
}

// A webhook that is taken is spoken to in its own dialect and prints without its secrets; complaints about others quote
// nothing.
func FuzzWebhook(f *testing.F) {
	for _, text := range []string{
		"wecom:https://qyapi.example/send?key=hush", "dingtalk:https://oapi.example/send?access_token=hush#hush", "feishu:http://127.0.0.1:9/hush#", "json:https://u:hush@x/",
		"json:http://evil.example/hush", "json:https://[::1%25x]/#hush", "x:hush", "json:", "json:https://x/%zzhush",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		hooks, err := Parse([]string{text})
		if err != nil {
			if !errors.Is(err, ErrWebhook) || strings.Contains(err.Error(), "hush") {
				t.Errorf("%q is complained of with %v", text, err)
			}
			return
		}
		w := hooks[0]
		if target := w.dialect.target(w, time.Unix(1.8e9, 0)); !strings.HasPrefix(strings.ToLower(target), "http") {
			t.Errorf("%q leads to %q", text, target)
		}
		if strings.Contains(w.String(), "hush") && !strings.Contains(w.host, "hush") {
			t.Errorf("%q prints as %s", text, w)
		}
	})
}

// Whatever other replicas have left on the board, windows that hold are no longer than a week, and the history is read.
func FuzzBoard(f *testing.F) {
	for _, blob := range []string{
		`{"id":"w1","from":"2026-01-01T00:00:00Z","to":"2099-01-01T00:00:00Z","pattern":"*"}`, `{"id":"w1","from":"2098-12-31T00:00:00Z","to":"2099-01-01T00:00:00Z","pattern":"*"}`,
		`{"id":"w1","from":"0001-01-01T00:00:00Z","to":"0001-01-02T00:00:00Z","pattern":"["}`, `{"told":"critical","toldAt":"9999-12-31T23:59:59Z","since":"0001-01-01T00:00:00Z","title":{"zh":"x"}}`,
		`{"over":true}`, `[{"id":"a","at":"2026-01-01T00:00:00Z","deliveries":{"wecom-1":{"state":"sent"}}},{}]`, `null`, ``,
	} {
		f.Add([]byte(blob))
	}
	f.Fuzz(func(t *testing.T, blob []byte) {
		m := New(Config{Board: otherReplicas(blob), Logger: slog.New(slog.DiscardHandler)})
		m.Raise(Alert{Key: "part.erp"})
		m.step(t.Context())
		for _, w := range m.Windows() {
			if w.To.Sub(w.From) > longestWindow || w.ID != "w1" {
				t.Errorf("a window of %s: %+v", w.To.Sub(w.From), w)
			}
		}
		if all, err := m.History(t.Context()); err != nil || len(all) > m.cfg.History {
			t.Errorf("%d entries, %v", len(all), err)
		}
	})
}
