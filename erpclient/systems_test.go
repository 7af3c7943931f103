package erpclient_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"snowgate/erpclient"
	"snowgate/erpclient/erptest"
)

// systems are an ERP and a warehouse's system beside it in one process, with everything shared that can be.
type systems struct {
	*pair
	warehouse *erptest.Driver
	figures   *prometheus.Registry
	main      *erpclient.Client
	stock     *erpclient.Client
}

func newSystems(change func(*erpclient.Config)) *systems {
	s := &systems{pair: newPair(), warehouse: &erptest.Driver{Name: "warehouse-"}, figures: prometheus.NewRegistry()}
	both := func(cfg *erpclient.Config) {
		cfg.Metrics = s.figures
		if change != nil {
			change(cfg)
		}
	}
	s.main = s.client(both)
	s.stock = erpclient.New(s.stockConfig(both), s.warehouse, nil)
	return s
}

// stockConfig is the warehouse's: no keyring, and a service account that happens to be called like the main one's.
func (s *systems) stockConfig(change func(*erpclient.Config)) erpclient.Config {
	cfg := erpclient.Config{
		Name: "stock", ServiceOnly: true, Sessions: s.sessions, Answers: s.answers, Logger: slog.New(slog.DiscardHandler),
		Service: erpclient.Credentials{Account: "acc-alice", Secret: "digest:right"},
	}
	change(&cfg)
	return cfg
}

func (s *systems) look(c *erpclient.Client, id erpclient.Identity) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := c.Stock(ctx, id, erpclient.StockQuery{Page: 1, PageSize: 20})
		return err
	}
}

func TestTwoSystemsKeepTheirSessionsApart(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newSystems(nil)
		for range 2 {
			wantSource(t, erpclient.SourceLive, 0, s.look(s.main, alice))
			wantSource(t, erpclient.SourceLive, 0, s.look(s.stock, alice))
		}
		wantCalls(t, s.erp, erptest.OpLogin, 1)
		wantCalls(t, s.warehouse, erptest.OpLogin, 1)
		if n := s.sessions.Len(); n != 2 {
			t.Errorf("%d sessions are kept, want one for each system", n)
		}
		if err := s.main.Forget(t.Context(), "acc-alice"); err != nil {
			t.Fatal(err)
		}
		wantSource(t, erpclient.SourceLive, 0, s.look(s.stock, alice))
		wantCalls(t, s.warehouse, erptest.OpLogin, 1)
	})
}

func TestTwoSystemsKeepTheirLastGoodAnswersApart(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newSystems(noRetries)
		run(t, s.main)
		run(t, s.stock)
		wantSource(t, erpclient.SourceLive, 0, s.look(s.main, alice))
		saved(t)
		s.warehouse.Script(erptest.Fail(erpclient.KindUnavailable))
		wantKind(t, s.look(s.stock, alice)(t.Context()), erpclient.KindUnavailable)
		s.warehouse.Script(nil)
		wantSource(t, erpclient.SourceLive, 0, s.look(s.stock, alice))
		saved(t)
		if n := s.answers.Len(); n != 2 {
			t.Errorf("%d answers are kept, want one for each system", n)
		}
		s.warehouse.Script(erptest.Fail(erpclient.KindUnavailable))
		wantSource(t, erpclient.SourceStale, time.Second, s.look(s.stock, alice))
		wantKind(t, s.look(s.stock, bob)(t.Context()), erpclient.KindUnavailable)
	})
}

func TestTwoSystemsLockTheirDocumentsApart(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newSystems(func(cfg *erpclient.Config) { cfg.ServiceOnly = false; cfg.Keyring = newWorld().keyring })
		s.erp.Script(only(erptest.OpDecide, erptest.Hang))
		_, err := s.main.Decide(t.Context(), alice, "A-1", true)
		wantKind(t, err, erpclient.KindOutcomeUnknown) // and its lock is held
		if _, err := s.stock.Decide(t.Context(), alice, "A-1", true); err != nil {
			t.Error(err)
		}
	})
}

func TestASickWarehouseDoesNotTouchTheERP(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newSystems(noRetries)
		s.warehouse.Script(erptest.Fail(erpclient.KindUnavailable))
		for range 20 {
			wantKind(t, s.look(s.stock, alice)(t.Context()), erpclient.KindUnavailable)
		}
		if state := s.stock.Status().Channels[0].Breakers["read"]; state != "open" {
			t.Errorf("the warehouse's breaker is %s", state)
		}
		for _, ch := range s.main.Status().Channels {
			if ch.Breakers["read"] != "closed" {
				t.Errorf("the ERP's breaker of its %s is %s", ch.Name, ch.Breakers["read"])
			}
		}
		wantInUse(t, s.main, "primary")
		wantSource(t, erpclient.SourceLive, 0, s.look(s.main, alice))
		if err := s.main.Probe(t.Context()); err != nil {
			t.Error(err)
		}
		wantKind(t, s.stock.Probe(t.Context()), erpclient.KindUnavailable)
	})
}

// A warehouse that hangs takes none of the ERP's slots.
func TestAFullWarehouseDoesNotSlowTheERP(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newSystems(func(cfg *erpclient.Config) { cfg.MaxInFlight = 1; cfg.MaxRetries = -1 })
		wantSource(t, erpclient.SourceLive, 0, s.look(s.stock, alice))
		s.warehouse.Script(erptest.Hang)
		go func() { _ = s.look(s.stock, alice)(t.Context()) }()
		saved(t)
		wantSource(t, erpclient.SourceLive, 0, searching(s.main, alice, "sled"))
		wantKind(t, s.look(s.stock, bob)(t.Context()), erpclient.KindBusy)
	})
}

