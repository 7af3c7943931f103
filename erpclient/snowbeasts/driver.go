package snowbeasts

import (
	"context"
	"crypto/sha1" //nolint:gosec // the ERP defines its password form as SHA-1; nothing here relies on its strength
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"time"

	"snowgate/erpclient"
	"snowgate/erpclient/erphttp"
	"snowgate/erpclient/wire"
)

// The operations as they stand in errors, drift reports and metrics.
const (
	opLogin      = "login"
	opProbe      = "probe"
	opOrders     = "search_orders"
	opOrder      = "order"
	opMaterials  = "materials"
	opMaterial   = "material"
	opDeliveries = "deliveries"
	opLogistics  = "logistics_companies"
	opInvite     = "customer_by_invite"

	opProduct     = "product"
	opStock       = "stock"
	opWarehouses  = "warehouses"
	opRecordStock = "record_stock"
	opStockRecord = "stock_record"
	opCreateOrder = "create_order"
	opOrderByRef  = "order_by_reference"
	opSales       = "sales"
	opApprovals   = "approvals"
	opApproval    = "approval"
	opDecide      = "decide"
)

// The forms in which the login accepts a password.
const (
	DigestSHA1  = "sha1"
	DigestPlain = "plain"
)

// Config describes one installation at one origin.
type Config struct {
	// HTTP asks the origin. Required.
	HTTP *erphttp.Client
	// AppID is the number of the customer's application, such as "10001". Required.
	AppID string
	// PasswordDigest is DigestSHA1 (the default) or DigestPlain. That the 40 hexadecimal digits which the ERP's own
	// client sends are a SHA-1 is a guess, hence the setting.
	PasswordDigest string
	// SessionLife is how long a login is trusted; default 5 minutes, the known client's habit.
	SessionLife time.Duration
	// Zone is that of times written without one; default Asia/Shanghai.
	Zone *time.Location
	// Forms are the installation's form ids and column names; what is left out is as in DefaultForms.
	Forms Forms
	// OnDrift hears of fields that are missing or of another type than expected, each once per answer. It is called
	// from many goroutines and must not block. May be nil.
	OnDrift func(erpclient.Drift)
	// Shared shares base data between replicas; nil: each fetches its own.
	Shared SharedCache
	// Now is the clock; default time.Now.
	Now func() time.Time
}

// Driver implements erpclient.Driver and its readers for one Snowbeasts origin. It is safe for concurrent use.
type Driver struct {
	http        *erphttp.Client
	appID       string
	appName     string
	digest      string
	sessionLife time.Duration
	zone        *time.Location
	forms       forms
	logistics   *companyNames
	onDrift     func(erpclient.Drift)
	now         func() time.Time
	token       *lastToken
}

var (
	_ erpclient.Driver         = (*Driver)(nil)
	_ erpclient.OrderReader    = (*Driver)(nil)
	_ erpclient.DeliveryReader = (*Driver)(nil)
	_ erpclient.MaterialReader = (*Driver)(nil)
	_ erpclient.InviteReader   = (*Driver)(nil)

	_ erpclient.Limited         = (*Driver)(nil)
	_ erpclient.StockReader     = (*Driver)(nil)
	_ erpclient.WarehouseReader = (*Driver)(nil)
	_ erpclient.StockWriter     = (*Driver)(nil)
	_ erpclient.StockFinder     = (*Driver)(nil)
	_ erpclient.OrderWriter     = (*Driver)(nil)
	_ erpclient.OrderFinder     = (*Driver)(nil)
	_ erpclient.SalesReader     = (*Driver)(nil)
	_ erpclient.ApprovalReader  = (*Driver)(nil)
	_ erpclient.ApprovalDecider = (*Driver)(nil)
)

// New checks the configuration and makes a Driver; it asks nothing of the ERP. All complaints come in one error.
func New(cfg Config) (*Driver, error) {
	fill(&cfg)
	table, err := resolveForms(cfg.Forms)
	if err = errors.Join(cfg.check(), err); err != nil {
		return nil, fmt.Errorf("snowbeasts: %w", err)
	}
	return &Driver{
		http: cfg.HTTP, appID: cfg.AppID, appName: "SnowInventory-" + cfg.AppID, digest: cfg.PasswordDigest,
		sessionLife: cfg.SessionLife, zone: cfg.Zone, forms: table, logistics: newCompanyNames(cfg.Shared, logisticsKey(cfg), cfg.Now),
		onDrift: cfg.OnDrift, now: cfg.Now, token: &lastToken{},
	}, nil
}

// logisticsKey tells installations apart that share one cache.
func logisticsKey(cfg Config) string {
	return "snowbeasts logistics " + cfg.HTTP.Origin().String() + " " + cfg.AppID
}

func fill(cfg *Config) {
	if cfg.PasswordDigest == "" {
		cfg.PasswordDigest = DigestSHA1
	}
	if cfg.SessionLife <= 0 {
		cfg.SessionLife = 5 * time.Minute
	}
	if cfg.Zone == nil {
		cfg.Zone = shanghai()
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
}

// shanghai works on machines without a time zone database too: China has had no summer time since 1991.
func shanghai() *time.Location {
	if zone, err := time.LoadLocation("Asia/Shanghai"); err == nil {
		return zone
	}
	return time.FixedZone("CST", 8*60*60)
}

func (cfg Config) check() error {
	var errs []error
	if cfg.HTTP == nil {
		errs = append(errs, errors.New("no HTTP client"))
	}
	if !wire.IsDigits(cfg.AppID) {
		errs = append(errs, fmt.Errorf("app id %q is not a number", cfg.AppID))
	}
	if cfg.PasswordDigest != DigestSHA1 && cfg.PasswordDigest != DigestPlain {
		errs = append(errs, fmt.Errorf("password digest %q is neither %s nor %s", cfg.PasswordDigest, DigestSHA1, DigestPlain))
	}
	return errors.Join(errs...)
}

// Secret is the password in the form that the login accepts.
func (d *Driver) Secret(password string) string {
	if d.digest == DigestPlain {
		return password
	}
	sum := sha1.Sum([]byte(password)) //nolint:gosec // see the import
	return hex.EncodeToString(sum[:])
}

// Probe shows that the ERP answers. Without a session any page will do; with one it asks for a single order, so that
// a lost session shows as KindSessionExpired.
func (d *Driver) Probe(ctx context.Context, s erpclient.Session) error {
	if s.Token == "" {
		return d.probeFront(ctx)
	}
	req := d.listRequest(d.forms.orders)
	req.PageSize = 1
	_, err := d.list(ctx, s, question{op: opProbe, form: d.forms.orders, otherwise: erpclient.KindBadAnswer}, req)
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
