package sandbox

import (
	"math/big"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// psiClient asks with the API key.
type psiClient struct {
	t    *testing.T
	http *http.Client
	psi  *PSI
	url  string
	auth []string // header lines
}

func newPSIClient(t *testing.T, opts PSIOptions) *psiClient {
	t.Helper()
	p := NewPSI(opts)
	return &psiClient{t, plainClient(t), p, serve(t, p), []string{"Authorization", "Bearer " + p.APIKey()}}
}

func (c *psiClient) get(path string) map[string]any {
	c.t.Helper()
	return c.ok(ask(c.t, c.http, "GET", c.url+path, nil, c.auth...))
}

// ok checks that the status says nothing.
func (c *psiClient) ok(got reply) map[string]any {
	c.t.Helper()
	if got.status != http.StatusOK {
		c.t.Fatalf("status %d: %s", got.status, got.body)
	}
	return got.object(c.t)
}

func (c *psiClient) post(body any, header ...string) map[string]any {
	c.t.Helper()
	return c.ok(ask(c.t, c.http, "POST", c.url+"/api/inventory/record", body, append(header, c.auth...)...))
}

func entry(change m) m {
	body := m{"productId": "8001", "warehouseId": 61, "quantity": "2.5", "type": "in", "operator": "吴仓管", "reference": "REF1"}
	for key, value := range change {
		body[key] = value
	}
	return body
}

func TestPSIProductsHaveValidBarcodes(t *testing.T) {
	c := newPSIClient(t, PSIOptions{})
	all := c.psi.Products()
	if len(all) != 36 || all[0].ID != products[0].id || all[11].Code != products[11].code {
		t.Fatalf("%d articles, the first %+v", len(all), all[0])
	}
	seen := map[string]bool{}
	for _, p := range all {
		sum := 0
		for i, d := range p.Barcode {
			sum += int(d-'0') * (1 + i%2*2)
		}
		if len(p.Barcode) != 13 || sum%10 != 0 || seen[p.Barcode] || strings.Trim(p.ID, "0123456789") != "" {
			t.Errorf("article %+v", p)
		}
		seen[p.Barcode] = true
		got := object(c.get("/api/product/barcode?barcode=" + p.Barcode)["data"])
		if text(got["id"]) != p.ID || text(got["name"]) != p.Name || text(got["quantity"]) != c.psi.Stock(p.ID, "") {
			t.Errorf("%s: %v", p.Barcode, got)
		}
	}
}

func TestPSIRefusesWithTheCodeAlone(t *testing.T) {
	c := newPSIClient(t, PSIOptions{})
	for path, want := range map[string]string{
		"/api/product/barcode?barcode=2100000080010": "404", "/api/product/barcode": "400",
		"/api/inventory/list?page=0": "422", "/api/inventory/list?pageSize=x": "422", "/api/inventory/list?pageSize=501": "422",
	} {
		if got := c.get(path); text(got["code"]) != want || text(got["message"]) == "" || got["data"] != nil {
			t.Errorf("%s: %v, want code %s", path, got, want)
		}
	}
	if got := ask(t, c.http, "GET", c.url+"/api/inventory/record?reference=x", nil, c.auth...); got.status != http.StatusNotFound {
		t.Errorf("without the option there is no lookup, got %d", got.status)
	}
}

func TestPSIKnowsItsCallers(t *testing.T) {
	bearer := newPSIClient(t, PSIOptions{})
	header := newPSIClient(t, PSIOptions{Header: "X-Api-Key", APIKey: "k-1"})
	login := func(c *psiClient, password string) map[string]any {
		return c.ok(ask(t, c.http, "POST", c.url+"/api/auth/login", m{"username": "wu.cang", "password": password}))
	}
	token := text(object(login(header, "psi-wu-1")["data"])["token"])
	if got := login(header, "wrong"); text(got["code"]) != "401" || token == "" {
		t.Errorf("wrong password: %v; token %q", got, token)
	}
	for name, tt := range map[string]struct {
		c    *psiClient
		auth []string
		code string
	}{
		"key as bearer":        {bearer, []string{"Authorization", "Bearer " + bearer.psi.APIKey()}, "0"},
		"key in its header":    {header, []string{"X-Api-Key", "k-1"}, "0"},
		"token":                {header, []string{"Authorization", "Bearer " + token}, "0"},
		"nothing":              {bearer, nil, "401"},
		"an empty header":      {bearer, []string{"Authorization", "Bearer "}, "401"},
		"key without bearer":   {bearer, []string{"Authorization", bearer.psi.APIKey()}, "401"},
		"key in another place": {header, []string{"Authorization", "Bearer k-1"}, "401"},
		"somebody else's":      {bearer, []string{"Authorization", "Bearer " + token}, "401"},
	} {
		tt.c.auth = tt.auth
		if got := tt.c.get("/api/warehouse/list"); text(got["code"]) != tt.code {
			t.Errorf("%s: %v", name, got)
		}
	}
	header.auth = []string{"Authorization", "Bearer " + token}
	header.psi.ExpireTokens()
	if got := header.get("/api/warehouse/list"); text(got["code"]) != "401" {
		t.Errorf("after expiry: %v", got)
	}
}

func TestPSIInventoryPages(t *testing.T) {
	c := newPSIClient(t, PSIOptions{})
	ids := func(got map[string]any) (out []string) {
		list, isList := got["data"].([]any)
		if !isList {
			t.Fatalf("data is %T", got["data"])
		}
		for _, item := range list {
			out = append(out, text(object(item)["id"]))
		}
		return out
	}
	for path, want := range map[string]struct {
		rows  int
		total string
		first string
	}{
		"":                         {20, "36", "8001"},
		"?page=2":                  {16, "36", "8021"},
		"?page=3":                  {0, "36", ""},
		"?page=2&pageSize=5":       {5, "36", "8006"},
		"?keyword=p-100":           {4, "4", "8001"},
		"?keyword=登山+包":            {0, "0", ""}, // + is a space
		"?keyword=2100000080031":   {0, "0", ""},
		"?keyword=头灯&page=1":       {1, "1", "8014"},
		"?warehouseId=61&page=1":   {20, "36", "8001"},
		"?page=1000000&pageSize=5": {0, "36", ""},
	} {
		got := c.get("/api/inventory/list" + path)
		if rows := ids(got); len(rows) != want.rows || text(got["total"]) != want.total || want.first != "" && rows[0] != want.first {
			t.Errorf("%s: %v of %v, want %+v", path, rows, got["total"], want)
		}
	}
	list, _ := c.get("/api/inventory/list?warehouseId=62&pageSize=1")["data"].([]any)
	if row := object(list[0]); text(row["quantity"]) != c.psi.Stock("8001", "62") || text(row["warehouseId"]) != "62" || text(row["minimum"]) == "" {
		t.Errorf("in one warehouse: %v", row)
	}
}

func TestPSIRecordsMoveTheStock(t *testing.T) {
	c := newPSIClient(t, PSIOptions{})
	before, _ := new(big.Rat).SetString(c.psi.Stock("8001", "61"))
	got := object(c.post(entry(nil))["data"])
	after := plainNumber(before.Add(before, big.NewRat(5, 2)))
	if text(got["balance"]) != string(after) || c.psi.Stock("8001", "61") != string(after) || text(got["recordId"]) == "" {
		t.Errorf("in: %v, stock %s, want %s", got, c.psi.Stock("8001", "61"), after)
	}
	if got := object(c.post(entry(m{"type": "out", "quantity": 2.5, "reference": "REF2"}))["data"]); text(got["quantity"]) != "2.5" {
		t.Errorf("out: %v", got)
	}
	for name, tt := range map[string]struct {
		change m
		code   string
	}{
		"short": {m{"type": "out", "quantity": 1000000}, "409"}, "no article": {m{"productId": 1}, "404"}, "no warehouse": {m{"warehouseId": "1"}, "404"},
		"nothing": {m{"quantity": 0}, "422"}, "negative": {m{"quantity": -1}, "422"}, "seven places": {m{"quantity": "0.0000001"}, "422"},
		"no number": {m{"quantity": "many"}, "422"}, "type": {m{"type": "move"}, "422"},
	} {
		if got := c.post(entry(tt.change)); text(got["code"]) != tt.code {
			t.Errorf("%s: %v, want code %s", name, got, tt.code)
		}
	}
	if got := c.post("x"); text(got["code"]) != "400" {
		t.Errorf("no object: %v", got)
	}
	records := c.psi.Records()
	if len(records) != 2 || records[0].Operator != "吴仓管" || records[0].Reference != "REF1" || records[1].Type != "out" {
		t.Errorf("records %+v", records)
	}
}

func TestPSICountsEveryRecordUnlessItIsIdempotent(t *testing.T) {
	for want, opts := range map[int]PSIOptions{50: {}, 1: {Idempotent: true}} {
		c := newPSIClient(t, opts)
		var all sync.WaitGroup
		answers := make([]string, 50)
		for i := range answers {
			all.Go(func() {
				got, err := tryAsk(t.Context(), c.http, "POST", c.url+"/api/inventory/record", entry(nil), append(c.auth, "Idempotency-Key", "K1")...)
				if err != nil {
					t.Error(err)
				}
				answers[i] = string(got.body)
			})
		}
		all.Wait()
		slices.Sort(answers)
		if n := len(c.psi.Records()); n != want || len(slices.Compact(answers)) != want || c.psi.Records()[0].IdempotencyKey != "K1" {
			t.Errorf("%+v: %d records, want %d", opts, n, want)
		}
		if !opts.Idempotent {
			continue
		}
		if got := c.post(entry(m{"quantity": 9}), "Idempotency-Key", "K1"); text(got["code"]) != "422" {
			t.Errorf("another body: %v", got)
		}
		if got := c.post(entry(nil), "Idempotency-Key", "K2"); text(got["code"]) != "0" || len(c.psi.Records()) != 2 {
			t.Errorf("another key: %v", got)
		}
	}
}

func TestPSIFindsARecordWhoseAnswerWasLost(t *testing.T) {
	c := newPSIClient(t, PSIOptions{Lookup: true})
	c.psi.SetFaults(Fault{Kind: "lost", Match: "record", Times: 1})
	if _, err := tryAsk(t.Context(), c.http, "POST", c.url+"/api/inventory/record", entry(nil), c.auth...); err == nil {
		t.Fatal("the answer came through")
	}
	if got := object(c.get("/api/inventory/record?reference=REF1")["data"]); text(got["recordId"]) != c.psi.Records()[0].ID || got["reference"] != "REF1" {
		t.Errorf("got %v", got)
	}
	for _, reference := range []string{"REF2", ""} {
		if got := c.get("/api/inventory/record?reference=" + reference); text(got["code"]) != "404" {
			t.Errorf("%q: %v", reference, got)
		}
	}
}

func TestPSICanWriteNumbersAsText(t *testing.T) {
	c := newPSIClient(t, PSIOptions{NumbersText: true})
	got := c.get("/api/inventory/list?pageSize=1")
	list, _ := got["data"].([]any)
	for _, name := range []string{"id", "price", "quantity", "minimum"} {
		if _, isText := object(list[0])[name].(string); !isText {
			t.Errorf("%s is %T", name, object(list[0])[name])
		}
	}
	if _, isText := got["total"].(string); !isText {
		t.Errorf("total is %T", got["total"])
	}
}

func TestPSIRemembersCallsAndFails(t *testing.T) {
	at := newClock()
	c := newPSIClient(t, PSIOptions{Now: at.Now})
	c.auth = append(c.auth, "X-Request-Id", "r-1")
	c.get("/api/inventory/list?keyword=a+b")
	ask(t, c.http, "POST", c.url+"/api/auth/login", m{"username": "wu.cang", "password": "psi-wu-1"})
	calls := c.psi.Calls()
	want := ERPCall{Op: "inventory", Path: "/api/inventory/list?keyword=a+b", Account: "api-key", RequestID: "r-1", At: at.now}
	if len(calls) != 2 || calls[0] != want || c.psi.Count("login") != 1 || strings.Contains(calls[1].Body, "psi-wu-1") {
		t.Errorf("calls %+v", calls)
	}
	ask(t, c.http, "POST", c.url+"/__sandbox/faults", m{"kind": "status", "status": 500, "match": "inventory", "times": 1})
	if got := ask(t, c.http, "GET", c.url+"/api/inventory/list", nil, c.auth...); got.status != 500 {
		t.Errorf("status %d", got.status)
	}
	c.post(entry(nil))
	if got := ask(t, c.http, "GET", c.url+"/__sandbox/records", nil); !strings.Contains(string(got.body), `"reference":"REF1"`) {
		t.Errorf("records: %s", got.body)
	}
	c.psi.ResetCalls()
	if c.psi.Count("inventory") != 0 || len(c.psi.Calls()) != 0 {
		t.Error("calls kept")
	}
	if got := c.psi.Records()[0].At; !got.Equal(time.Date(2026, 2, 1, 9, 0, 0, 0, time.UTC)) {
		t.Errorf("written at %v", got)
	}
}
