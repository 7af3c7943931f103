package tryton

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"snowgate/erpclient"
)

const (
	salesRead  = "model.sale.sale.search_read"
	salesCount = "model.sale.sale.search_count"
)

func TestKindsAreToldFromTheBody(t *testing.T) {
	html := "<!doctype html>\n<title>401 Unauthorized</title>\n<h1>Unauthorized</h1>"
	for name, tt := range map[string]struct {
		reply reply
		want  erpclient.Kind
	}{
		"a right is missing":   {userErrorOf(`You are not allowed to access \"Sale\".`), erpclient.KindForbidden},
		"in another language":  {userErrorOf("您无权访问。"), erpclient.KindForbidden},
		"a lost session":       {reply{401, ""}, erpclient.KindSessionExpired},
		"a private method":     {reply{403, html}, erpclient.KindBadAnswer},
		"no such path":         {reply{404, html}, erpclient.KindBadAnswer},
		"an error of HTTP's":   {reply{500, html}, erpclient.KindUnavailable},
		"a proxy's 503":        {reply{503, html}, erpclient.KindUnavailable},
		"too many logins":      {reply{429, html}, erpclient.KindTooManyAttempts},
		"no such database":     {failed(`["Database '/srv/tryton/SCHEMA.sqlite' doesn't exist!",""]`), erpclient.KindBadAnswer},
		"no such field":        {failed(`["'nofield'",""]`), erpclient.KindBadAnswer},
		"no class":             {failed(`{}`), erpclient.KindBadAnswer},
		"somebody was faster":  {failed(`["ConcurrencyException","SCHEMA"]`), erpclient.KindConflict},
		"a warning":            {failed(`["UserWarning",["name","SCHEMA",""]]`), erpclient.KindConflict},
		"a question back":      {failed(`["LoginException",["password","SCHEMA","password"]]`), erpclient.KindNotSupported},
		"a page of a proxy's":  {reply{200, html}, erpclient.KindBadAnswer},
		"half an answer":       {reply{200, `{"id":1,"result":[{"id"`}, erpclient.KindBadAnswer},
		"neither nor":          {reply{200, `{"id":1}`}, erpclient.KindBadAnswer},
		"null for a list":      {result("null"), erpclient.KindBadAnswer},
		"an object for a list": {result("{}"), erpclient.KindBadAnswer},
		"numbers for records":  {result("[1,2]"), erpclient.KindBadAnswer},
		"an empty list":        {result("[]"), ""},
		"a redirect":           {reply{302, ""}, erpclient.KindBadAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			d, _, a := newScripted(t, map[string][]reply{salesRead: {tt.reply}, salesCount: {result("0")}})
			_, err := d.SearchOrders(t.Context(), a, erpclient.OrderQuery{})
			wantKind(t, err, tt.want)
			if err != nil && (strings.Contains(err.Error(), "SCHEMA") || strings.Contains(err.Error(), "nofield") || strings.Contains(err.Error(), "html")) {
				t.Errorf("the error has Tryton's words: %v", err)
			}
		})
	}
}

func TestWritesAreRefusedByKind(t *testing.T) {
	const confirm = "model.purchase.purchase.confirm"
	for text, want := range map[string]erpclient.Kind{
		`You are not allowed to access \"Purchase\".`:                                  erpclient.KindForbidden,
		`Calling button \"confirm on \"purchase.purchase\" is not allowed.`:            erpclient.KindForbidden,
		`You are not allowed to read records \"9\" of \"Purchase\" because of a rule.`: erpclient.KindNotFound,
		`You are trying to read records \"9\" that don't exist anymore.`:               erpclient.KindNotFound,
		`The value for field \"Party\" is not valid according to its domain.`:          erpclient.KindInvalid,
	} {
		d, s, a := newScripted(t, map[string][]reply{confirm: {userErrorOf(text)}})
		err := d.Decide(t.Context(), a, "9", true)
		wantKind(t, err, want)
		if strings.Contains(fmt.Sprintf("%v %+v", err, errors.Unwrap(err)), "SCHEMA") {
			t.Errorf("the error has Tryton's words: %v", err)
		}
		var context map[string]any
		call := s.last(t, confirm)
		if json.Unmarshal(call.Params[len(call.Params)-1], &context) != nil || context["language"] != english {
			t.Errorf("the context is %v", context)
		}
	}
}

