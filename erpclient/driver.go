package erpclient

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// Credentials log an account in. Secret is what Driver.Secret made of the password.
type Credentials struct {
	Account string
	Secret  string `json:"-"` // slog's JSON handler would print it
}

// String hides the secret from every log and error text.
func (c Credentials) String() string { return c.Account + ":***" }

// GoString hides the secret from %#v.
func (c Credentials) GoString() string { return c.String() }

// Proof is a fingerprint of the credentials: enough to tell two secrets of one account apart. It is as confidential as
// the secret: short secrets could be guessed from it.
func (c Credentials) Proof() string {
	sum := sha256.Sum256([]byte(params(c.Account, c.Secret)))
	return hex.EncodeToString(sum[:8])
}

// Session is one login at an ERP. It is JSON-encoded, sealed and shared by all replicas.
type Session struct {
	// Token is the driver's own: cookies, a session key. Only the driver reads it.
	Token string `json:"token"`
	// ExpiresAt is when the session is no longer to be trusted, whatever the ERP would say.
	ExpiresAt time.Time `json:"expiresAt"`
	// Proof is the fingerprint of the secret that made the session; the Client fills it in.
	Proof string `json:"proof"`
	// Profile is what the login told about the account.
	Profile Profile `json:"profile"`
}

// Profile is who an ERP account is. Empty fields are unknown.
type Profile struct {
	CompanyID   string   `json:"companyId,omitempty"`
	CompanyName string   `json:"companyName,omitempty"`
	CustomerID  string   `json:"customerId,omitempty"`
	Permissions []string `json:"permissions,omitempty"`
}

// Scope narrows every read to one customer. The zero value leaves it to the ERP's own permissions.
type Scope struct{ CustomerID string }

// Admits reports whether a record of this customer may be shown. A record that does not say whose it is
// is shown only where nothing narrows.
func (s Scope) Admits(customerID string) bool {
	return s.CustomerID == "" || s.CustomerID == customerID
}

// Auth is what a driver needs to ask on somebody's behalf.
type Auth struct {
	Session Session
	Scope   Scope
}

// Driver speaks one ERP's wire protocol at one origin. It makes exactly one attempt per call, bounded by the context,
// and answers with *Error. It is safe for concurrent use.
//
// What an ERP can do beyond logging in is told by the small interfaces below and beside the types they are about, which a
// driver implements or does not; the Client answers NotSupported for the rest. Where that hangs on the installation, the
// driver is Limited as well.
//
// An operation that changes something at the ERP (RecordStock, CreateOrder, Decide) has to say in its error whether it
// did: Invalid, Conflict, NotFound, Forbidden, NotSupported, BadCredentials, TooManyAttempts, SessionExpired and Busy, and
// whatever is Unsent, mean that nothing of it has happened and nothing will. After everything else the Client takes the
// outcome for unknown; a driver that only guesses one of these kinds, or is stopped half-way through several calls,
// answers OutcomeUnknown itself. A SessionExpired by guess (Otherwise) is checked with Probe before the write is repeated.
type Driver interface {
	// Secret is what the ERP accepts in place of the password, kept (sealed) instead of it.
	Secret(password string) string
	// Login makes a session. It is never repeated by itself: ERPs lock accounts.
	Login(ctx context.Context, c Credentials) (Session, error)
	// Probe asks something cheap that shows the ERP answers. Session may be the zero value: then nothing that
	// needs a login may be asked.
	Probe(ctx context.Context, s Session) error
}

// OrderReader reads sales orders. A record outside the scope is NotFound, by id as well as in lists.
type OrderReader interface {
	SearchOrders(ctx context.Context, a Auth, q OrderQuery) (OrderPage, error)
	Order(ctx context.Context, a Auth, id string) (Order, error)
}

// DeliveryReader reads what was shipped for an order.
type DeliveryReader interface {
	Deliveries(ctx context.Context, a Auth, o Order) ([]Delivery, error)
}

// MaterialReader reads an order's lines. The Client has the order itself checked beside it, so that a driver whose
// lines do not say whose they are need not ask again.
type MaterialReader interface {
	Materials(ctx context.Context, a Auth, orderID string) ([]Material, error)
	Material(ctx context.Context, a Auth, id string) (Material, error)
}

// ProgressReader tells the stages of a material's production from more than the material itself.
// Without it the Client derives them from the quantities.
type ProgressReader interface {
	Stages(ctx context.Context, a Auth, m Material) ([]ProgressStage, error)
}

// InviteReader finds the customer who owns an invite code. The returned field must equal the code exactly: a search
// that is lenient would bind a stranger. NotFound covers unknown and disabled customers.
type InviteReader interface {
	CustomerByInvite(ctx context.Context, a Auth, code string) (Customer, error)
}
