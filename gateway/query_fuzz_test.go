package gateway

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"snowgate/erpclient"
)

// plainMasker takes everything for its own pseudonym.
type plainMasker struct{}

func (plainMasker) Params(map[string]any, ...string) string { return "" }
func (plainMasker) JSON([]byte, int, ...string) string      { return "" }
func (plainMasker) Pseudonym(_, value string) string        { return value }

func inPages(page, size, most int) bool {
	return page >= 1 && page <= most && size >= 1 && size <= maxPageSize
}

func fuzzServer(now time.Time) *Server {
	return &Server{cfg: Config{Now: func() time.Time { return now }}.withDefaults(), deps: Deps{Masker: plainMasker{}}}
}

// Whatever a query says, each reader of queries refuses it by our own names, or takes what is within its bounds.
func FuzzQueries(f *testing.F) {
	for _, query := range []string{
		"", "page=1&pageSize=20", "page=99999999999999999999", "page=%EF%BC%91", "keyword=%00", "a=1&a=2", "page=1&page=1", "a;b=1", "x=%zz",
		"state=pending&page=2", "state=queued&user=o&msgid=1&template=T", "from=2026-01-01&to=2026-01-31&by=week", "from=0000-01-01&to=0000-01-01",
		"to=9999-12-31&days=731", "days=-1", "days=+5", "from=2026-02-30", "warehouseId=..&keyword=x", "openid=o&openid=p", "status=499&route=%2Fapi",
		"from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00%2B08:00", "orderingCost=50&holdingCost=2", "orderingCost=1e999999999&holdingCost=1e-999999999",
		"serviceLevel=0.99999&leadTimeDays=0&leadTimeStdDev=1e18&orderingCost=1e-30&holdingRate=1e-30&unitCost=1e-30", "a=0.8&b=0.95", "a=NaN&b=0x1p-2",
	} {
		f.Add(query)
	}
	s := fuzzServer(time.Date(2026, 11, 20, 4, 0, 0, 0, time.UTC))
	f.Fuzz(func(t *testing.T, raw string) {
		r := httptest.NewRequest(http.MethodGet, "/api/orders/search", nil)
		r.URL.RawQuery = raw
		values, err := callOf(s, r).query()
		if err != nil {
			_ = refusal(t, err)
			return
		}
		readQueries(t, s, values)
		readPeriod(t, s, values)
	})
}

func readQueries(t *testing.T, s *Server, values url.Values) {
	t.Helper()
	if q, err := stockQuery(values); err != nil {
		_ = refusal(t, err)
	} else if !inPages(q.Page, q.PageSize, maxPage) || !printable(q.Keyword, maxKeyword) || q.WarehouseID != "" && !validID(q.WarehouseID) {
		t.Errorf("taken: %+v", q)
	}
	if q, err := approvalQuery(values); err != nil {
		_ = refusal(t, err)
	} else if !inPages(q.Page, q.PageSize, maxPage) || q.State != "" && !q.State.Valid() {
		t.Errorf("taken: %+v", q)
	}
	if q, err := s.callQuery(values); err != nil {
		_ = refusal(t, err)
	} else if !inPages(q.Page, q.PageSize, maxSearchPage) || !printable(q.Route, maxRouteRunes) || !printable(q.User, maxUserRunes) ||
		!printable(q.RequestID, maxIDRunes) || q.Status != 0 && (q.Status < 100 || q.Status > 599) {
		t.Errorf("taken: %+v", q)
	}
	if q, err := s.messageQuery(values); err != nil {
		_ = refusal(t, err)
	} else if !inPages(q.Page, q.PageSize, maxSearchPage) || !printable(q.MsgID, maxIDRunes) || !printable(q.TemplateID, maxUserRunes) {
		t.Errorf("taken: %+v", q)
	}
}

// readPeriod works figures out with what a query says beside the ERP's numbers.
func readPeriod(t *testing.T, s *Server, values url.Values) {
	t.Helper()
	from, to, err := s.period(values, usualSalesDays)
	if err != nil {
		_ = refusal(t, err)
		return
	}
	days := daysOf(from, to)
	if len(days) < 1 || len(days) > maxInsightDays+1 || days[0] != from || days[len(days)-1] != to {
		t.Fatalf("from %s to %s are %d days", from, to, len(days))
	}
	if len(days) == 1 { // which tells nothing of how sales vary
		return
	}
	sales := []erpclient.Sale{{Day: from, ProductID: "1", Quantity: "2"}, {Day: to, ProductID: "1", Quantity: "0.5"}, {Day: to, ProductID: "2", Quantity: "1"}}
	list, err := replenish(demandOf(sales, values.Get("productId")), days, values)
	if err != nil {
		_ = refusal(t, insightFault(err))
		return
	}
	if text, err := json.Marshal(list); err != nil || !json.Valid(text) {
		t.Errorf("figures that are no JSON: %v", err)
	}
}