func TestEveryCallSaysWhoAsks(t *testing.T) {
	d, s, a := newScripted(t, map[string][]reply{salesRead: {result("[]")}, salesCount: {result("0")}})
	a.Scope.CustomerID = "2"
	_, err := d.SearchOrders(t.Context(), a, erpclient.OrderQuery{Keyword: ` 50%_\ `, Status: erpclient.StateDone, From: "2026-01-31", Page: 3, PageSize: 10})
	if err != nil {
		t.Fatal(err)
	}
	call := s.last(t, salesRead)
	if call.path != "/erp/" || call.auth != "Session "+base64.StdEncoding.EncodeToString([]byte("some_one:7:0123abcd")) {
		t.Errorf("sent to %s with %s", call.path, call.auth)
	}
	text, err := json.Marshal(call.Params)
	if err != nil {
		t.Fatal(err)
	}
	fields, _ := json.Marshal(d.newCaller(someone, "").withLines())
	want := `[[["party","=",2],["OR",["rec_name","ilike","%50\\%\\_\\\\%"],["lines.product.rec_name","ilike","%50\\%\\_\\\\%"]],` +
		`["state","in",["done"]],["sale_date","\u003e=",{"__class__":"date","year":2026,"month":1,"day":31}]],` +
		`20,10,[["sale_date","DESC NULLS FIRST"],["id","DESC"]],` + string(fields) + `,{"company":1,"language":"zh_CN"}]`
	if string(text) != want {
		t.Errorf("sent\n%s, want\n%s", text, want)
	}
}

func TestWhoMayNotSeeMovesSeesOrders(t *testing.T) {
	order := `[{"id":4,"number":"36","reference":null,"party.":{"id":2,"name":"N"},"state":"processing","sale_date":null,"shipping_date":null,` +
		`"total_amount":{"__class__":"Decimal","decimal":"1234567890123456.70"},"currency.":{"id":1,"code":"CNY"},"comment":null}]`
	d, s, a := newScripted(t, map[string][]reply{
		salesRead: {userErrorOf("not allowed"), result(order)}, salesCount: {result("1")},
	}, wantNoDrift(t))
	page, err := d.SearchOrders(t.Context(), a, erpclient.OrderQuery{})
	want := erpclient.Order{
		ID: "4", OrderNo: "36", CustomerID: "2", CustomerName: "N", Status: erpclient.StateInProgress, StatusText: "处理中", RawStatus: "processing",
		Amount: "1234567890123456.70", Currency: "CNY",
	}
	if err != nil || len(page.Orders) != 1 || page.Orders[0] != want {
		t.Errorf("got %+v, %v", page, err)
	}
	var fields []string
	call := s.last(t, salesRead)
	if json.Unmarshal(call.Params[4], &fields) != nil || !slices.Equal(fields, saleFields) {
		t.Errorf("asked for %v", fields)
	}
}

func wantNoDrift(t *testing.T) func(*Config) {
	return func(c *Config) { c.OnDrift = func(d erpclient.Drift) { t.Errorf("drift: %+v", d) } }
}

func TestDriftNamesFieldsAndTypes(t *testing.T) {
	var mu sync.Mutex
	var drifts []erpclient.Drift
	order := `[{"id":"4","number":36,"reference":null,"party.":[],"state":"new","sale_date":"2026-01-31","shipping_date":null,"lines.":{},` +
		`"total_amount":{"__class__":"Decimal","decimal":"much"},"comment":null}]`
	d, _, a := newScripted(t, map[string][]reply{salesRead: {result(order)}, salesCount: {result("1")}}, func(c *Config) {
		c.OnDrift = func(d erpclient.Drift) { mu.Lock(); defer mu.Unlock(); drifts = append(drifts, d) }
	})
	page, err := d.SearchOrders(t.Context(), a, erpclient.OrderQuery{})
	if err != nil || len(page.Orders) != 1 || page.Orders[0].Status != erpclient.StateUnknown || page.Orders[0].RawStatus != "new" {
		t.Errorf("got %+v, %v", page, err)
	}
	for _, want := range []erpclient.Drift{
		{Op: opOrders, Path: "sale.sale.id", Want: "whole number", Got: "string"},
		{Op: opOrders, Path: "sale.sale.number", Want: "string", Got: "number"},
		{Op: opOrders, Path: "sale.sale.party.", Want: "object", Got: "array"},
		{Op: opOrders, Path: "sale.sale.sale_date", Want: "date", Got: "string"},
		{Op: opOrders, Path: "sale.sale.total_amount", Want: "number", Got: "object"},
		{Op: opOrders, Path: "sale.sale.currency.", Want: "present", Got: "missing"},
		{Op: opOrders, Path: "sale.sale.lines.", Want: "array", Got: "object"},
	} {
		if !slices.Contains(drifts, want) {
			t.Errorf("%+v is not among %+v", want, drifts)
		}
	}
}

