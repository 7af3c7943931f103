package tryton

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"

	"snowgate/erpclient"
	"snowgate/erpclient/erphttp"
)

// caller asks on one session's behalf, for one operation. Its calls may be made side by side.
type caller struct {
	driver *Driver
	token  token
	op     string
	drift  *driftLog
}

func (d *Driver) newCaller(t token, op string) *caller {
	return &caller{driver: d, token: t, op: op, drift: d.drift(op)}
}

// on begins an operation: whose session it is, and now and then whether they are still who they were.
func (d *Driver) on(ctx context.Context, s erpclient.Session, op string) (*caller, error) {
	t, err := tokenOf(s, op)
	if err != nil {
		return nil, err
	}
	c := d.newCaller(t, op)
	if d.standing.settled(t) {
		return c, nil
	}
	return c, c.checkStanding(ctx)
}

// english has Tryton refuse in words that can be told apart. Only what changes something needs that: what is searched for
// is named in the user's own language.
const english = "en"

// search asks for something that changes nothing. A refusal can only be about rights: what rules hide is just not found.
func (c *caller) search(ctx context.Context, method string, params ...any) (json.RawMessage, error) {
	result, err := c.call(ctx, method, params)
	return result, refusedAs(err, func(string) erpclient.Kind { return erpclient.KindForbidden })
}

// change asks for something that may change something, or that refuses for other reasons than rights.
func (c *caller) change(ctx context.Context, method string, params ...any) (json.RawMessage, error) {
	last := len(params) - 1
	params[last] = with(params[last].(map[string]any), "language", english)
	result, err := c.call(ctx, method, params)
	return result, refusedAs(err, refusalKind)
}

func (c *caller) call(ctx context.Context, method string, params []any) (json.RawMessage, error) {
	return c.driver.post(ctx, c.op, c.driver.path, map[string]string{"Authorization": c.token.header()}, message{Method: method, Params: params})
}

// context goes with every call: which company's records, and which language names are in.
func (c *caller) context() map[string]any {
	all := map[string]any{}
	if c.token.Company != 0 {
		all["company"] = c.token.Company
	}
	if c.token.Language != "" {
		all["language"] = c.token.Language
	}
	return all
}

// with is the context with one thing more.
func with(all map[string]any, key string, v any) map[string]any {
	more := maps.Clone(all)
	more[key] = v
	return more
}

// post makes one call and returns what it answered with, a result only.
func (d *Driver) post(ctx context.Context, op, path string, header map[string]string, m message) (json.RawMessage, error) {
	m.ID = 1
	got, err := d.http.Do(ctx, op, erphttp.Request{Method: http.MethodPost, Path: path, Header: header, Body: m})
	if err != nil {
		return nil, err
	}
	if got.Status != http.StatusOK {
		return nil, statusError(op, got)
	}
	var e envelope
	if json.Unmarshal(got.Body, &e) != nil || len(e.Result) == 0 && len(e.Error) == 0 {
		return nil, erpclient.Errorf(op, erpclient.KindBadAnswer, "the answer has neither a result nor an error")
	}
	if len(e.Error) > 0 {
		return nil, failure(op, e.Error)
	}
	return e.Result, nil
}
