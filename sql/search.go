package sql

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

const (
	defaultPage = 50
	maxPage     = 1000
	// maxOffset bounds how many index entries a page may skip: some 50 ms of walking.
	maxOffset = 100_000
)

// CallFilter says which calls to find. Every zero field asks for nothing; those given must all hold.
type CallFilter struct {
	From, To  time.Time // From <= called_at < To
	Route     string    // route template
	OpenID    string    // pseudonym
	SessionID string    // hash of the token
	RequestID string
	Status    *int // the envelope's code; nil for any, for 0 is a success
	Before    CallPoint
	Page      int // from 1, counted from Before; 1
	PageSize  int // at most 1000; 50
}

// CallPoint is a call's place in the order of time.
type CallPoint struct {
	CalledAt time.Time
	LogID    string
}

// Point is where the row stands. As the next search's Before it gives what follows, however deep, at the cost of a
// first page.
func (r CallRow) Point() CallPoint { return CallPoint{CalledAt: r.CalledAt, LogID: r.LogID} }

// FindCalls returns one page of the calls that pass the filter, newest first (called_at, then log_id), and whether
// there are more behind it. The page is found in an index alone; only its own rows are read. Errors wrap ErrTooDeep or
// ErrUnavailable.
func (db *DB) FindCalls(ctx context.Context, f CallFilter) (rows []CallRow, more bool, err error) {
	size, skip, err := window("find calls", f.Page, f.PageSize)
	if err != nil {
		return nil, false, err
	}
	var ids []string
	query, args := f.query(db)
	if err := db.pool.SelectContext(ctx, &ids, query, append(args, size+1, skip)...); err != nil {
		return nil, false, explain("find calls", err)
	}
	if more = len(ids) > size; more {
		ids = ids[:size]
	}
	rows, err = db.callsByID(ctx, ids)
	return rows, more, explain("find calls", err)
}

// Call returns one call, and false when there is none of that id. The error wraps ErrUnavailable.
func (db *DB) Call(ctx context.Context, logID string) (row CallRow, found bool, err error) {
	rows, err := db.callsByID(ctx, []string{logID})
	if err != nil || len(rows) == 0 {
		return CallRow{}, false, explain("call", err)
	}
	return rows[0], true, nil
}

// window is how many rows a page has and how many it skips.
func window(op string, page, pageSize int) (size, skip int, err error) {
	if size = pageSize; size <= 0 {
		size = defaultPage
	}
	size = min(size, maxPage)
	page = max(page, 1)
	if page > 1+maxOffset/size {
		return 0, 0, fmt.Errorf("sql: %s: %w", op, ErrTooDeep)
	}
	return size, (page - 1) * size, nil
}

// query finds the ids of a page. The index is named: left to its statistics a server now and then walks millions of
// entries by time in search of one rare status.
func (f CallFilter) query(db *DB) (string, []any) {
	c := f.conditions()
	return `SELECT log_id FROM api_call_logs ` + db.by("api_call_logs", f.index()) + c.where() +
		` ORDER BY called_at DESC, log_id DESC LIMIT ? OFFSET ?`, c.args
}

func (f CallFilter) conditions() (c conditions) {
	c.equal("request_id", f.RequestID)
	c.equal("session_id", f.SessionID)
	c.equal("openid", f.OpenID)
	c.equal("api_endpoint", f.Route)
	if f.Status != nil {
		c.add("response_status = ?", *f.Status)
	}
	c.between("called_at", f.From, f.To)
	if before := f.Before; before.LogID != "" {
		at := stamp(before.CalledAt)
		c.add("called_at <= ? AND (called_at < ? OR log_id < ?)", at, at, before.LogID)
	}
	return c
}

// index is the one that leaves the fewest entries to look at.
func (f CallFilter) index() string {
	switch {
	case f.RequestID != "":
		return "idx_request_called"
	case f.SessionID != "":
		return "idx_session_called"
	case f.OpenID != "":
		return "idx_openid_called"
	case f.Route != "" && f.Status != nil:
		return "idx_endpoint_status_called"
	case f.Route != "":
		return "idx_endpoint_called"
	case f.Status != nil:
		return "idx_status_called"
	default:
		return "idx_called_at"
	}
}

// by makes a SELECT on a table use one index and no other.
func (db *DB) by(table, index string) string {
	if db.dialect == SQLite {
		return "INDEXED BY " + table + "_" + index
	}
	return "FORCE INDEX (" + index + ")"
}

// callsByID reads rows in the order of the ids; those gone in the meantime are left out.
func (db *DB) callsByID(ctx context.Context, ids []string) ([]CallRow, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	query, args, err := sqlx.In(`SELECT `+callColumns+` FROM api_call_logs WHERE log_id IN (?)`, ids)
	if err != nil {
		return nil, err
	}
	var found []CallRow
	if err := db.pool.SelectContext(ctx, &found, query, args...); err != nil {
		return nil, err
	}
	return inOrder(ids, found, func(r CallRow) string { return r.LogID }), nil
}

// inOrder puts rows in the order of their keys; a key without a row is left out.
func inOrder[R any](keys []string, found []R, key func(R) string) []R {
	byKey := make(map[string]R, len(found))
	for _, row := range found {
		byKey[key(row)] = row
	}
	rows := make([]R, 0, len(found))
	for _, k := range keys {
		if row, ok := byKey[k]; ok {
			rows = append(rows, row)
		}
	}
	return rows
}
