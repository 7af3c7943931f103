package psi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"snowgate/erpclient"
	"snowgate/erpclient/erphttp"
)

// The operations as they stand in errors, drift reports and metrics.
const (
	opLogin       = "login"
	opProbe       = "probe"
	opProduct     = "product"
	opStock       = "stock"
	opWarehouses  = "warehouses"
	opRecordStock = "record_stock"
	opStockRecord = "stock_record"
)

// bearerHeader is the header in which a key or token is a bearer token; in any other it stands alone.
const bearerHeader = "Authorization"

// Config describes one system at one origin. Either APIKey or LoginPath is required, and not both.
type Config struct {
	// HTTP asks the origin. Required.
	HTTP *erphttp.Client
	// APIKey is what every call carries. There are no logins then: the account whose secret is the key is the one that
	// has a session, and nobody else.
	APIKey string
	// LoginPath takes {username, password} and gives data.token, which that person's calls carry; such as
	// "/api/auth/login".
	LoginPath string
	// Header carries the key or the token: "Authorization" (the default) as a bearer token, any other, such as
	// "X-Api-Key", as it is.
	Header string
	// Paths are where the system differs from the usual.
	Paths Paths
	// LookupPath finds a record by ?reference=, such as "/api/inventory/record". Without it a write whose answer was lost
	// cannot be settled. Its "not found" is taken for proof that nothing was written.
	LookupPath string
	// Without names capabilities (erpclient.CapabilityStockWrite, …) that this system does not have.
	Without []string
	// SessionLife is how long a login is trusted; default 30 minutes. A token that dies earlier is renewed.
	SessionLife time.Duration
	// OnDrift hears of fields that are missing or of another type than expected, each once per answer. It is called
	// from many goroutines and must not block. May be nil.
	OnDrift func(erpclient.Drift)
	// Now is the clock; default time.Now.
	Now func() time.Time
}

// Paths are the calls' paths below the origin; one that is left out is as the default says.
type Paths struct {
	Product    string // default /api/product/barcode
	Warehouses string // default /api/warehouse/list
	Stock      string // default /api/inventory/list
	Record     string // default /api/inventory/record
}

// Driver implements erpclient.Driver and what there is about stock. It is safe for concurrent use.
type Driver struct {
	http        *erphttp.Client
	apiKey      string
	loginPath   string
	header      string
	paths       Paths
	lookupPath  string
	without     []string
	sessionLife time.Duration
	onDrift     func(erpclient.Drift)
	now         func() time.Time
}

var (
	_ erpclient.Driver          = (*Driver)(nil)
	_ erpclient.Limited         = (*Driver)(nil)
	_ erpclient.StockReader     = (*Driver)(nil)
	_ erpclient.WarehouseReader = (*Driver)(nil)
	_ erpclient.StockWriter     = (*Driver)(nil)
	_ erpclient.StockFinder     = (*Driver)(nil)
)

// New checks the configuration and makes a Driver; it asks nothing of the system. All complaints come in one error, which
// does not quote the key.
func New(cfg Config) (*Driver, error) {
	fill(&cfg)
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("psi: %w", err)
	}
	return &Driver{
		http: cfg.HTTP, apiKey: cfg.APIKey, loginPath: cfg.LoginPath, header: cfg.Header, paths: cfg.Paths,
		lookupPath: cfg.LookupPath, without: slices.Clone(cfg.Without), sessionLife: cfg.SessionLife, onDrift: cfg.OnDrift, now: cfg.Now,
	}, nil
}

func fill(cfg *Config) {
	for at, usual := range map[*string]string{
		&cfg.Header:           bearerHeader,
		&cfg.Paths.Product:    "/api/product/barcode",
		&cfg.Paths.Warehouses: "/api/warehouse/list",
		&cfg.Paths.Stock:      "/api/inventory/list",
		&cfg.Paths.Record:     "/api/inventory/record",
	} {
		if *at == "" {
			*at = usual
		}
	}
	if cfg.SessionLife <= 0 {
		cfg.SessionLife = 30 * time.Minute
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
}

// narrowable are the capabilities that Without may name.
var narrowable = []string{
	erpclient.CapabilityStock, erpclient.CapabilityWarehouses, erpclient.CapabilityStockWrite, erpclient.CapabilityStockLookup,
}

func (cfg Config) check() error {
	var errs []error
	if cfg.HTTP == nil {
		errs = append(errs, errors.New("no HTTP client"))
	}
	if (cfg.APIKey == "") == (cfg.LoginPath == "") {
		errs = append(errs, errors.New("either an API key or a login path is needed, and not both"))
	}
	if cfg.APIKey != "" && !isToken(cfg.APIKey) {
		errs = append(errs, errors.New("the API key does not fit into a header"))
	}
	if !isHeaderName(cfg.Header) {
		errs = append(errs, fmt.Errorf("%q is no header", cfg.Header))
	}
	for _, path := range []string{cfg.Paths.Product, cfg.Paths.Warehouses, cfg.Paths.Stock, cfg.Paths.Record, cfg.LookupPath, cfg.LoginPath} {
		if path != "" && (!strings.HasPrefix(path, "/") || strings.ContainsAny(path, "?#{} ")) {
			errs = append(errs, fmt.Errorf("%q is no path", path))
		}
	}
	for _, name := range cfg.Without {
		if !slices.Contains(narrowable, name) {
			errs = append(errs, fmt.Errorf("%q is none of %s", name, strings.Join(narrowable, ", ")))
		}
	}
	return errors.Join(errs...)
}

// isToken reports whether text can stand in a header: printable ASCII without spaces.
func isToken(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c > '~' })
}

// isHeaderName is a strict reading of RFC 9110 §5.1: letters, digits and dashes.
func isHeaderName(text string) bool {
	return !strings.ContainsFunc(text, func(c rune) bool {
		return c != '-' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z')
	})
}

// Lacks reports what the configuration takes away.
func (d *Driver) Lacks(capability string) bool {
	return slices.Contains(d.without, capability) || capability == erpclient.CapabilityStockLookup && d.lookupPath == ""
}

// Probe shows that the system answers. Without a session any page will do; with one it asks for something small that the
// system has.
func (d *Driver) Probe(ctx context.Context, s erpclient.Session) error {
	if s.Token == "" {
		return d.probeFront(ctx)
	}
	req := erphttp.Request{Method: http.MethodGet, Path: d.paths.Warehouses}
	if d.Lacks(erpclient.CapabilityWarehouses) {
		req = d.stockRequest(erpclient.StockQuery{PageSize: 1})
	}
	_, err := d.ask(ctx, s, opProbe, req)
	return err
}

func (d *Driver) probeFront(ctx context.Context) error {
	answer, err := d.http.Do(ctx, opProbe, erphttp.Request{Method: http.MethodGet, Path: "/"})
	if err != nil {
		return err
	}
	if answer.Status >= http.StatusInternalServerError {
		return answer.StatusError(opProbe)
	}
	return nil
}