func TestTwoSystemsTellTheirFiguresApart(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newSystems(nil)
		wantSource(t, erpclient.SourceLive, 0, s.look(s.main, alice))
		for _, id := range []erpclient.Identity{alice, bob} {
			wantSource(t, erpclient.SourceLive, 0, s.look(s.stock, id))
		}
		wantFigure(t, s.figures, `snowgate_erp_attempts_total{channel="primary",op="stock",outcome="ok",system="erp"}`, 1)
		wantFigure(t, s.figures, `snowgate_erp_attempts_total{channel="primary",op="stock",outcome="ok",system="stock"}`, 2)
		wantFigure(t, s.figures, `snowgate_erp_in_flight{channel="primary",system="stock"}`, 0)
		if problems, err := testutil.GatherAndLint(s.figures); err != nil || len(problems) > 0 {
			t.Errorf("%v, %v", problems, err)
		}
		if main, stock := s.main.Status().System, s.stock.Status().System; main != "" || stock != "stock" {
			t.Errorf("they are called %q and %q", main, stock)
		}
	})
}

func TestTwoContractsOnOneRegistryCountTogether(t *testing.T) {
	figures := prometheus.NewRegistry()
	log := slog.New(slog.DiscardHandler)
	one, two := erpclient.NewContract(log, figures, nil), erpclient.NewContract(log, figures, nil)
	one.Report(erpclient.Drift{Op: "stock", Path: "items.id", Want: "string", Got: "missing"})
	two.Report(erpclient.Drift{Op: "stock", Path: "items.id", Want: "string", Got: "missing"})
	wantFigure(t, figures, `snowgate_erp_contract_drift_total{op="stock",path="items.id"}`, 2)
	if n := len(one.Status()); n != 1 || one.Status()[0].Count != 1 {
		t.Errorf("the first tells of %+v", one.Status())
	}
}

// The service account asks for persons who have no account in this system, and is narrowed where a customer's records
// are concerned.
func TestWithTheServiceAccountOnly(t *testing.T) {
	clerk := erpclient.Identity{Owner: "bob", BindingID: "b-7", Account: "acc-bob", Proof: proof("acc-bob")} // sees every customer
	tests := []struct {
		name string
		id   erpclient.Identity
		ask  func(*systems, erpclient.Identity) error
		want erpclient.Kind
	}{
		{"stock, for a customer with an account", alice, (*systems).stockOf, ""},
		{"stock, for a customer by invite", invited, (*systems).stockOf, ""},
		{"stock, for a clerk", clerk, (*systems).stockOf, ""},
		{"warehouses, for a clerk", clerk, (*systems).warehousesOf, ""},
		{"a record, by a clerk", clerk, (*systems).record, ""},
		{"its finding, by a clerk", clerk, (*systems).find, erpclient.KindNotFound},
		{"orders, for a customer with an account", alice, (*systems).orders, ""},
		{"orders, for a clerk", clerk, (*systems).orders, erpclient.KindForbidden},
		{"an order, by a clerk", clerk, (*systems).order, erpclient.KindForbidden},
		{"sales, for a clerk", clerk, (*systems).sales, erpclient.KindForbidden},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := newSystems(nil)
				var asked []string
				s.warehouse.OnLogin = func(_ context.Context, c erpclient.Credentials) (erpclient.Session, error) {
					asked = append(asked, c.Account)
					return s.warehouse.NewSession(c.Account), nil
				}
				err := tt.ask(s, tt.id)
				if got := erpclient.KindOf(err); got != tt.want || tt.want == "" && err != nil {
					t.Fatalf("got %v, want kind %q", err, tt.want)
				}
				if tt.want == erpclient.KindForbidden && len(asked) > 0 || tt.want == "" && (len(asked) != 1 || asked[0] != "acc-alice") {
					t.Errorf("logged in: %v", asked)
				}
			})
		})
	}
}

func (s *systems) stockOf(id erpclient.Identity) error {
	return s.look(s.stock, id)(context.Background())
}

func (s *systems) warehousesOf(id erpclient.Identity) error {
	return warehouses(s.stock, id)(context.Background())
}

func (s *systems) record(id erpclient.Identity) error {
	_, err := s.stock.RecordStock(context.Background(), id, entry("r1"))
	return err
}

func (s *systems) find(id erpclient.Identity) error {
	_, err := s.stock.FindStockRecord(context.Background(), id, "r1")
	return err
}

func (s *systems) orders(id erpclient.Identity) error {
	return searching(s.stock, id, "sled")(context.Background())
}

func (s *systems) order(id erpclient.Identity) error {
	_, err := s.stock.CreateOrder(context.Background(), id, newOrder("r1"))
	return err
}

func (s *systems) sales(id erpclient.Identity) error {
	_, err := s.stock.Sales(context.Background(), id, "2026-01-01", "2026-01-31")
	return err
}

// One customer's stock answer may be another's, but they are asked for and kept apart.
func TestTheCustomerStaysInTheKeysOfAServiceOnlySystem(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newSystems(nil)
		var scopes []string
		s.warehouse.OnStock = func(_ context.Context, a erpclient.Auth, _ erpclient.StockQuery) (erpclient.StockPage, error) {
			scopes = append(scopes, a.Scope.CustomerID)
			return erpclient.StockPage{}, nil
		}
		for _, id := range []erpclient.Identity{alice, bob} {
			wantSource(t, erpclient.SourceLive, 0, s.look(s.stock, id))
		}
		if len(scopes) != 2 || scopes[0] != "C1" || scopes[1] != "C2" {
			t.Errorf("got scopes %v", scopes)
		}
	})
}
