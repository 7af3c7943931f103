package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"snowgate/bench/host"
)

// stub is the ERP: it speaks as much of the Snowbeasts wire as a page of orders and an order's status need, and answers
// the gateway's own paths with the same records for the proxies that only pass a request on. What it sends is made
// beforehand: its own time is the delay and little else.
type stub struct {
	addr   string
	server *http.Server
	delay  atomic.Int64                  // before each business answer, ns
	hands  atomic.Pointer[chan struct{}] // how many are answered at a time; nil: all
	calls  atomic.Int64                  // business answers
	page   template
	order  template
	empty  []byte
}

// ordersPerPage makes an answer of a little more than 3 KB.
const ordersPerPage = 20

// The fields of a template that differ from answer to answer. They are as long as what replaces them, so that an
// answer's length is known.
const (
	markCustomer = "@CUST"
	markOrder    = "@ORDER_NO"
)

func startStub() (*stub, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &stub{addr: listener.Addr().String(), page: pageOf(ordersPerPage), order: pageOf(1), empty: listOf(nil)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /business/getBusinessPageList", s.business)
	mux.HandleFunc("GET /api/orders/search", func(w http.ResponseWriter, _ *http.Request) { s.answer(w, s.page.with("50001", "100000001")) })
	mux.HandleFunc("GET /api/orders/{id}/status", func(w http.ResponseWriter, r *http.Request) {
		s.answer(w, s.order.with("50001", r.PathValue("id")))
	})
	mux.HandleFunc("POST /apps/service/login", signIn)
	mux.HandleFunc("/", openApp)
	s.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = s.server.Serve(listener) }() // ends with close
	return s, nil
}

func (s *stub) close() error { return s.server.Close() }

// business answers a list by its form: orders, one order, or deliveries, of which there are none.
func (s *stub) business(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		FormID  any            `json:"formId"`
		Filters map[string]any `json:"filters"`
	}
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	customer := fmt.Sprint(asked.Filters["customerId"])
	ids, one := asked.Filters["id"].([]any)
	switch {
	case fmt.Sprint(asked.FormID) != "100001":
		s.answer(w, s.empty)
	case one && len(ids) == 1:
		s.answer(w, s.order.with(customer, fmt.Sprint(ids[0])))
	default:
		s.answer(w, s.page.with(customer, "100000001"))
	}
}

func (s *stub) answer(w http.ResponseWriter, body []byte) {
	s.calls.Add(1)
	s.work()
	h := w.Header()
	h["Content-Type"] = []string{"application/json; charset=utf-8"}
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	_, _ = w.Write(body)
}

// work takes the ERP's time for an answer.
func (s *stub) work() {
	if hands := s.hands.Load(); hands != nil {
		*hands <- struct{}{}
		defer func() { <-*hands }()
	}
	host.Wait(context.Background(), time.Duration(s.delay.Load()))
}

// slow has each answer take a while, and as many as hands answered at a time; 0 is no bound.
func (s *stub) slow(delay time.Duration, hands int) {
	s.delay.Store(int64(delay))
	s.hands.Store(nil)
	if hands > 0 {
		slots := make(chan struct{}, hands)
		s.hands.Store(&slots)
	}
}

func signIn(w http.ResponseWriter, _ *http.Request) {
	http.SetCookie(w, &http.Cookie{Name: "sid", Value: "bench-sid"}) //nolint:gosec // a stand-in on 127.0.0.1
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(`{"success":true}`))
}

// openApp is every step by which a session reaches the app.
func openApp(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/business/") {
		http.NotFound(w, r)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: "JSESSIONID", Value: "bench-jsession"}) //nolint:gosec // a stand-in on 127.0.0.1
	w.Header().Set("Content-Type", "text/html")
	_, _ = w.Write([]byte("<html>"))
}

// template is an answer with marks in it.
type template []byte

func (t template) with(customer, order string) []byte {
	body := bytes.ReplaceAll(t, []byte(markCustomer), fmt.Appendf(nil, "%5.5s", customer))
	return bytes.ReplaceAll(body, []byte(markOrder), fmt.Appendf(nil, "%9.9s", order))
}

// pageOf is a list of orders as an ERP writes it: a row leaves out what it has no value for. The first has every column.
func pageOf(orders int) template {
	rows := []string{`{"id":` + markOrder + `,"code":"SO-260001","customerOrderCode":"PO-88","customerId":"` + markCustomer + `","customerName":"雪兽制造有限公司",` +
		`"date":"2026-05-04 00:00:00","deliveryDate":"2026-06-30 00:00:00","status":2,"amount":12345.60,"rmbAmount":12345.60,"currency":"CNY",` +
		`"shippedRate":0.25,"producedRate":0.5,"remark":"加急"}`}
	for i := 1; i < orders; i++ {
		rows = append(rows, fmt.Sprintf(`{"id":%d,"code":"SO-26%04d","customerId":"%s","date":"2026-05-%02d","deliveryDate":"2026-06-%02d",`+
			`"status":%d,"amount":%d.50,"shippedRate":0.%d}`, 200000000+i, i, markCustomer, 1+i, 1+i, []int{1, 2, 4, 5}[i%4], 1000*i, i))
	}
	return template(listOf(rows))
}

func listOf(rows []string) []byte {
	return []byte(fmt.Sprintf(`{"success":true,"message":"","data":{"_count":%d,"_dataList":[%s]}}`, len(rows), strings.Join(rows, ",")))
}
