package mask_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

type login struct {
	User     string `json:"user"`
	Password string `json:"password"`
}

type lazy struct{}

func (lazy) LogValue() slog.Value { return slog.StringValue("Bearer abc") }

func TestLogLinesAreMasked(t *testing.T) {
	address := &url.URL{Scheme: "https", Host: "h", RawQuery: "access_token=abc"}
	tests := []struct {
		name string
		args []any
		want string
	}{
		{"by name", []any{"password", "hunter2"}, `"password":"***"`},
		{"by name, number", []any{"token", 12345, "mobile", uint64(13800138000)}, `"token":"***","mobile":"138****8000"`},
		{"openid", []any{"openid", anOpenID}, `"openid":"<openid:oABC>"`},
		{"text", []any{"detail", "call 13800138000"}, `"detail":"call 138****8000"`},
		{"error", []any{"error", errors.New("get ?secret=abc")}, `"error":"get ?secret=***"`},
		{"error by name", []any{"secret", errors.New("abc")}, `"secret":"***"`},
		{"struct", []any{"body", login{"ann", "hunter2"}}, `"body":{"user":"ann","password":"***"}`},
		{"map", []any{"body", map[string]string{"token": "x"}}, `"body":{"token":"***"}`},
		{"raw JSON", []any{"body", json.RawMessage(`{"pwd":1}`)}, `"body":{"pwd":"***"}`},
		{"bytes", []any{"body", []byte(`{"pwd":1}`)}, `"body":"{\"pwd\":\"***\"}"`},
		{"header", []any{"header", http.Header{"Cookie": {"a=b"}, "Accept": {"*/*"}}}, `"header":{"Accept":"*/*","Cookie":"***"}`},
		{"query", []any{"query", url.Values{"sid": {"1"}}}, `"query":{"sid":"***"}`},
		{"stringer", []any{"url", address}, `"url":"https://h?access_token=***"`},
		{"lazy value", []any{"x", lazy{}}, `"x":"Bearer ***"`},
		{"secret struct", []any{"credentials", login{"ann", "hunter2"}}, `"credentials":"***"`},
		{"group", []any{slog.Group("erp", "pwd", "x", "user", "ann")}, `"erp":{"pwd":"***","user":"ann"}`},
		{"secret group", []any{slog.Group("cookie", "a", "b")}, `"cookie":{"a":"***"}`},
		{"plain values", []any{"n", 13800138000, "ok", true, "took", time.Second, "f", 1.5, "nil", nil}, `"n":13800138000,"ok":true,"took":1000000000,"f":1.5,"nil":null`},
		{"too large", []any{"body", []string{strings.Repeat("x", 5000)}}, `"body":"[\"xxx`},
		{"a value that panics", []any{"url", (*url.URL)(nil), "g", []any{&grumpy{}}}, `"url":"(not recorded)","g":"(not recorded)"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var line bytes.Buffer
			logger := slog.New(slog.NewJSONHandler(&line, &slog.HandlerOptions{ReplaceAttr: tagged.Attr}))
			logger.Info("message to 13800138000", test.args...)
			if got := line.String(); !strings.Contains(got, test.want) || !json.Valid(line.Bytes()) {
				t.Errorf("\n got %s\nwant %s", got, test.want)
			}
			if got := line.String(); !strings.Contains(got, `"level":"INFO","msg":"message to 138****8000"`) {
				t.Errorf("got %s", got)
			}
		})
	}
}

func TestTheSourceOfALinePasses(t *testing.T) {
	var line bytes.Buffer
	slog.New(slog.NewTextHandler(&line, &slog.HandlerOptions{AddSource: true, ReplaceAttr: tagged.Attr})).Info("m", "body", login{"ann", "x"})
	if got := line.String(); !strings.Contains(got, "attr_test.go:") || !strings.Contains(got, `body="{\"user\":\"ann\",\"password\":\"***\"}"`) {
		t.Errorf("got %s", got)
	}
}

func BenchmarkAttr(b *testing.B) {
	for name, options := range map[string]*slog.HandlerOptions{"masked": {ReplaceAttr: tagged.Attr}, "plain": {}} {
		b.Run(name, func(b *testing.B) {
			logger := slog.New(slog.NewJSONHandler(discard{}, options))
			b.ReportAllocs()
			for b.Loop() {
				logger.LogAttrs(context.Background(), slog.LevelInfo, "request", slog.String("method", "GET"),
					slog.String("route", "/api/orders/:id"), slog.Int("status", 200), slog.String("requestId", "0198c0de-1234-7abc-8def-13812345678a"))
			}
		})
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
