package snowbeasts

import (
	"testing"

	"snowgate/erpclient"
	"snowgate/erpclient/erphttp"
	"snowgate/erpclient/erptest"
)

// BenchmarkAskForOrders is a search from question to orders, without the network.
func BenchmarkAskForOrders(b *testing.B) {
	http11, err := erphttp.New(erphttp.Config{Origin: "http://erp.example", Transport: erptest.AtOnce(twentyOrders())})
	if err != nil {
		b.Fatal(err)
	}
	d, err := New(Config{HTTP: http11, AppID: "10001"})
	if err != nil {
		b.Fatal(err)
	}
	auth := erpclient.Auth{Session: erpclient.Session{Token: cookies{cookieApp: "1", cookieSID: "2"}.encode()}, Scope: erpclient.Scope{CustomerID: "501"}}
	ctx := erpclient.WithRequestID(b.Context(), "0197a7d0-0000-7000-8000-000000000000")
	b.ReportAllocs()
	for b.Loop() {
		if page, err := d.SearchOrders(ctx, auth, erpclient.OrderQuery{Keyword: "SO-1", Page: 1, PageSize: 20}); err != nil || len(page.Orders) != 20 {
			b.Fatal(err, len(page.Orders))
		}
	}
}
