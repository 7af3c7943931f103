package main

import (
	"github.com/prometheus/client_golang/prometheus"

	"snowgate/cmd/snowgate/config"
	"snowgate/erpclient"
	"snowgate/erpclient/erphttp"
	"snowgate/erpclient/psi"
	"snowgate/erpclient/snowbeasts"
	"snowgate/erpclient/tryton"
	"snowgate/session"
)

// newERPClient speaks to the main ERP: it says who a customer is, and knows their orders.
func (h *house) newERPClient(cfg *config.Config, store *session.Store, contract *erpclient.Contract, registry prometheus.Registerer) (*erpclient.Client, error) {
	primary, err := h.newDriver(cfg, "primary", cfg.ERP.Origin, erpSessions{store}, contract, registry)
	if err != nil {
		return nil, err
	}
	var standby erpclient.Driver
	if cfg.ERP.StandbyOrigin != "" {
		if standby, err = h.newDriver(cfg, "standby", cfg.ERP.StandbyOrigin, erpSessions{store}, contract, registry); err != nil {
			return nil, err
		}
	}
	settings := h.erpSettings(cfg, store, contract, registry)
	settings.OnAttempt = h.watch.attempts(erpParts)
	settings.Keyring = keyring{store, h.log, h.audit.Binding}
	account, password := cfg.ERP.Service()
	settings.Service = erpclient.Credentials{Account: account, Secret: primary.Secret(string(password))}
	client := erpclient.New(settings, primary, standby)
	h.roles = append(h.roles, client.Run)
	return client, nil
}

// stockAccount is what the one account of a second system for stock is called: the system knows a key, and no name.
const stockAccount = "stock"

// newStockClient speaks to whatever keeps the stock: the ERP itself, unless there is a second system. That one has
// channels, breakers and slots of its own, so that its failures are not the orders'.
func (h *house) newStockClient(cfg *config.Config, erp *erpclient.Client, store *session.Store, contract *erpclient.Contract, registry prometheus.Registerer) (*erpclient.Client, error) {
	if cfg.Stock.Driver == "" {
		return erp, nil
	}
	http, err := h.newHTTP(cfg, stockAccount, "primary", cfg.Stock.Origin, registry)
	if err != nil {
		return nil, err
	}
	driver, err := newPSI(http, cfg.Stock.PSI, cfg.Stock.APIKey, contract)
	if err != nil {
		return nil, err
	}
	settings := h.erpSettings(cfg, store, contract, registry)
	settings.Name, settings.ServiceOnly = stockAccount, true
	settings.OnAttempt = h.watch.attempts(stockParts)
	settings.Service = erpclient.Credentials{Account: stockAccount, Secret: driver.Secret(string(cfg.Stock.APIKey))}
	client := erpclient.New(settings, driver, nil)
	h.roles = append(h.roles, client.Run)
	return client, nil
}

// erpSettings are what the systems have in common.
func (h *house) erpSettings(cfg *config.Config, store *session.Store, contract *erpclient.Contract, registry prometheus.Registerer) erpclient.Config {
	retries := cfg.ERP.MaxRetries
	if retries == 0 {
		retries = -1 // in erpclient 0 is "the default"
	}
	return erpclient.Config{
		Timeout: cfg.ERP.Timeout, WriteTimeout: cfg.ERP.WriteTimeout, MaxRetries: retries, MaxInFlight: cfg.ERP.MaxInFlight,
		Sessions: erpSessions{store}, Answers: lastAnswers{store}, Contract: contract, Logger: h.log, Metrics: registry, Zone: cfg.ERP.Timezone,
		Tracer: h.tracing.Inside(),
	}
}

// newDriver speaks the ERP's language at one origin.
func (h *house) newDriver(cfg *config.Config, channel, origin string, shared snowbeasts.SharedCache, contract *erpclient.Contract, registry prometheus.Registerer) (erpclient.Driver, error) {
	http, err := h.newHTTP(cfg, erpclient.MainSystem, channel, origin, registry)
	if err != nil {
		return nil, err
	}
	switch cfg.ERP.Driver {
	case "psi":
		return newPSI(http, cfg.ERP.PSI.Wire, cfg.ERP.PSI.APIKey, contract)
	case "tryton":
		return newTryton(http, cfg, contract)
	}
	return snowbeasts.New(snowbeasts.Config{
		HTTP: http, AppID: cfg.ERP.Snowbeasts.AppID, PasswordDigest: cfg.ERP.Snowbeasts.PasswordDigest,
		SessionLife: cfg.ERP.Snowbeasts.SessionLife, Zone: cfg.ERP.Timezone, Forms: cfg.ERP.Snowbeasts.Forms,
		Shared: shared, OnDrift: contract.Report,
	})
}

func newTryton(http *erphttp.Client, cfg *config.Config, contract *erpclient.Contract) (erpclient.Driver, error) {
	t := cfg.ERP.Tryton
	return tryton.New(tryton.Config{
		HTTP: http, Database: t.Database, CustomerGroups: t.CustomerGroups, SalesWarehouse: t.SalesWarehouse, Without: t.Without,
		Zone: cfg.ERP.Timezone, OnDrift: contract.Report,
	})
}

func newPSI(http *erphttp.Client, wire config.PSIWire, key config.Secret, contract *erpclient.Contract) (erpclient.Driver, error) {
	return psi.New(psi.Config{
		HTTP: http, APIKey: string(key), Header: wire.Header, LoginPath: wire.LoginPath, LookupPath: wire.LookupPath, OnDrift: contract.Report,
	})
}

func (h *house) newHTTP(cfg *config.Config, system, channel, origin string, registry prometheus.Registerer) (*erphttp.Client, error) {
	return erphttp.New(erphttp.Config{
		Origin: origin, System: system, Channel: channel, MaxInFlight: cfg.ERP.MaxInFlight, Logger: h.log, Metrics: registry,
		Propagator: h.tracing.Propagator(),
	})
}
