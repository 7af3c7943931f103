package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"snowgate/erpclient"
	"snowgate/session"
)

// The fields themselves are held against openapi.yaml by do; here is what it cannot say: the ERP's digits, unknown as
// null, and where the answer came from.
func TestQueriesKeepTheERPsValues(t *testing.T) {
	w := newWorld(t)
	token := w.loginBound(alice)
	rows := map[string][]string{
		"/api/orders/search":                        {`"amount":12800.50,`, `"shippedRate":0.25`, `"producedRate":null`, `"deliveryDate":null`, `"orderDate":"2026-01-15"`, `"total":1`, `"page":1,"pageSize":20`},
		"/api/orders/" + anOrder:                    {`"amount":12800.50,`, `"timeline":[{`, `"deliveries":[{`, `"materials":[{`, `"producedQuantity":600.000`},
		"/api/orders/88001/status":                  {`"shippedAt":"2026-01-28T14:00:00+08:00"`, `"attachments":[{`, `"at":null`, `"rawStatus":"2"`},
		"/api/orders/88001/materials":               {`"orderId":"88001","materials":[{`, `"quantity":1000,`, `"producingQuantity":null`},
		"/api/materials/" + aMaterial + "/progress": {`"progress":0.6,`, `"stages":[{"name":"produced","quantity":600.000,"done":false}]`},
	}
	for path, pieces := range rows {
		t.Run(path, func(t *testing.T) {
			a := w.get(path, token).ok(t)
			for _, piece := range append(pieces, `"cacheHit":false`, `"source":"live"`, `"queryTime":"`) {
				if !strings.Contains(a.raw, piece) {
					t.Errorf("%s is not in %s", piece, a.raw)
				}
			}
			if a.header.Get("X-Session-Expires") == "" || a.header.Get("X-Snowgate-Source") != "live" || a.data["stale"] != nil {
				t.Errorf("header %v, stale %v", a.header, a.data["stale"])
			}
			if strings.Contains(a.raw, "customerId") {
				t.Errorf("whose it is is the ERP's business: %s", a.raw)
			}
			if q, _ := a.data["queryTime"].(string); !regexp.MustCompile(`^20\d\d-\d\d-\d\dT[0-9:.]+\+08:00$`).MatchString(q) {
				t.Errorf("queryTime is %q", q)
			}
		})
	}
}

// Lists are lists, also when the ERP client has nothing to put into them.
func TestEmptyListsAreNotNull(t *testing.T) {
	w := newWorld(t, func(_ *Config, d *Deps) { d.ERP = emptyERP{d.ERP} })
	token := w.loginBound(alice)
	for _, path := range []string{"/api/orders/search", "/api/orders/1", "/api/orders/1/status", "/api/orders/1/materials", "/api/materials/1/progress"} {
		w.get(path, token).ok(t)
	}
}

// emptyERP has nothing, and does not know how many of it.
type emptyERP struct{ ERP }

func (emptyERP) SearchOrders(context.Context, erpclient.Identity, erpclient.OrderQuery) (erpclient.OrderPage, error) {
	return erpclient.OrderPage{Orders: []erpclient.Order{}}, nil
}

func (emptyERP) OrderStatus(context.Context, erpclient.Identity, string) (erpclient.OrderStatus, error) {
	return erpclient.OrderStatus{
		Order: erpclient.Order{ID: "1", Status: erpclient.StateUnknown}, Timeline: []erpclient.Stage{}, Deliveries: []erpclient.Delivery{},
	}, nil
}

func (e emptyERP) OrderDetail(ctx context.Context, id erpclient.Identity, orderID string) (erpclient.OrderDetail, error) {
	status, err := e.OrderStatus(ctx, id, orderID)
	return erpclient.OrderDetail{OrderStatus: status, Materials: []erpclient.Material{}}, err
}

func (emptyERP) OrderMaterials(context.Context, erpclient.Identity, string) ([]erpclient.Material, error) {
	return []erpclient.Material{}, nil
}

func (emptyERP) MaterialProgress(context.Context, erpclient.Identity, string) (erpclient.Progress, error) {
	return erpclient.Progress{
		Material: erpclient.Material{ID: "1", Status: erpclient.StateUnknown}, Stages: []erpclient.ProgressStage{},
	}, nil
}

// Another customer's record is as absent as one that does not exist.
func TestForeignRecordsAreNotFound(t *testing.T) {
	w := newWorld(t)
	token := w.loginBound(alice)
	for _, pattern := range []string{"/api/orders/%s", "/api/orders/%s/status", "/api/orders/%s/materials", "/api/materials/%s/progress"} {
		t.Run(pattern, func(t *testing.T) {
			foreign, missing := w.get(fmt.Sprintf(pattern, foreign), token), w.get(fmt.Sprintf(pattern, "no-such"), token)
			foreign.is(t, 404, "not_found")
			if !foreign.sameAs(missing) {
				t.Errorf("%s tells more than %s", foreign.raw, missing.raw)
			}
		})
	}
}

var queryPaths = []string{
	"/api/orders/search", "/api/orders/" + anOrder, "/api/orders/" + anOrder + "/status",
	"/api/orders/" + anOrder + "/materials", "/api/materials/" + aMaterial + "/progress",
}

