package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"snowgate/cmd/snowgate/config"
	"snowgate/erpclient"
)

// driverFlags are the arguments of "driver test". The password comes from a file or a variable, never from the command
// line, which everybody on the machine can read.
type driverFlags struct {
	driver, origin, user, passwordFile string
	timeout                            time.Duration
}

// passwordVariable holds the password where no file does.
const passwordVariable = "SNOWGATE_DRIVER_PASSWORD"

func parseDriverFlags(args []string) (f driverFlags, err error) {
	flags := flag.NewFlagSet("driver test", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&f.driver, "driver", "snowbeasts", "")
	flags.StringVar(&f.origin, "origin", "", "")
	flags.StringVar(&f.user, "user", "", "")
	flags.StringVar(&f.passwordFile, "password-file", "", "")
	flags.DurationVar(&f.timeout, "timeout", 10*time.Second, "")
	if err := flags.Parse(args); err != nil || flags.NArg() > 0 || f.origin == "" || f.user == "" {
		return f, fmt.Errorf("%w: snowgate [-c FILE] driver test --driver D --origin URL --user U [--password-file F] [--timeout 10s]", errUsage)
	}
	return f, nil
}

// testDriver is "driver test": what a live ERP can do through its driver, what not, and how slow it is. It reads only, asks
// each question once, and never tries a wrong password: ERPs lock accounts.
func testDriver(ctx context.Context, file string, args, environ []string, stdout io.Writer) error {
	f, err := parseDriverFlags(args)
	if err != nil {
		return err
	}
	password, err := f.password(environ)
	if err != nil {
		return err
	}
	// Of the configuration only what belongs to the ERP matters here; the sandbox's mode asks for nothing else.
	cfg, _, err := config.Load(file, append(environ, "SNOWGATE_MODE=sandbox", "SNOWGATE_ERP__DRIVER="+f.driver, "SNOWGATE_ERP__ORIGIN="+f.origin))
	if err != nil {
		return err
	}
	driver, err := liveDriver(cfg)
	if err != nil {
		return err
	}
	t := &driverTest{driver: driver, timeout: f.timeout, out: tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)}
	t.run(ctx, erpclient.Credentials{Account: f.user, Secret: driver.Secret(password)})
	if err := t.out.Flush(); err != nil {
		return err
	}
	if t.failed > 0 {
		return fmt.Errorf("%d of %d questions failed", t.failed, t.asked)
	}
	return nil
}

func (f driverFlags) password(environ []string) (string, error) {
	if f.passwordFile != "" {
		raw, err := os.ReadFile(f.passwordFile)
		return strings.TrimRight(string(raw), "\r\n"), err
	}
	for _, v := range environ {
		if value, ok := strings.CutPrefix(v, passwordVariable+"="); ok {
			return value, nil
		}
	}
	return "", fmt.Errorf("%w: driver test: give the password by --password-file or %s", errUsage, passwordVariable)
}

func liveDriver(cfg *config.Config) (erpclient.Driver, error) {
	h := &house{log: slog.New(slog.DiscardHandler)}
	registry := prometheus.NewRegistry()
	return h.newDriver(cfg, "primary", cfg.ERP.Origin, nil, erpclient.NewContract(h.log, registry, nil), registry)
}

// driverTest asks one driver question after question and prints a line for each.
type driverTest struct {
	driver        erpclient.Driver
	timeout       time.Duration
	out           *tabwriter.Writer
	auth          erpclient.Auth
	asked, failed int
}

// errRemark is no failure but something to know.
type errRemark string

func (e errRemark) Error() string { return string(e) }

func (t *driverTest) run(ctx context.Context, creds erpclient.Credentials) {
	_, _ = fmt.Fprintf(t.out, "capabilities\t%s\n", strings.Join(erpclient.Capabilities(t.driver), " "))
	t.ask(ctx, "probe without a login", func(ctx context.Context) error { return t.driver.Probe(ctx, erpclient.Session{}) })
	t.ask(ctx, "login", func(ctx context.Context) (err error) {
		t.auth.Session, err = t.driver.Login(ctx, creds)
		return err
	})
	if t.failed > 0 && t.auth.Session.ExpiresAt.IsZero() {
		return // nothing else can be asked
	}
	t.ask(ctx, "probe with the session", func(ctx context.Context) error { return t.driver.Probe(ctx, t.auth.Session) })
	t.orders(ctx)
	t.stock(ctx)
	t.business(ctx)
}

// ask prints how one question went: the kind of failure, never the ERP's own words, which may hold anything.
func (t *driverTest) ask(ctx context.Context, what string, question func(context.Context) error) {
	ctx, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	start := time.Now()
	err := question(ctx)
	took := time.Since(start).Round(time.Millisecond)
	t.asked++
	var remark errRemark
	switch {
	case err == nil:
		_, _ = fmt.Fprintf(t.out, "%s\tok\t%s\n", what, took)
	case errors.As(err, &remark):
		_, _ = fmt.Fprintf(t.out, "%s\tok\t%s\t%s\n", what, took, remark)
	case erpclient.KindOf(err) == erpclient.KindNotSupported:
		_, _ = fmt.Fprintf(t.out, "%s\tnot supported\n", what)
	case erpclient.KindOf(err) == erpclient.KindForbidden && !t.auth.Session.ExpiresAt.IsZero():
		_, _ = fmt.Fprintf(t.out, "%s\tnot allowed to this account\n", what)
	default:
		t.failed++
		_, _ = fmt.Fprintf(t.out, "%s\tFAILED\t%s\t%s\n", what, took, cmp.Or(string(erpclient.KindOf(err)), "not as the contract says: "+err.Error()))
	}
}

