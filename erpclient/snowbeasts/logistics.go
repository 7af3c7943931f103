package snowbeasts

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"snowgate/erpclient"
)

const (
	namesLife    = 5 * time.Minute // base data hardly ever changes
	namesAhead   = time.Minute     // so long before its end a new answer is fetched, while the old one serves on
	namesTimeout = 5 * time.Second // for the one who asks on everybody's behalf
	// namesPatience is how long an answer that is otherwise complete waits for the names.
	namesPatience = 500 * time.Millisecond
	namesPage     = 1000 // as many as the known client asks for at once
)

// SharedCache shares base data between replicas. A failing cache only costs calls.
type SharedCache interface {
	// Load returns what is kept under key; ok is false when there is nothing.
	Load(ctx context.Context, key string) (value []byte, ok bool, err error)
	Save(ctx context.Context, key string, value []byte, ttl time.Duration) error
}

// companyNames keeps the names of the logistics companies by id. They are the same for every account, so one answer
// serves all sessions and, through the shared cache, all replicas; an old answer serves until there is a newer one. Safe
// for concurrent use.
type companyNames struct {
	shared SharedCache // may be nil
	key    string
	now    func() time.Time
	flight singleflight.Group

	mu   sync.Mutex
	kept sharedNames
}

// sharedNames is an answer as replicas share it.
type sharedNames struct {
	Names map[string]string `json:"names"`
	Until time.Time         `json:"until"`
}

func newCompanyNames(shared SharedCache, key string, now func() time.Time) *companyNames {
	return &companyNames{shared: shared, key: key, now: now}
}

func (c *companyNames) known() sharedNames {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.kept
}

func (c *companyNames) keep(n sharedNames) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept = n
}

// fetchFunc asks the ERP for the names.
type fetchFunc func(context.Context) (map[string]string, error)

// ask starts fetching the names where they are missing or about to be old and returns at once; the result waits for
// them where there is nothing to use meanwhile, but never long and never with an error. The map must not be changed.
func (c *companyNames) ask(ctx context.Context, fetch fetchFunc) func(context.Context) map[string]string {
	known := c.known()
	left := known.Until.Sub(c.now())
	if left > namesAhead {
		return func(context.Context) map[string]string { return known.Names }
	}
	done := c.flight.DoChan("", func() (any, error) {
		// Detached: whoever asked first must not take the names away from the others when it leaves.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), namesTimeout)
		defer cancel()
		return nil, c.refresh(ctx, fetch)
	})
	if left > 0 {
		return func(context.Context) map[string]string { return known.Names }
	}
	return func(ctx context.Context) map[string]string {
		await(ctx, done)
		return c.known().Names
	}
}

// refresh takes what another replica has fetched, else asks the ERP and shares the answer.
func (c *companyNames) refresh(ctx context.Context, fetch fetchFunc) error {
	if n, ok := c.load(ctx); ok {
		c.keep(n)
		return nil
	}
	names, err := fetch(ctx)
	if err != nil {
		return err
	}
	n := sharedNames{names, c.now().Add(namesLife)}
	c.keep(n)
	return c.save(ctx, n)
}

func (c *companyNames) load(ctx context.Context) (n sharedNames, ok bool) {
	if c.shared == nil {
		return n, false
	}
	value, ok, err := c.shared.Load(ctx, c.key)
	if err != nil || !ok || json.Unmarshal(value, &n) != nil {
		return n, false
	}
	return n, n.Until.Sub(c.now()) > namesAhead
}

func (c *companyNames) save(ctx context.Context, n sharedNames) error {
	if c.shared == nil {
		return nil
	}
	value, err := json.Marshal(n)
	if err != nil {
		return err
	}
	return c.shared.Save(ctx, c.key, value, namesLife)
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