// Every kind of ERP failure has its answer on every query; none is 401, and none tells the ERP's own words.
func TestEveryERPFailure(t *testing.T) {
	rows := []struct {
		kind       erpclient.Kind
		code       int
		name       string
		retryAfter int
	}{
		{erpclient.KindBadCredentials, 403, "erp_not_bound", 0},
		{erpclient.KindTooManyAttempts, 429, "too_many_attempts", 900},
		{erpclient.KindSessionExpired, 502, "erp_bad_answer", 0},
		{erpclient.KindForbidden, 403, "forbidden", 0},
		{erpclient.KindNotFound, 404, "not_found", 0},
		{erpclient.KindInvalid, 400, "bad_field", 0},
		{erpclient.KindConflict, 409, "conflict", 0},
		{erpclient.KindBusy, 503, "erp_busy", 5},
		{erpclient.KindUnavailable, 503, "erp_unavailable", 5},
		{erpclient.KindTimeout, 504, "erp_timeout", 5},
		{erpclient.KindBadAnswer, 502, "erp_bad_answer", 0},
		{erpclient.KindOutcomeUnknown, 504, "outcome_unknown", 0},
		{erpclient.KindNotSupported, 501, "not_supported", 0},
		{"a kind of tomorrow", 500, "internal", 0},
	}
	w := newWorld(t)
	token := w.loginBound(alice)
	tested := map[erpclient.Kind]bool{}
	for _, row := range rows {
		tested[row.kind] = true
		for _, path := range queryPaths {
			t.Run(string(row.kind)+" "+path, func(t *testing.T) {
				w.erp.fail(fmt.Errorf("wrapped: %w", erpclient.Errorf("order", row.kind, "ORA-00942 at https://erp.internal/x?sid=1")))
				ask := w.do
				if row.kind == erpclient.KindConflict || row.kind == erpclient.KindOutcomeUnknown {
					ask = w.send // writes only: not on the page of a query
				}
				a := ask(authorized(request(http.MethodGet, path, ""), token))
				a.is(t, row.code, row.name)
				if a.RetryAfter != row.retryAfter {
					t.Errorf("retryAfter %d, want %d", a.RetryAfter, row.retryAfter)
				}
				for _, words := range []string{"ORA-", "erp.internal", "sid=", "wrapped"} {
					if strings.Contains(a.raw, words) {
						t.Errorf("the ERP's words: %s", a.raw)
					}
				}
			})
		}
	}
	for kind := range erpFaults {
		if !tested[kind] {
			t.Errorf("%s has no row here", kind)
		}
	}
}

// What the session store says on the way to the ERP keeps its meaning, and does not end the caller's session.
func TestStoreFailuresOnTheWayToTheERP(t *testing.T) {
	rows := map[string]struct {
		err  error
		code int
		name string
	}{
		"store away":             {fmt.Errorf("load erp login: %w", session.ErrUnavailable), 503, "store_unavailable"},
		"binding ended":          {session.ErrNotBound, 403, "erp_not_bound"},
		"secret does not open":   {session.ErrUnreadable, 403, "erp_not_bound"},
		"in an error of the ERP": {&erpclient.Error{Op: "login", Kind: erpclient.KindUnavailable, Err: session.ErrNotFound}, 503, "erp_unavailable"},
		"late":                   {context.DeadlineExceeded, 503, "store_unavailable"},
		"something else":         {errors.New("something else"), 500, "internal"},
		"no such thing":          {session.ErrNotFound, 500, "internal"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			token := w.loginBound(alice)
			w.erp.fail(row.err)
			w.get("/api/orders/"+anOrder, token).is(t, row.code, row.name)
		})
	}
}

// A query's deadline reaches the ERP client through the context.
func TestQueriesHaveADeadline(t *testing.T) {
	deadline := &deadlineERP{}
	w := newWorld(t, func(_ *Config, d *Deps) { deadline.ERP, d.ERP = d.ERP, deadline })
	w.get("/api/orders/search", w.loginBound(alice)).ok(t)
	if !deadline.seen {
		t.Error("the context has no deadline")
	}
}

type deadlineERP struct {
	ERP
	seen bool
}

func (d *deadlineERP) SearchOrders(ctx context.Context, id erpclient.Identity, q erpclient.OrderQuery) (erpclient.OrderPage, error) {
	_, d.seen = ctx.Deadline()
	return d.ERP.SearchOrders(ctx, id, q)
}

// A stale answer's fields are documented, the ones that a live answer lacks included.
func TestStaleFieldsAreDocumented(t *testing.T) {
	raw, err := json.Marshal(provenance{
		QueryTime: "2026-01-31T09:32:05.123+08:00", CacheHit: true, Source: erpclient.SourceStale,
		Stale: true, AsOf: "2026-01-31T09:32:05.123+08:00", AgeMS: 1, Notice: "之前的数据",
	})
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(raw, &fields); err != nil {
		t.Fatal(err)
	}
	schema := api().Components.Schemas["Provenance"].Value
	if err := schema.VisitJSON(fields); err != nil {
		t.Error(err)
	}
	checkDocumented(t, "provenance", schema, fields)
}