// wantNotFound holds a question about an id that nothing has to its answer.
func wantNotFound(err error) error {
	if erpclient.KindOf(err) == erpclient.KindNotFound {
		return nil
	}
	if err == nil {
		return errors.New("something was found under an id that nothing has")
	}
	return err
}

// nothingHas is an id that no record should have.
const nothingHas = "999999999"

func (t *driverTest) orders(ctx context.Context) {
	reader, ok := t.driver.(erpclient.OrderReader)
	if !ok {
		return
	}
	orderID := ""
	t.ask(ctx, "search orders", func(ctx context.Context) error {
		page, err := reader.SearchOrders(ctx, t.auth, erpclient.OrderQuery{Page: 1, PageSize: 20})
		if err == nil && len(page.Orders) == 0 {
			return errRemark("the account sees no orders")
		}
		if len(page.Orders) > 0 {
			orderID = page.Orders[0].ID
		}
		return err
	})
	t.ask(ctx, "an order nobody has", func(ctx context.Context) error {
		_, err := reader.Order(ctx, t.auth, nothingHas)
		return wantNotFound(err)
	})
	if orderID == "" {
		return
	}
	var order erpclient.Order
	t.ask(ctx, "order by id", func(ctx context.Context) (err error) {
		order, err = reader.Order(ctx, t.auth, orderID)
		if err == nil && order.ID != orderID {
			return errors.New("another order was answered")
		}
		return err
	})
	if deliveries, ok := t.driver.(erpclient.DeliveryReader); ok {
		t.ask(ctx, "deliveries", func(ctx context.Context) error {
			_, err := deliveries.Deliveries(ctx, t.auth, order)
			return err
		})
	}
	t.materials(ctx, orderID)
}

func (t *driverTest) materials(ctx context.Context, orderID string) {
	reader, ok := t.driver.(erpclient.MaterialReader)
	if !ok {
		return
	}
	var lines []erpclient.Material
	t.ask(ctx, "materials", func(ctx context.Context) (err error) {
		lines, err = reader.Materials(ctx, t.auth, orderID)
		return err
	})
	if len(lines) == 0 {
		return
	}
	t.ask(ctx, "material by id", func(ctx context.Context) error {
		_, err := reader.Material(ctx, t.auth, lines[0].ID)
		return err
	})
	if progress, ok := t.driver.(erpclient.ProgressReader); ok {
		t.ask(ctx, "progress", func(ctx context.Context) error {
			_, err := progress.Stages(ctx, t.auth, lines[0])
			return err
		})
	}
}

func (t *driverTest) stock(ctx context.Context) {
	if reader, ok := t.driver.(erpclient.WarehouseReader); ok {
		t.ask(ctx, "warehouses", func(ctx context.Context) error {
			_, err := reader.Warehouses(ctx, t.auth)
			return err
		})
	}
	reader, ok := t.driver.(erpclient.StockReader)
	if !ok {
		return
	}
	barcode := ""
	t.ask(ctx, "stock", func(ctx context.Context) error {
		page, err := reader.Stock(ctx, t.auth, erpclient.StockQuery{Page: 1, PageSize: 20})
		for _, item := range page.Items {
			barcode = cmp.Or(barcode, item.Barcode)
		}
		return err
	})
	t.ask(ctx, "a bar code nobody has", func(ctx context.Context) error {
		_, err := reader.ProductByBarcode(ctx, t.auth, "0000000000000")
		return wantNotFound(err)
	})
	if barcode == "" {
		return
	}
	t.ask(ctx, "product by bar code", func(ctx context.Context) error {
		p, err := reader.ProductByBarcode(ctx, t.auth, barcode)
		if err == nil && p.Barcode != barcode {
			return errors.New("another product was answered")
		}
		return err
	})
}

func (t *driverTest) business(ctx context.Context) {
	if reader, ok := t.driver.(erpclient.ApprovalReader); ok {
		t.ask(ctx, "approvals", func(ctx context.Context) error {
			_, err := reader.Approvals(ctx, t.auth, erpclient.ApprovalQuery{Page: 1, PageSize: 20})
			return err
		})
	}
	if reader, ok := t.driver.(erpclient.SalesReader); ok {
		today := time.Now()
		t.ask(ctx, "sales of 30 days", func(ctx context.Context) error {
			_, err := reader.Sales(ctx, t.auth, dayOf(today.AddDate(0, 0, -30)), dayOf(today))
			return err
		})
	}
}

func dayOf(t time.Time) erpclient.Day { return erpclient.Day(t.Format(time.DateOnly)) }
