package erpclient_test

import (
	"context"
	"strconv"
	"testing"

	"snowgate/erpclient"
)

// BenchmarkSearchOrders is what the calm costs: breaker, bulkhead, deadline, coalescing and metrics around a driver that
// answers at once.
func BenchmarkSearchOrders(b *testing.B) {
	w := newWorld()
	page := erpclient.OrderPage{Orders: []erpclient.Order{{ID: "1", OrderNo: "SO-1"}}}
	w.erp.OnSearchOrders = func(context.Context, erpclient.Auth, erpclient.OrderQuery) (erpclient.OrderPage, error) {
		return page, nil
	}
	c := w.client(nil)
	keywords := make([]string, 1000)
	for i := range keywords {
		keywords[i] = strconv.Itoa(i)
	}
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		n++
		if _, err := c.SearchOrders(context.Background(), alice, erpclient.OrderQuery{Keyword: keywords[n%len(keywords)], Page: 1, PageSize: 20}); err != nil {
			b.Fatal(err)
		}
	}
}
