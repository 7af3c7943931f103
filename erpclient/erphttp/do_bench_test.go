package erphttp_test

import (
	"bytes"
	"io"
	"net/http"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"snowgate/erpclient/erphttp"
)

// atOnce answers from memory, so that what is counted is the client's.
type atOnce struct{ body []byte }

func (a atOnce) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{"Content-Type": {"application/json"}},
		ContentLength: int64(len(a.body)), Body: io.NopCloser(bytes.NewReader(a.body)), Request: r,
	}, nil
}

// BenchmarkDo is one question of 300 bytes with its answer of 3 KB, without the network.
func BenchmarkDo(b *testing.B) {
	c, err := erphttp.New(erphttp.Config{
		Origin: "http://erp.example", Transport: atOnce{bytes.Repeat([]byte("x"), 3<<10)}, Metrics: prometheus.NewRegistry(), Channel: "primary",
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
