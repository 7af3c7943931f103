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
}

var saveBindings = statement{
	op: "save bindings",
	insert: `INSERT INTO erp_bindings
		(binding_id, session_id, erp_username, company_id, company_name, bound_at, is_valid)
		VALUES (:binding_id, :session_id, :erp_username, NULLIF(:company_id, ''), NULLIF(:company_name, ''),
		 :bound_at, :is_valid)`,
	conflict: map[Dialect]string{
		MySQL:  `ON DUPLICATE KEY UPDATE is_valid = VALUES(is_valid)`,
		SQLite: `ON CONFLICT (binding_id) DO UPDATE SET is_valid = excluded.is_valid`,
	},
}

// SaveBindings writes binding states in the order given: the last state of a binding wins in is_valid, also within
// one batch; the rest stays as first written. A batch may be repeated. Errors wrap ErrRefused or ErrUnavailable.
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
