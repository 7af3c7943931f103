package main

import (
	"crypto/sha1" //nolint:gosec // WeChat's scheme
	"encoding/hex"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The token in the configuration is the one the callback answers to; without one there is no callback.
func TestCallbackIsWired(t *testing.T) {
	const token = "t0ken-of-the-callback"
	parts := []string{token, strconv.FormatInt(time.Now().Unix(), 10), "n0nce"}
	query := "?timestamp=" + parts[1] + "&nonce=" + parts[2] + "&echostr=4711"
	slices.Sort(parts)
	sum := sha1.Sum([]byte(strings.Join(parts, ""))) //nolint:gosec // WeChat's scheme
	query += "&signature=" + hex.EncodeToString(sum[:])

	on := start(t, "SNOWGATE_MODE=sandbox", "SNOWGATE_WECHAT__CALLBACK_TOKEN="+token)
	off := production(t)
	for _, row := range []struct {
		g            *gate
		method, body string
		status       int
		begins       string
	}{
		{on, http.MethodGet, "", 200, "4711"},
		{on, http.MethodPost, `{"Event":"user_authorization_cancellation","OpenID":"o1","CreateTime":1}`, 200, "success"},
		{off.gate, http.MethodGet, "", 404, `{"code":404`},
		{off.gate, http.MethodPost, `{"Event":"debug_demo"}`, 404, `{"code":404`},
	} {
		if status, answer := row.g.bare(row.method, "/api/wechat/callback"+query, row.body); status != row.status || !strings.HasPrefix(answer, row.begins) {
			t.Errorf("%s: answered %d %s, want %d %s", row.method, status, answer, row.status, row.begins)
		}
	}
}

// bare asks without expecting an envelope.
func (g *gate) bare(method, path, body string, headers ...string) (status int, answer string) {
	g.t.Helper()
	req, err := http.NewRequestWithContext(g.t.Context(), method, g.url+path, strings.NewReader(body))
	if err != nil {
		g.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		g.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	return res.StatusCode, string(raw)
}
