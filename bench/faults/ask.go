package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// answer is what one request brought.
type answer struct {
	start  time.Time
	took   time.Duration
	code   int    // the HTTP status, which is the envelope's code outside WeChat; 0: no answer at all
	fault  string // the envelope's error
	source string // live, standby or stale
	body   []byte // the envelope
}

func (a answer) ok() bool { return a.code == http.StatusOK }

// get asks as a mini-program does, but for the Referer: then the HTTP status tells.
func (g *gate) get(ctx context.Context, token, path string) answer {
	return g.ask(ctx, http.MethodGet, token, path, "")
}

func (g *gate) ask(ctx context.Context, method, token, path, body string) (a answer) {
	a.start = time.Now()
	defer func() { a.took = time.Since(a.start) }()
	req, err := http.NewRequestWithContext(ctx, method, g.url+path, strings.NewReader(body))
	if err != nil {
		a.fault = err.Error()
		return a
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	a.read(g.client.Do(req)) //nolint:bodyclose // read closes it
	return a
}

func (a *answer) read(res *http.Response, err error) {
	if err != nil {
		a.fault = err.Error()
		return
	}
	defer func() { _ = res.Body.Close() }() // it has been read to its end, or the answer counts as none
	if a.body, err = io.ReadAll(res.Body); err != nil {
		a.fault = err.Error()
		return
	}
	a.code, a.source = res.StatusCode, res.Header.Get("X-Snowgate-Source")
	if !a.ok() {
		var e struct {
			Error string `json:"error"`
		}
		_ = json.Unmarshal(a.body, &e) // what is no envelope has no name
		a.fault = e.Error
	}
}

// data decodes the envelope's data.
func (a answer) data(into any) error {
	envelope := struct {
		Data any `json:"data"`
	}{into}
	if err := json.Unmarshal(a.body, &envelope); err != nil {
		return fmt.Errorf("the answer is no envelope: %w", err)
	}
	return nil
}

// since are the answers to requests that began at a moment or later.
func since(answers []answer, from time.Time) []answer { return between(answers, from, farFuture) }

// between are the answers to requests that began in [from, to).
func between(answers []answer, from, to time.Time) (out []answer) {
	for _, a := range answers {
		if !a.start.Before(from) && a.start.Before(to) {
			out = append(out, a)
		}
	}
	return out
}

var farFuture = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

func count(answers []answer, is func(answer) bool) (n int) {
	for _, a := range answers {
		if is(a) {
			n++
		}
	}
	return n
}

func failed(a answer) bool { return !a.ok() }

// summary tells how answers ended: "live 940 · stale 12 · erp_busy 3".
func summary(answers []answer) string {
	ends := map[string]int{}
	for _, a := range answers {
		switch {
		case a.ok():
			ends[a.source]++
		case a.code == 0:
			ends["no answer"]++
		default:
			ends[a.fault]++
		}
	}
	return countsText(ends)
}
