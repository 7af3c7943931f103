package psi

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"snowgate/erpclient/erphttp"
	"snowgate/erpclient/erptest/contract"
	"snowgate/sandbox"
)

func contractSetup(t *testing.T, opts sandbox.PSIOptions, change func(*sandbox.PSI, *Config)) (*sandbox.PSI, contract.Setup) {
	t.Helper()
	system := sandbox.NewPSI(opts)
	srv := httptest.NewServer(system)
	t.Cleanup(srv.Close)
	t.Cleanup(func() { _ = system.Close() })
	transport := &http.Transport{}
	client, err := erphttp.New(erphttp.Config{Origin: srv.URL, Transport: transport})
	if err != nil {
		t.Fatal(err)
	}
	d := newDriver(t, srv.URL, func(c *Config) { c.HTTP, c.Header = client, opts.Header; change(system, c) })
	article := system.Products()[0]
	return system, contract.Setup{
		Driver: d, Account: "stock", Password: system.APIKey(), WrongPassword: "wrong",
		ProductID: article.ID, Barcode: article.Barcode, WarehouseID: system.Warehouses()[0].ID,
		Stop: func() { srv.Close(); transport.CloseIdleConnections() },
	}
}

func TestTheContractWithAKey(t *testing.T) {
	for name, opts := range systems {
		t.Run(name, func(t *testing.T) {
			system, s := contractSetup(t, opts, func(system *sandbox.PSI, c *Config) { c.APIKey = system.APIKey(); withLookup(c) })
			contract.Run(t, s)
			if n := len(system.Records()); n != 2 {
				t.Errorf("%d records, want one in and one out", n)
			}
		})
	}
}

func TestTheContractWithLogins(t *testing.T) {
	system, s := contractSetup(t, sandbox.PSIOptions{Idempotent: true}, func(_ *sandbox.PSI, c *Config) { withLogin(c) })
	who := system.Users()[0]
	s.Account, s.Password, s.ForgetSessions = who.User, who.Password, system.ExpireTokens
	contract.Run(t, s)
}
