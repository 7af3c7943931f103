package tryton

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"snowgate/erpclient"
	"snowgate/erpclient/erphttp"
	"snowgate/erpclient/wire"
)

// The operations as they stand in errors, drift reports and metrics.
const (
	opLogin       = "login"
	opProbe       = "probe"
	opOrders      = "search_orders"
	opOrder       = "order"
	opMaterials   = "materials"
	opMaterial    = "material"
	opStages      = "stages"
	opDeliveries  = "deliveries"
	opInvite      = "customer_by_invite"
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

// Config describes one database at one origin.
type Config struct {
	// HTTP asks the origin. Required.
	HTTP *erphttp.Client
	// Database is the database's name, the path of every call. Required.
	Database string
	// CustomerGroups are the names of the groups whose members are customers: they are narrowed to the party of their
	// employee record, and are given none of the company's own business. Default: "Customer portal". Everybody else's
	// employee record is their own person and narrows nothing.
	CustomerGroups []string
	// SalesWarehouse is the code of the warehouse that new orders leave from; default is Tryton's own default, or else the
	// first.
	SalesWarehouse string
	// Without names capabilities (erpclient.CapabilityProgress, …) whose modules this database lacks or that are not
	// wanted: progress needs sale_supply_production, approvals need purchase.
	Without []string
	// Zone is that of days, "today" among them, and of the times shown; default Asia/Shanghai. Tryton's own times are UTC.
	Zone *time.Location
	// SessionLife is how long a login is trusted; default 8 hours. Tryton looks through all sessions of a user with every
	// call and keeps them for 30 days, so that short lives make it slow.
	SessionLife time.Duration
	// CheckEvery is how often a session's user is looked at: whether they are still active, and have the password and the
	// groups that they had at the login. Default 1 minute.
	CheckEvery time.Duration
	// OnDrift hears of fields that are missing or of another type than expected, each once per answer. It is called
	// from many goroutines and must not block. May be nil.
	OnDrift func(erpclient.Drift)
	// Now is the clock; default time.Now.
	Now func() time.Time
}

// Driver implements erpclient.Driver and all of its small interfaces. It is safe for concurrent use.
type Driver struct {
	http        *erphttp.Client
	path        string
	customers   []string
	warehouse   string
	without     []string
	zone        *time.Location
	sessionLife time.Duration
	standing    *standing
	turns       *turns
	onDrift     func(erpclient.Drift)
	now         func() time.Time
}

var (
	_ erpclient.Driver          = (*Driver)(nil)
	_ erpclient.Limited         = (*Driver)(nil)
	_ erpclient.OrderReader     = (*Driver)(nil)
	_ erpclient.DeliveryReader  = (*Driver)(nil)
	_ erpclient.MaterialReader  = (*Driver)(nil)
	_ erpclient.ProgressReader  = (*Driver)(nil)
	_ erpclient.InviteReader    = (*Driver)(nil)
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
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("tryton: %w", err)
	}
	return &Driver{
		http: cfg.HTTP, path: "/" + cfg.Database + "/", customers: slices.Clone(cfg.CustomerGroups), warehouse: cfg.SalesWarehouse,
		without: slices.Clone(cfg.Without), zone: cfg.Zone, sessionLife: cfg.SessionLife,
		standing: newStanding(cfg.CheckEvery, cfg.Now), turns: newTurns(), onDrift: cfg.OnDrift, now: cfg.Now,
	}, nil
}

func fill(cfg *Config) {
	if len(cfg.CustomerGroups) == 0 {
		cfg.CustomerGroups = []string{"Customer portal"}
	}
	if cfg.Zone == nil {
		cfg.Zone = shanghai()
	}
	if cfg.SessionLife <= 0 {
		cfg.SessionLife = 8 * time.Hour
	}
	if cfg.CheckEvery <= 0 {
		cfg.CheckEvery = time.Minute
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

// narrowable are the capabilities that Without may name.
var narrowable = []string{
	erpclient.CapabilityProgress, erpclient.CapabilityInvites, erpclient.CapabilityStock, erpclient.CapabilityWarehouses,
	erpclient.CapabilityStockWrite, erpclient.CapabilityStockLookup, erpclient.CapabilityOrderWrite, erpclient.CapabilityOrderLookup,
	erpclient.CapabilityApprovals, erpclient.CapabilityApprovalDecisions, erpclient.CapabilitySales,
}

var databaseName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`)

func (cfg Config) check() error {
	var errs []error
	if cfg.HTTP == nil {
		errs = append(errs, errors.New("no HTTP client"))
	}
	if !databaseName.MatchString(cfg.Database) {
		errs = append(errs, fmt.Errorf("%q is no name of a database", cfg.Database))
	}
	for _, name := range cfg.Without {
		if !slices.Contains(narrowable, name) {
			errs = append(errs, fmt.Errorf("%q is none of %s", name, strings.Join(narrowable, ", ")))
		}
	}
	return errors.Join(errs...)
}

// Lacks reports what the configuration takes away.
func (d *Driver) Lacks(capability string) bool {
	return slices.Contains(d.without, capability) ||
		capability == erpclient.CapabilityApprovalDecisions && slices.Contains(d.without, erpclient.CapabilityApprovals)
}

// Secret is the password as it is: the login takes nothing else.
func (d *Driver) Secret(password string) string { return password }

// Probe shows that Tryton answers. Without a session it asks for the version, which says nothing of the database; with one
// it looks at the session's user, which asks the database and shows a lost session as KindSessionExpired.
func (d *Driver) Probe(ctx context.Context, s erpclient.Session) error {
	if s.Token == "" {
		result, err := d.post(ctx, opProbe, "/", nil, message{Method: "common.server.version", Params: []any{}})
		if err != nil {
			return err
		}
		if wire.TypeOf(result) != wire.Text {
			return erpclient.Errorf(opProbe, erpclient.KindBadAnswer, "the answer has no version")
		}
		return nil
	}
	t, err := tokenOf(s, opProbe)
	if err != nil {
		return err
	}
	return d.newCaller(t, opProbe).checkStanding(ctx)
}

// today is the calendar day here.
func (d *Driver) today() erpclient.Day {
	return erpclient.Day(d.now().In(d.zone).Format(time.DateOnly))
}

// message is a call as Tryton reads it. With exactly these three keys it answers failures in the same form, too.
type message struct {
	ID     int    `json:"id"`
	Method string `json:"method"`
	Params []any  `json:"params"`
}

// envelope is every answer to a message.
type envelope struct {
	Result json.RawMessage `json:"result"`
	Error  json.RawMessage `json:"error"`
}
