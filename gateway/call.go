package gateway

import (
	"net/url"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
	"go.opentelemetry.io/otel/trace"

	"snowgate/erpclient"
	"snowgate/session"
)

// call is one request on its way through the house: echo's context and what middleware has found out so far.
type call struct {
	echo.Context
	server  *Server
	id      string // X-Request-Id
	session session.Session
	binding session.Binding
	arrival session.Arrival // of a user: what the store said at once, of which session and binding are believed
	service bool            // the caller is another server of ours, by its service key
	console bool            // the caller is the console's page of an admin
	trace   *erpclient.Trace
	span    trace.Span // nil: the call is not recorded
	record  record

	room      *[]byte    // of the answer, to be used again; nil: of its own
	values    url.Values // the query's
	malformed error      // why not all of it could be read
}

// record is what will be told about the call when it is over.
type record struct {
	start time.Time
	logID string
	route string // the template, never the raw path
	// operation: an admin asks, which is no customer's traffic.
	operation bool
	params    map[string]any
	secrets   []string         // names of params that are secrets in this call only
	code      int              // as the envelope says it; 200 for success
	fault     string           // the error's name, "" for success
	cause     error            // for the log only
	source    erpclient.Source // of an answer from the ERP
	response  []byte
	// forgotten: the person asked to be; the call's row does not name them.
	forgotten bool
}

func (s *Server) newCall(ec echo.Context) *call {
	c := &call{Context: ec, server: s, record: record{start: s.cfg.Now(), params: map[string]any{}}}
	c.id = requestID(ec.Request().Header.Values(echo.HeaderXRequestID))
	c.record.logID = newID()
	for _, name := range ec.ParamNames() {
		c.record.params[name] = ec.Param(name)
	}
	if q := ec.Request().URL.RawQuery; q != "" {
		c.values, c.malformed = url.ParseQuery(q)
		c.record.params["query"] = c.values
	}
	ctx, trace := erpclient.WithTrace(erpclient.WithRequestID(ec.Request().Context(), c.id))
	c.trace = trace
	ec.SetRequest(ec.Request().WithContext(ctx))
	return c
}

// identity is on whose behalf the ERP is asked: the binding's, and nothing else's.
func (c *call) identity() erpclient.Identity {
	b := c.binding
	if b.Way == wayInvite { // the service account asks, for this customer only
		return erpclient.Identity{BindingID: b.ID, CustomerID: b.CustomerID}
	}
	return erpclient.Identity{
		Owner: b.OpenID, BindingID: b.ID, Account: b.ERPUsername, CustomerID: b.CustomerID, Proof: b.Proof,
	}
}

// requestID takes the client's id if there is exactly one and it is sane, else makes one.
func requestID(given []string) string {
	if len(given) == 1 && saneRequestID(given[0]) {
		return given[0]
	}
	return newID()
}

// saneRequestID admits what can stand in a header, a log line and a URL without meaning anything there.
func saneRequestID(id string) bool {
	if id == "" || len(id) > 64 {
		return false
	}
	for _, b := range []byte(id) {
		letter, digit := b|0x20 >= 'a' && b|0x20 <= 'z', b >= '0' && b <= '9'
		if !letter && !digit && b != '-' && b != '_' && b != '.' {
			return false
		}
	}
	return true
}

// newID is a UUIDv7: unique across replicas and sorted by time, which keeps the log table's primary key dense.
func newID() string { return uuid.Must(uuid.NewV7()).String() }
