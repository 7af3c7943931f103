package psi

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"snowgate/erpclient"
	"snowgate/erpclient/erphttp"
)

var goodsIn = erpclient.StockEntry{
	Reference: "REF1", ProductID: "8001", WarehouseID: "61", Quantity: "1.50", Direction: erpclient.StockIn, Operator: "吴仓管",
}

// asks are all the questions there are.
var asks = map[string]func(context.Context, *Driver, erpclient.Auth) error{
	"product": func(ctx context.Context, d *Driver, a erpclient.Auth) error {
		_, err := d.ProductByBarcode(ctx, a, "2100000080010")
		return err
	},
	"stock": func(ctx context.Context, d *Driver, a erpclient.Auth) error {
		_, err := d.Stock(ctx, a, erpclient.StockQuery{})
		return err
	},
	"warehouses": func(ctx context.Context, d *Driver, a erpclient.Auth) error {
		_, err := d.Warehouses(ctx, a)
		return err
	},
	"record": func(ctx context.Context, d *Driver, a erpclient.Auth) error {
		_, err := d.RecordStock(ctx, a, goodsIn)
		return err
	},
	"lookup": func(ctx context.Context, d *Driver, a erpclient.Auth) error {
		_, err := d.StockRecord(ctx, a, "REF1")
		return err
	},
	"probe": func(ctx context.Context, d *Driver, a erpclient.Auth) error { return d.Probe(ctx, a.Session) },
}

func TestTheCodeDecidesAsMuchAsTheStatus(t *testing.T) {
	failed := func(code string) string {
		return `{"code":` + code + `,"message":"内部说明 secret-words","data":null}`
	}
	for name, tt := range map[string]struct {
		answer http.HandlerFunc
		kind   erpclient.Kind
	}{
		"401 with 200":          {saying(failed("401")), erpclient.KindSessionExpired},
		"401 as a text":         {saying(failed(`"401"`)), erpclient.KindSessionExpired},
		"403 with 200":          {saying(failed("403")), erpclient.KindForbidden},
		"404 with 200":          {saying(failed("404")), erpclient.KindNotFound},
		"404 with 404":          {status(404, failed("404")), erpclient.KindNotFound},
		"409 with 200":          {saying(failed("409")), erpclient.KindConflict},
		"422 with 400":          {status(400, failed("422")), erpclient.KindInvalid},
		"429 with 200":          {saying(failed("429")), erpclient.KindBusy},
		"500 with 200":          {saying(failed("500")), erpclient.KindUnavailable},
		"504 with 200":          {saying(failed("504")), erpclient.KindTimeout},
		"409 with 503":          {status(503, failed("409")), erpclient.KindUnavailable},
		"a code of its own":     {saying(failed("10086")), erpclient.KindBadAnswer},
		"a negative one":        {saying(failed("-1")), erpclient.KindBadAnswer},
		"success with 500":      {status(500, `{"code":0,"data":[]}`), erpclient.KindUnavailable},
		"success with 401":      {status(401, `{"code":0,"data":[]}`), erpclient.KindSessionExpired},
		"401 without envelope":  {status(401, "no"), erpclient.KindSessionExpired},
		"404 without envelope":  {status(404, "404 page not found"), erpclient.KindBadAnswer},
		"404 of another system": {status(404, `{"error":"no route"}`), erpclient.KindBadAnswer},
		"redirect":              {status(302, ""), erpclient.KindBadAnswer},
		"a page":                {saying("<html>维护中</html>"), erpclient.KindBadAnswer},
		"cut in the middle":     {saying(`{"code":0,"da`), erpclient.KindBadAnswer},
		"nothing":               {saying(""), erpclient.KindBadAnswer},
		"a list":                {saying("[]"), erpclient.KindBadAnswer},
		"no code":               {saying(`{"data":{"id":1}}`), erpclient.KindBadAnswer},
		"a code in words":       {saying(failed(`"ok"`)), erpclient.KindBadAnswer},
	} {
		for what, ask := range asks {
			t.Run(name+"/"+what, func(t *testing.T) {
				s := newScripted(t, tt.answer, withLogin, withLookup)
				e := failure(t, ask(t.Context(), s.Driver, byToken()), tt.kind)
				if n := len(s.requests()); n != 1 || e.Unsent || e.Otherwise != "" {
					t.Errorf("asked %d times, %+v", n, e)
				}
				if strings.Contains(name, "page") && e.RetryAfter != 0 && e.RetryAfter != 4*time.Second {
					t.Errorf("retry after %v", e.RetryAfter)
				}
			})
		}
	}
}

func TestWhoIsBusySaysForHowLong(t *testing.T) {
	for _, body := range []string{`{"code":429,"message":"慢一点"}`, ""} {
		s := newScripted(t, status(429, body))
		if e := failure(t, asks["product"](t.Context(), s.Driver, byKey()), erpclient.KindBusy); e.RetryAfter != 4*time.Second {
			t.Errorf("%q: retry after %v", body, e.RetryAfter)
		}
	}
}

// TestARefusedKeyIsOurFault: it would be no use to log in again, and nobody's own session has ended.
func TestARefusedKeyIsOurFault(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{"code": saying(`{"code":401,"message":"no"}`), "status": status(401, "no")} {
		for what, ask := range asks {
			t.Run(name+"/"+what, func(t *testing.T) {
				s := newScripted(t, answer, withLookup)
				if e := failure(t, ask(t.Context(), s.Driver, byKey()), erpclient.KindUnavailable); !e.Unsent || strings.Contains(e.Error(), testKey) {
					t.Errorf("%+v", e)
				}
			})
		}
	}
}

