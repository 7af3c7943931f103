// Package contract is what every ERP driver has to keep, whatever ERP it speaks to: one suite that each driver's tests run
// against their own stand-in for the ERP. It asks the driver itself, without an erpclient.Client around it, and skips what
// the driver is not able to do, saying so.
//
// It only sees what a driver says. That the ERP was asked once, or that no secret is in a log, is for the driver's own
// tests to show.
package contract

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"slices"
	"testing"
	"time"

	"snowgate/erpclient"
)

// Setup is a driver with an ERP behind it, and what is known to be there. What is left empty is not tried; the suite says
// so. The ERP is written to: give each run one of its own.
type Setup struct {
	Driver erpclient.Driver

	// Account and Password log in; WrongPassword does not. Without a WrongPassword, logins are not refused: an ERP whose
	// key is only looked at with the first question.
	Account, Password, WrongPassword string
	// Scope narrows every question, where the service account asks for a customer.
	Scope erpclient.Scope

	// OrderID is an order that Keyword finds. StrangerOrderID is one that the caller must not see.
	OrderID, Keyword, StrangerOrderID string
	// MaterialID is a line of OrderID's; ShippedOrderID has deliveries.
	MaterialID, ShippedOrderID string
	// InviteCode is InviteCustomerID's.
	InviteCode, InviteCustomerID string

	// ProductID has Barcode, which finds it in the stock list as well, and is kept in WarehouseID.
	ProductID, Barcode, WarehouseID string
	// Overdraws says that the ERP lets more leave than there is.
	Overdraws bool
	// CustomerID is whose order is made, of ProductID.
	CustomerID string

	// ApproveID and RejectID wait for approval.
	ApproveID, RejectID string
	// SalesFrom and SalesTo are days between which, both included, something was sold.
	SalesFrom, SalesTo erpclient.Day

	// UnknownID is an id that nothing has; default 999999999.
	UnknownID string
	// UnknownBarcode is a bar code that nothing has; default 0000000000000.
	UnknownBarcode string

	// ForgetSessions makes the ERP lose every session. Nil: there are none to lose.
	ForgetSessions func()
	// Stop makes the ERP unreachable, so that no connection to it can be made. It comes last.
	Stop func()
}

// patience is how long one question may take; a stand-in on a busy machine needs far less.
const patience = 30 * time.Second

// suite is a Setup at work, with the session that it has at the moment.
type suite struct {
	Setup
	capabilities []string
	session      erpclient.Session
}

// part is what is tried, in order, and the capability without which it is not.
type part struct {
	name, needs string
	try         func(*suite, *testing.T)
}

var parts = []part{
	{"login", "", (*suite).login},
	{"wrong password", "", (*suite).wrongPassword},
	{"orders", erpclient.CapabilityOrders, (*suite).orders},
	{"materials", erpclient.CapabilityMaterials, (*suite).materials},
	{"progress", erpclient.CapabilityProgress, (*suite).progress},
	{"deliveries", erpclient.CapabilityDeliveries, (*suite).deliveries},
	{"invites", erpclient.CapabilityInvites, (*suite).invites},
	{"products", erpclient.CapabilityStock, (*suite).products},
	{"stock", erpclient.CapabilityStock, (*suite).stock},
	{"warehouses", erpclient.CapabilityWarehouses, (*suite).warehouses},
	{"stock records", erpclient.CapabilityStockWrite, (*suite).records},
	{"new orders", erpclient.CapabilityOrderWrite, (*suite).newOrders},
	{"sales", erpclient.CapabilitySales, (*suite).sales},
	{"approvals", erpclient.CapabilityApprovals, (*suite).approvals},
	{"decisions", erpclient.CapabilityApprovalDecisions, (*suite).decisions},
	{"a lost session", "", (*suite).lostSession},
	{"an ERP that is gone", "", (*suite).gone},
}

// Run tries the driver. The parts depend on their order, so it must not be run with only some of them selected away.
func Run(t *testing.T, s Setup) {
	t.Helper()
	if s.UnknownID == "" {
		s.UnknownID = "999999999"
	}
	if s.UnknownBarcode == "" {
		s.UnknownBarcode = "0000000000000"
	}
	all := &suite{Setup: s, capabilities: erpclient.Capabilities(s.Driver)}
	for _, p := range parts {
		t.Run(p.name, func(t *testing.T) {
			if !all.can(p.needs) {
				t.Skipf("the driver has no %s", p.needs)
			}
			p.try(all, t)
		})
	}
}

func (s *suite) can(capability string) bool {
	return capability == "" || slices.Contains(s.capabilities, capability)
}

// known skips a part about which nothing is known.
func known(t *testing.T, what string, values ...string) {
	t.Helper()
	if slices.Contains(values, "") {
		t.Skipf("the setup names no %s", what)
	}
}

// auth is what the driver needs to ask, with a session that it has made before or makes now.
func (s *suite) auth(t *testing.T) erpclient.Auth {
	t.Helper()
	if s.session.Token == "" {
		s.session = s.logIn(t)
	}
	return erpclient.Auth{Session: s.session, Scope: s.Scope}
}

func (s *suite) logIn(t *testing.T) erpclient.Session {
	t.Helper()
	session, err := s.Driver.Login(limited(t), s.credentials(s.Password))
	if err != nil {
		t.Fatalf("login: %v", err)
	}
	return session
}

func (s *suite) credentials(password string) erpclient.Credentials {
	return erpclient.Credentials{Account: s.Account, Secret: s.Driver.Secret(password)}
}

// limited is one question's context.
func limited(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// reference is one that nobody has used.
func reference() string {
	var raw [10]byte
	_, _ = rand.Read(raw[:]) // fills, or ends the process
	return hex.EncodeToString(raw[:])
}

func wantKind(t *testing.T, what string, err error, want ...erpclient.Kind) {
	t.Helper()
	if err == nil || !slices.Contains(want, erpclient.KindOf(err)) {
		t.Errorf("%s: got error %v of kind %q, want one of %q", what, err, erpclient.KindOf(err), want)
	}
}

// must ends a part whose question fails.
func must[T any](t *testing.T, what string) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		return v
	}
}
