package erphttp_test

import (
	"bytes"
	"net/http"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"snowgate/erpclient/erphttp"
	"snowgate/erpclient/erptest"
)

// BenchmarkDo is one question of 300 bytes with its answer of 3 KB, without the network.
func BenchmarkDo(b *testing.B) {
	c, err := erphttp.New(erphttp.Config{
		Origin: "http://erp.example", Transport: erptest.AtOnce(bytes.Repeat([]byte("x"), 3<<10)), Metrics: prometheus.NewRegistry(), Channel: "primary",
	})
	if err != nil {
		b.Fatal(err)
	}
	ask := erphttp.Request{
		Method: http.MethodPost, Path: "/business/getBusinessPageList",
		Header: map[string]string{"Accept": "application/json", "Cookie": "JSESSIONID=2; sid=1"}, Body: bytes.Repeat([]byte("y"), 300),
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Do(b.Context(), "search_orders", ask); err != nil {
			b.Fatal(err)
		}
	}
}
