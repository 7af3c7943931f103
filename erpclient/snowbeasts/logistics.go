package snowbeasts

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"snowgate/erpclient"
)

const (
	namesLife    = 5 * time.Minute // base data hardly ever changes
	namesTimeout = 5 * time.Second // for the one who asks on everybody's behalf
	// namesPatience is how long an answer that is otherwise complete waits for the names.
	namesPatience = 500 * time.Millisecond
	namesPage     = 1000 // as many as the known client asks for at once
)

// companyNames keeps the names of the logistics companies by id. They are the same for every account, so one answer
// serves all sessions, and an old answer serves until there is a newer one. Safe for concurrent use.
type companyNames struct {
	now    func() time.Time
	flight singleflight.Group

	mu    sync.Mutex
	names map[string]string
	until time.Time
}

func newCompanyNames(now func() time.Time) *companyNames { return &companyNames{now: now} }

func (c *companyNames) known() (names map[string]string, fresh bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.names, c.now().Before(c.until)
}

func (c *companyNames) keep(names map[string]string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.names, c.until = names, c.now().Add(namesLife)
}

// ask starts fetching the names where they are missing or old and returns at once; the result waits for them, but
// never long and never with an error. The map must not be changed.
func (c *companyNames) ask(ctx context.Context, fetch func(context.Context) (map[string]string, error)) func(context.Context) map[string]string {
	names, fresh := c.known()
	if fresh {
		return func(context.Context) map[string]string { return names }
	}
	done := c.flight.DoChan("", func() (any, error) {
		// Detached: whoever asked first must not take the names away from the others when it leaves.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), namesTimeout)
		defer cancel()
		names, err := fetch(ctx)
		if err == nil {
			c.keep(names)
		}
		return nil, err
	})
	return func(ctx context.Context) map[string]string {
		await(ctx, done)
		names, _ := c.known()
		return names
	}
}

// await returns when the flight ends or patience does: half of what is left of the deadline at most, so that the
// answer still arrives in time.
func await(ctx context.Context, done <-chan singleflight.Result) {
	patience := namesPatience
	if deadline, ok := ctx.Deadline(); ok {
		patience = min(patience, time.Until(deadline)/2)
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// datasourceRequest is the body of getDatasource.
type datasourceRequest struct {
	listRequest
	DatasourceID any  `json:"datasourceId"`
	ColID        any  `json:"colId"`
	IsNonfilter  bool `json:"isNonfilter"`
}

// companies asks the ERP for all logistics companies.
func (d *Driver) companies(s erpclient.Session) func(context.Context) (map[string]string, error) {
	return func(ctx context.Context) (map[string]string, error) {
		req := datasourceRequest{d.listRequest(d.forms.companies), d.forms.datasourceID, d.forms.colID, true}
		req.PageSize = namesPage
		q := question{op: opLogistics, form: d.forms.companies, otherwise: erpclient.KindBadAnswer}
		p, err := d.listFrom(ctx, s, q, "getDatasource", req)
		if err != nil {
			return nil, err
		}
		names := map[string]string{}
		_, err = readRows(d, p, func(r row) (struct{}, verdict) {
			if !r.has("id") {
				return struct{}{}, broken
			}
			names[r.id("id")] = r.text("name")
			return struct{}{}, keep
		})
		return names, err
	}
}