func TestWithoutASessionNobodyIsAsked(t *testing.T) {
	for name, tt := range map[string]struct {
		token  string
		change func(*Config)
	}{
		"none": {"", withLookup}, "a person's, where there are none": {"token-1", withLookup}, "no token": {"a b", withLogin}, "two lines": {"a\r\nX: y", withLogin},
	} {
		s := newScripted(t, saying(""), tt.change, withLookup)
		for what, ask := range asks {
			if what == "probe" && tt.token == "" { // then it looks at the front page
				continue
			}
			t.Run(name+"/"+what, func(t *testing.T) {
				wantKind(t, ask(t.Context(), s.Driver, erpclient.Auth{Session: erpclient.Session{Token: tt.token}}), erpclient.KindSessionExpired)
			})
		}
		if n := len(s.requests()); n != 0 {
			t.Errorf("%s: asked %d times", name, n)
		}
	}
}

func TestTheKeyOrTheTokenIsInItsHeader(t *testing.T) {
	for name, tt := range map[string]struct {
		auth         erpclient.Auth
		change       func(*Config)
		header, want string
	}{
		"key":                 {byKey(), func(*Config) {}, "Authorization", "Bearer " + testKey},
		"key elsewhere":       {byKey(), func(c *Config) { c.Header = "X-Api-Key" }, "X-Api-Key", testKey},
		"key, as it is typed": {byKey(), func(c *Config) { c.Header = "authorization" }, "Authorization", "Bearer " + testKey},
		"token":               {byToken(), withLogin, "Authorization", "Bearer token-1"},
		"token elsewhere":     {byToken(), func(c *Config) { withLogin(c); c.Header = "X-Token" }, "X-Token", "token-1"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScripted(t, ok("[]"), tt.change)
			if err := asks["stock"](erpclient.WithRequestID(t.Context(), "r-1"), s.Driver, tt.auth); err != nil {
				t.Fatal(err)
			}
			got := s.last(t).header
			if got.Get(tt.header) != tt.want || got.Get("X-Request-Id") != "r-1" || got.Get("Accept") != "application/json" {
				t.Errorf("headers %v", got)
			}
		})
	}
}

func TestAFailureBelowHTTPIsPassedOn(t *testing.T) {
	d := newDriver(t, "http://127.0.0.1:1", withLookup)
	for what, ask := range asks {
		if e := failure(t, ask(t.Context(), d, byKey()), erpclient.KindUnavailable); !e.Unsent {
			t.Errorf("%s: not known to be unsent", what)
		}
	}
}

func TestProbeWithoutASession(t *testing.T) {
	for code, kind := range map[int]erpclient.Kind{200: "", 302: "", 404: "", 500: erpclient.KindUnavailable, 503: erpclient.KindUnavailable} {
		s := newScripted(t, status(code, "front page"))
		err := s.Probe(t.Context(), erpclient.Session{})
		if kind != "" {
			wantKind(t, err, kind)
		} else if err != nil {
			t.Errorf("%d: %v", code, err)
		}
		if got := s.last(t); got.line != "GET /" || got.header.Get("Authorization") != "" {
			t.Errorf("asked %s with %v", got.line, got.header)
		}
	}
}

func TestProbeAsksForWhatTheSystemHas(t *testing.T) {
	for want, without := range map[string][]string{
		"GET /api/warehouse/list": nil, "GET /api/inventory/list?page=1&pageSize=1": {erpclient.CapabilityWarehouses},
	} {
		s := newScripted(t, ok("[]"), func(c *Config) { c.Without = without })
		if err := s.Probe(t.Context(), byKey().Session); err != nil || s.last(t).line != want {
			t.Errorf("%v, asked %s, want %s", err, s.last(t).line, want)
		}
	}
}

func TestConfigurationsThatCannotBeRight(t *testing.T) {
	client, err := erphttp.New(erphttp.Config{Origin: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	good := Config{HTTP: client, APIKey: testKey}
	for name, change := range map[string]func(*Config){
		"no client": func(c *Config) { c.HTTP = nil }, "neither key nor login": func(c *Config) { c.APIKey = "" },
		"both": func(c *Config) { c.LoginPath = "/login" }, "a key of two lines": func(c *Config) { c.APIKey = "hush\nhush" },
		"header": func(c *Config) { c.Header = "X Key" }, "path": func(c *Config) { c.Paths.Stock = "api" }, "query": func(c *Config) { c.LookupPath = "/a?b=c" },
		"braces": func(c *Config) { c.Paths.Record = "/{id}" }, "capability": func(c *Config) { c.Without = []string{"orders"} },
	} {
		cfg := good
		change(&cfg)
		if _, err := New(cfg); err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCapabilitiesHangOnTheConfiguration(t *testing.T) {
	full := "stock warehouses stock_write stock_lookup"
	for want, change := range map[string]func(*Config){
		full: withLookup, "stock warehouses stock_write": func(*Config) {},
		"stock warehouses": func(c *Config) { c.Without = []string{erpclient.CapabilityStockWrite} },
	} {
		if got := strings.Join(erpclient.Capabilities(newDriver(t, "http://127.0.0.1:1", change)), " "); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	_, err := newDriver(t, "http://127.0.0.1:1").StockRecord(t.Context(), byKey(), "REF1")
	wantKind(t, err, erpclient.KindNotSupported)
}
