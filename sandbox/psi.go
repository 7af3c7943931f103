package sandbox

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// defaultPSIKey is made up and opens nothing.
const defaultPSIKey = "psi-sandbox-key-5a4db0c0"

// PSIOptions configures [NewPSI]; the zero value is ready to use.
type PSIOptions struct {
	APIKey      string           // a made-up one by default, see [PSI.APIKey]
	Header      string           // where the key is looked for: "Authorization" (default, as "Bearer …") or a name such as "X-Api-Key"
	Idempotent  bool             // a repeated Idempotency-Key gets the first answer, and nothing is written again
	Lookup      bool             // GET /api/inventory/record?reference= finds a record again
	NumbersText bool             // numbers and ids come as JSON strings
	Now         func() time.Time // clock of records and tokens; time.Now by default
}

// PSI is a stand-in for a purchase-sale-inventory system with a small REST interface:
//
//	GET  /api/product/barcode?barcode=
//	GET  /api/warehouse/list
//	GET  /api/inventory/list?page&pageSize&keyword[&warehouseId]      "total" beside "data"
//	POST /api/inventory/record {productId, warehouseId, quantity, type, operator, reference}
//	GET  /api/inventory/record?reference=                            with PSIOptions.Lookup
//	POST /api/auth/login {username, password}                        data.token
//
// Every answer is {code, message, data} with HTTP status 200: the code alone tells a failure.
// A call carries the API key or a token from the login. It implements http.Handler and is safe
// for concurrent use. Close releases requests that a fault holds.
type PSI struct {
	*faultBoard
	opts    PSIOptions
	control *http.ServeMux
	calls   callLog

	mu      sync.Mutex // guards all below
	goods   []psiProduct
	stock   map[psiPlace]number
	records []PSIRecord
	first   map[string]psiFirst // by Idempotency-Key
	tokens  map[string]string   // user by token
}

// NewPSI returns a PSI with its data made.
func NewPSI(opts PSIOptions) *PSI {
	if opts.APIKey == "" {
		opts.APIKey = defaultPSIKey
	}
	if opts.Header == "" {
		opts.Header = "Authorization"
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	p := &PSI{
		faultBoard: newFaultBoard(), opts: opts, goods: psiGoods(), stock: map[psiPlace]number{},
		first: map[string]psiFirst{}, tokens: map[string]string{},
	}
	p.fillWarehouses()
	p.control = p.controlRoutes()
	return p
}

// APIKey is the key that every call may carry.
func (p *PSI) APIKey() string { return p.opts.APIKey }

// ServeHTTP answers as the system does, or as the faults in force say.
func (p *PSI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, controlPrefix) {
		p.control.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	if err != nil {
		http.Error(w, "request entity too large", http.StatusRequestEntityTooLarge)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	op, handle := p.route(r)
	p.record(r, op, body)
	p.serve(w, r, r.Method+" "+r.URL.Path+" "+op, handle)
}

// route names the operation a request asks for and what carries it out.
func (p *PSI) route(r *http.Request) (op string, handle http.HandlerFunc) {
	switch r.Method + " " + r.URL.Path {
	case "POST /api/auth/login":
		return "login", p.serveLogin
	case "GET /api/product/barcode":
		return "product", p.known(p.serveProduct)
	case "GET /api/warehouse/list":
		return "warehouses", p.known(p.serveWarehouses)
	case "GET /api/inventory/list":
		return "inventory", p.known(p.serveInventory)
	case "POST /api/inventory/record":
		return "record", p.known(p.serveRecord)
	case "GET /api/inventory/record":
		if p.opts.Lookup {
			return "lookup", p.known(p.serveLookup)
		}
	}
	return "unknown", http.NotFound
}

// Calls returns the latest 2000 requests, oldest first. Op is login, product, warehouses,
// inventory, record, lookup or unknown.
func (p *PSI) Calls() []ERPCall { return p.calls.all() }

// Count returns how many requests asked for op since the start or the last ResetCalls.
func (p *PSI) Count(op string) int { return p.calls.count(op) }

// ResetCalls forgets the recorded requests and sets all counts to 0.
func (p *PSI) ResetCalls() { p.calls.reset() }

func (p *PSI) record(r *http.Request, op string, body []byte) {
	call := ERPCall{
		Op: op, Path: r.URL.RequestURI(), Body: string(body), RequestID: r.Header.Get("X-Request-Id"), At: p.opts.Now(),
	}
	if op == "login" {
		_, call.Body = maskLogin(body)
	} else {
		call.Account = p.caller(r)
	}
	p.calls.add(call)
}

func (p *PSI) controlRoutes() *http.ServeMux {
	mux := p.controlMux()
	p.calls.routes(mux)
	mux.HandleFunc("GET "+controlPrefix+"records", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, p.Records())
	})
	return mux
}
