package sql

import (
	"context"
	"time"
)

// CallRow is one row of api_call_logs. Empty optional texts become NULL.
type CallRow struct {
	LogID          string    `db:"log_id"`           // UUIDv7, made before the first attempt to write
	SessionID      string    `db:"session_id"`       // hash of the token; optional
	APIEndpoint    string    `db:"api_endpoint"`     // route template, never the raw path
	RequestMethod  string    `db:"request_method"`   //
	RequestParams  string    `db:"request_params"`   // masked; optional
	ResponseStatus int       `db:"response_status"`  // the envelope's code
	ResponseData   string    `db:"response_data"`    // masked and cut; optional
	ResponseTimeMS int64     `db:"response_time_ms"` //
	ErrorMessage   string    `db:"error_message"`    // optional
	CalledAt       time.Time `db:"called_at"`        // now if zero
}

var insertCalls = statement{
	op: "insert calls",
	insert: `INSERT INTO api_call_logs
		(log_id, session_id, api_endpoint, request_method, request_params,
		 response_status, response_data, response_time_ms, error_message, called_at)
		VALUES (:log_id, NULLIF(:session_id, ''), :api_endpoint, :request_method, NULLIF(:request_params, ''),
		 :response_status, NULLIF(:response_data, ''), :response_time_ms, NULLIF(:error_message, ''), :called_at)`,
	conflict: map[Dialect]string{
		MySQL:  `ON DUPLICATE KEY UPDATE log_id = log_id`, // INSERT IGNORE would also hide bad data
		SQLite: `ON CONFLICT (log_id) DO NOTHING`,
	},
}

// InsertCalls writes call rows, in statements of at most 500 rows. A row whose LogID is there already changes
// nothing, so a batch may be repeated after a failure. Texts longer than their column are cut, broken UTF-8 is
// repaired. Errors wrap ErrRefused or ErrUnavailable.
func (db *DB) InsertCalls(ctx context.Context, rows []CallRow) error {
	return write(ctx, db, insertCalls, rows, (*CallRow).fit)
}

func (r *CallRow) fit() error {
	r.SessionID = varchar(r.SessionID, 64)
	r.APIEndpoint = varchar(r.APIEndpoint, 200)
	r.RequestMethod = varchar(r.RequestMethod, 10)
	r.RequestParams = text(r.RequestParams)
	r.ResponseStatus = integer(r.ResponseStatus)
	r.ResponseData = text(r.ResponseData)
	r.ResponseTimeMS = integer(r.ResponseTimeMS)
	r.ErrorMessage = text(r.ErrorMessage)
	r.CalledAt = stamp(r.CalledAt)
	return key("log_id", r.LogID)
}
