package sql

import (
	"cmp"
	"context"
	stdsql "database/sql"
	"time"
)

// WriteRow is the state of one row of erp_writes after a change: what the gateway meant to write into the ERP, and what
// came of it. Empty optional texts become NULL and come back empty.
type WriteRow struct {
	KeyHash      string    `db:"key_hash"`      // id of the intent
	OpenID       string    `db:"openid"`        // pseudonym; optional, taken away when its person is forgotten
	SessionID    string    `db:"session_id"`    // hash of the token; optional
	Op           string    `db:"op"`            // record_stock, create_order, approve or reject
	Reference    string    `db:"reference"`     // what it is about; optional
	Operator     string    `db:"operator"`      // who wrote, as the client says; optional, goes with the openid
	ERPUsername  string    `db:"erp_username"`  // who wrote, as the ERP says; optional, goes with the openid
	Params       string    `db:"params"`        // masked; optional, goes with the openid
	State        string    `db:"state"`         // "intended" if empty, done, failed or unknown
	ERPRecordID  string    `db:"erp_record_id"` // optional
	ErrorMessage string    `db:"error_message"` // optional
	RequestID    string    `db:"request_id"`    // optional
	IntendedAt   time.Time `db:"intended_at"`   // UpdatedAt, else now if zero
	UpdatedAt    time.Time `db:"-"`             // when the state changed; zero: unknown, taken as newest
}

var saveWrites = statement[WriteRow]{
	op: "save writes", table: "erp_writes",
	columns: []string{
		"key_hash", "openid", "session_id", "op", "reference", "operator", "erp_username", "params", "state",
		"erp_record_id", "error_message", "request_id", "intended_at", "updated_at",
	},
	values: func(r *WriteRow) []any {
		return []any{
			r.KeyHash, textOrNull(r.OpenID), textOrNull(r.SessionID), r.Op, textOrNull(r.Reference), textOrNull(r.Operator),
			textOrNull(r.ERPUsername), textOrNull(r.Params), r.State, textOrNull(r.ERPRecordID), textOrNull(r.ErrorMessage),
			textOrNull(r.RequestID), r.IntendedAt, timeOrNull(r.UpdatedAt),
		}
	},
	// Of the rest nothing is ever filled in later, as for messages.
	merge: []string{
		when(later, "state", "@state"),
		when(later, "erp_record_id", "@erp_record_id"),
		when(later, "error_message", "@error_message"),
		touch(later),
	},
}

// writeColumns reads a foundWrite.
const writeColumns = `key_hash, COALESCE(openid, '') AS openid, COALESCE(session_id, '') AS session_id, op,
	COALESCE(reference, '') AS reference, COALESCE(operator, '') AS operator, COALESCE(erp_username, '') AS erp_username,
	COALESCE(params, '') AS params, state, COALESCE(erp_record_id, '') AS erp_record_id,
	COALESCE(error_message, '') AS error_message, COALESCE(request_id, '') AS request_id, intended_at, updated_at`

// foundWrite takes the time that may be NULL.
type foundWrite struct {
	WriteRow
	Updated stdsql.NullTime `db:"updated_at"`
}

// SaveWrites merges the states of writes: state, erp_record_id and error_message are taken when the state is not older
// (UpdatedAt, to the millisecond) than the one that is there; the rest stays as first written. Within one batch the
// order given counts. A batch may be repeated. Errors wrap ErrRefused or ErrUnavailable.
func (db *DB) SaveWrites(ctx context.Context, rows []WriteRow) error {
	return write(ctx, db, saveWrites, rows, (*WriteRow).fit)
}

func (r *WriteRow) fit() error {
	r.OpenID = varchar(r.OpenID, 64)
	r.SessionID = varchar(r.SessionID, 64)
	r.Op = varchar(r.Op, 32)
	r.Reference = varchar(r.Reference, 100)
	r.Operator = varchar(r.Operator, 100)
	r.ERPUsername = varchar(r.ERPUsername, 100)
	r.Params = text(r.Params)
	r.State = cmp.Or(varchar(r.State, 16), "intended")
	r.ERPRecordID = varchar(r.ERPRecordID, 100)
	r.ErrorMessage = text(r.ErrorMessage)
	r.RequestID = varchar(r.RequestID, 64)
	r.IntendedAt = stamp(cmp.Or(r.IntendedAt, r.UpdatedAt))
	return key("key_hash", r.KeyHash)
}

func (db *DB) selectWrites(ctx context.Context, query string, args ...any) ([]WriteRow, error) {
	var found []foundWrite
	if err := db.pool.SelectContext(ctx, &found, query, args...); err != nil {
		return nil, err
	}
	rows := make([]WriteRow, len(found))
	for i, f := range found {
		f.UpdatedAt = f.Updated.Time
		rows[i] = f.WriteRow
	}
	return rows, nil
}
