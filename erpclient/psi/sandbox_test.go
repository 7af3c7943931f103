package psi

import (
	"net/http/httptest"
	"strings"
	"testing"

	"snowgate/erpclient"
	"snowgate/sandbox"
)

// The tests in this file ask the stand-in, whose answers nobody here has written down.

func newSandbox(t *testing.T, opts sandbox.PSIOptions, change ...func(*Config)) (*sandbox.PSI, *Driver) {
	t.Helper()
	system := sandbox.NewPSI(opts)
	srv := httptest.NewServer(system)
	t.Cleanup(srv.Close)
	t.Cleanup(func() { _ = system.Close() })
	return system, newDriver(t, srv.URL, append([]func(*Config){func(c *Config) {
		c.APIKey, c.Header = system.APIKey(), opts.Header
		c.OnDrift = func(d erpclient.Drift) { t.Errorf("the stand-in drifted: %+v", d) }
		if opts.Lookup {
			withLookup(c)
		}
	}}, change...)...)
}

func logIn(t *testing.T, d *Driver, account, secret string) erpclient.Auth {
	t.Helper()
	s, err := d.Login(t.Context(), erpclient.Credentials{Account: account, Secret: d.Secret(secret)})
	if err != nil {
		t.Fatal(err)
	}
	return erpclient.Auth{Session: s}
}

// systems are the ways in which the stand-in can be.
var systems = map[string]sandbox.PSIOptions{
	"plain": {Lookup: true}, "header": {Header: "X-Api-Key", Lookup: true}, "numbers as texts": {NumbersText: true, Lookup: true},
}

func TestSandboxGoods(t *testing.T) {
	for name, opts := range systems {
		t.Run(name, func(t *testing.T) {
			system, d := newSandbox(t, opts)
			a := logIn(t, d, "stock", system.APIKey())
			for _, want := range system.Products() {
				got, err := d.ProductByBarcode(t.Context(), a, want.Barcode)
				if err != nil || got.ID != want.ID || got.Name != want.Name || string(got.Price) != want.Price || string(got.Quantity) != system.Stock(want.ID, "") {
					t.Errorf("%s: got %+v, %v, want %+v", want.Barcode, got, err, want)
				}
			}
			_, err := d.ProductByBarcode(t.Context(), a, "2100000080011")
			wantKind(t, err, erpclient.KindNotFound)
			places, err := d.Warehouses(t.Context(), a)
			if err != nil || len(places) != 3 || places[0].ID != system.Warehouses()[0].ID {
				t.Errorf("warehouses %+v, %v", places, err)
			}
			page, err := d.Stock(t.Context(), a, erpclient.StockQuery{Page: 2, PageSize: 30})
			if err != nil || len(page.Items) != 6 || *page.Total != 36 || page.Items[0].Minimum == "" {
				t.Errorf("stock %+v, %v", page, err)
			}
			there, err := d.Stock(t.Context(), a, erpclient.StockQuery{WarehouseID: "62", Keyword: "头灯"})
			if err != nil || len(there.Items) != 1 || string(there.Items[0].Quantity) != system.Stock(there.Items[0].ID, "62") {
				t.Errorf("in one warehouse: %+v, %v", there, err)
			}
			if err := d.Probe(t.Context(), a.Session); err != nil {
				t.Error(err)
			}
			if err := d.Probe(t.Context(), erpclient.Session{}); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestSandboxRecords(t *testing.T) {
	for name, opts := range systems {
		t.Run(name, func(t *testing.T) {
			system, d := newSandbox(t, opts)
			a := logIn(t, d, "stock", system.APIKey())
			got, err := d.RecordStock(t.Context(), a, goodsIn)
			if err != nil || got.Balance == nil || string(*got.Balance) != system.Stock("8001", "61") {
				t.Fatalf("got %+v, %v", got, err)
			}
			if rec := system.Records()[0]; rec.ID != got.ID || rec.Reference != "REF1" || rec.IdempotencyKey != "REF1" || rec.Operator != "吴仓管" {
				t.Errorf("written %+v", rec)
			}
			found, err := d.StockRecord(t.Context(), a, "REF1")
			if err != nil || found.ID != got.ID || found.Quantity != "1.50" {
				t.Errorf("found %+v, %v", found, err)
			}
			_, err = d.StockRecord(t.Context(), a, "REF2")
			wantKind(t, err, erpclient.KindNotFound)
			short := goodsIn
			short.Direction, short.Quantity = erpclient.StockOut, "1000000"
			_, err = d.RecordStock(t.Context(), a, short)
			wantKind(t, err, erpclient.KindConflict)
			if n := len(system.Records()); n != 1 {
				t.Errorf("%d records", n)
			}
		})
	}
}

func TestSandboxPersons(t *testing.T) {
	system, d := newSandbox(t, sandbox.PSIOptions{}, withLogin)
	who := system.Users()[0]
	a := logIn(t, d, who.User, who.Password)
	if places, err := d.Warehouses(t.Context(), a); err != nil || len(places) != 3 {
		t.Errorf("%+v, %v", places, err)
	}
	_, err := d.Login(t.Context(), erpclient.Credentials{Account: who.User, Secret: "wrong"})
	wantKind(t, err, erpclient.KindBadCredentials)
	system.ExpireTokens()
	_, err = d.RecordStock(t.Context(), a, goodsIn)
	wantKind(t, err, erpclient.KindSessionExpired)
}

func TestSandboxFaults(t *testing.T) {
	for kind, want := range map[string]erpclient.Kind{
		"status": erpclient.KindUnavailable, "html": erpclient.KindBadAnswer, "broken_json": erpclient.KindBadAnswer, "huge": erpclient.KindBadAnswer,
		"reset": erpclient.KindUnavailable, "lost": erpclient.KindUnavailable,
	} {
		t.Run(kind, func(t *testing.T) {
			system, d := newSandbox(t, sandbox.PSIOptions{Lookup: true})
			a := logIn(t, d, "stock", system.APIKey())
			system.SetFaults(sandbox.Fault{Kind: kind, Match: "record record"})
			_, err := d.RecordStock(t.Context(), a, goodsIn)
			if e := failure(t, err, want); e.Unsent || strings.Contains(e.Error(), system.APIKey()) {
				t.Errorf("%+v", e)
			}
			_, err = d.StockRecord(t.Context(), a, "REF1")
			if written := len(system.Records()) == 1; written != (err == nil) || err != nil && erpclient.KindOf(err) != erpclient.KindNotFound {
				t.Errorf("%d records, and the lookup says %v", len(system.Records()), err)
			}
		})
	}
	system, d := newSandbox(t, sandbox.PSIOptions{})
	a := logIn(t, d, "stock", system.APIKey())
	quiet := *d
	quiet.onDrift = nil
	system.SetFaults(sandbox.Fault{Kind: "wrong_shape"})
	_, err := quiet.Warehouses(t.Context(), a)
	wantKind(t, err, erpclient.KindBadAnswer)
}
