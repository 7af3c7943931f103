package sql

import (
	"context"
	"time"
)

// BindingRow is the state of one row of erp_bindings after a change.
type BindingRow struct {
	BindingID   string    `db:"binding_id"`
	SessionID   string    `db:"session_id"` // hash of the token of the session that bound
	ERPUsername string    `db:"erp_username"`
	CompanyID   string    `db:"company_id"`   // optional
	CompanyName string    `db:"company_name"` // optional
	BoundAt     time.Time `db:"bound_at"`     // now if zero
	IsValid     bool      `db:"is_valid"`
	UpdatedAt   time.Time `db:"-"` // when the state changed; zero: unknown, taken as newest
}

var saveBindings = statement[BindingRow]{
	op: "save bindings", table: "erp_bindings",
	columns: []string{"binding_id", "session_id", "erp_username", "company_id", "company_name", "bound_at", "is_valid", "updated_at"},
	values: func(r *BindingRow) []any {
		return []any{r.BindingID, r.SessionID, r.ERPUsername, textOrNull(r.CompanyID), textOrNull(r.CompanyName), r.BoundAt,
			r.IsValid, timeOrNull(r.UpdatedAt)}
	},
	merge: []string{
		fill("session_id"), // a binding the ERP rejected ends without a session
		touch(supersedes("is_valid")),
		end("is_valid"),
	},
}

// SaveBindings merges binding states. A binding that ended stays ended, whatever comes and in whatever order; apart
// from is_valid and updated_at a row stays as first known. A batch may be repeated. Errors wrap ErrRefused or
// ErrUnavailable.
func (db *DB) SaveBindings(ctx context.Context, rows []BindingRow) error {
	return write(ctx, db, saveBindings, rows, (*BindingRow).fit)
}

func (r *BindingRow) fit() error {
	r.SessionID = varchar(r.SessionID, 64)
	r.ERPUsername = varchar(r.ERPUsername, 100)
	r.CompanyID = varchar(r.CompanyID, 50)
	r.CompanyName = varchar(r.CompanyName, 200)
	r.BoundAt = stamp(r.BoundAt)
	return key("binding_id", r.BindingID)
}