func TestRowsReadWhatTrytonSends(t *testing.T) {
	rows, ok := rowsOf(json.RawMessage(`[{"id":5,"whole":10.0,"part":0.35,"tiny":1e-05,"money":{"__class__":"Decimal","decimal":"179.80"},`+
		`"at":{"__class__":"datetime","year":2026,"month":11,"day":20,"hour":19,"minute":51,"second":5,"microsecond":793666},`+
		`"yes":1,"no":0,"true":true,"false":false,"nothing":null,"origin":"sale.line,52"}]`), "x", (&Driver{}).drift("op"))
	if !ok || len(rows) != 1 {
		t.Fatal("not read")
	}
	r := rows[0]
	zone := shanghai()
	got := []any{
		r.decimal("whole"), r.decimal("part"), r.decimal("tiny"), r.decimal("money"), r.moment("at", zone).Format("2006-01-02T15:04:05.999999Z07:00"),
		r.moment("at", zone).Day(), r.flag("yes"), r.flag("no"), r.flag("true"), r.flag("false"), r.flag("nothing"), r.decimal("nothing"),
		r.to("nobody").text("name"),
	}
	want := []any{
		erpclient.Decimal("10"), erpclient.Decimal("0.35"), erpclient.Decimal("1e-05"), erpclient.Decimal("179.80"), "2026-11-21T03:51:05.793666+08:00",
		erpclient.Day("2026-11-21"), true, false, true, false, false, erpclient.Decimal(""), "",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestConfigComplaintsComeAtOnce(t *testing.T) {
	_, err := New(Config{Database: "../erp", Without: []string{"flying"}})
	for _, want := range []string{"no HTTP client", `"../erp"`, `"flying"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
}

func TestCapabilities(t *testing.T) {
	all := erpclient.Capabilities(newDriver(t, "http://127.0.0.1:1"))
	if len(all) != 14 {
		t.Errorf("got %v", all)
	}
	fewer := erpclient.Capabilities(newDriver(t, "http://127.0.0.1:1", func(c *Config) { c.Without = []string{erpclient.CapabilityApprovals} }))
	if len(fewer) != 12 {
		t.Errorf("got %v", fewer)
	}
}

func TestTokensAreNotPrinted(t *testing.T) {
	if text := fmt.Sprintf("%v %+v %#v %s", someone, someone, someone, []token{someone}); strings.Contains(text, someone.Key) {
		t.Errorf("got %s", text)
	}
	_, err := newDriver(t, "http://127.0.0.1:1").SearchOrders(t.Context(), erpclient.Auth{Session: erpclient.Session{Token: "0123abcd"}}, erpclient.OrderQuery{})
	wantKind(t, err, erpclient.KindSessionExpired)
	if strings.Contains(err.Error(), "0123abcd") {
		t.Errorf("got %v", err)
	}
}

func TestProbeWithoutASession(t *testing.T) {
	for body, want := range map[string]erpclient.Kind{`"6.0.29"`: "", `null`: erpclient.KindBadAnswer, `{}`: erpclient.KindBadAnswer} {
		d, s, _ := newScripted(t, map[string][]reply{"common.server.version": {result(body)}})
		wantKind(t, d.Probe(t.Context(), erpclient.Session{}), want)
		if call := s.last(t, "common.server.version"); call.path != "/" || call.auth != "" {
			t.Errorf("asked at %s as %q", call.path, call.auth)
		}
	}
}

// FuzzAnswers: whatever comes, an operation ends in an answer or in an error with a kind.
func FuzzAnswers(f *testing.F) {
	for _, seed := range []string{
		`{"id":1,"result":[{"id":1,"number":"1","lines.":[{"id":2,"type":"line","moves.":[{}]}]}]}`, `{"id":1,"error":["UserError",["x","",null]]}`,
		`{"id":1,"error":[null,[[]]]}`, `{"result":[null,{"id":1e400}]}`, `{"result":[7,"key"]}`, `[]`, ``,
	} {
		f.Add(seed)
	}
	var mu sync.Mutex
	body := ""
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		_, _ = w.Write([]byte(body))
	}))
	f.Cleanup(srv.Close)
	f.Fuzz(func(t *testing.T, answer string) {
		mu.Lock()
		body = answer
		mu.Unlock()
		d := newDriver(t, srv.URL)
		d.standing.note(someone)
		text, _ := someone.encode()
		a := erpclient.Auth{Session: erpclient.Session{Token: text}}
		_, search := d.SearchOrders(t.Context(), a, erpclient.OrderQuery{})
		_, lines := d.Materials(t.Context(), a, "1")
		_, stock := d.Stock(t.Context(), a, erpclient.StockQuery{})
		_, record := d.RecordStock(t.Context(), a, erpclient.StockEntry{Reference: "r", ProductID: "1", WarehouseID: "1", Quantity: "1", Direction: erpclient.StockIn})
		_, order := d.CreateOrder(t.Context(), a, erpclient.NewOrder{Reference: "r", CustomerID: "1", Lines: []erpclient.NewOrderLine{{ProductID: "1", Quantity: "1"}}})
		_, login := d.Login(t.Context(), erpclient.Credentials{Account: "a", Secret: "s"})
		for _, err := range []error{search, lines, stock, record, order, login} {
			if err != nil && erpclient.KindOf(err) == "" {
				t.Errorf("an error without a kind: %v", err)
			}
		}
	})
}
