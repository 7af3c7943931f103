package sql

import (
	"context"
	"fmt"
	"math"
	"time"
)

// CallRow is one row of api_call_logs. Empty optional texts become NULL and come back empty.
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
	RequestID      string    `db:"request_id"`       // optional
	Replica        string    `db:"replica"`          // which gateway answered; optional
	Source         string    `db:"source"`           // live, standby or stale; optional
	Attempts       int       `db:"attempts"`         // calls of the ERP, repetitions included
	ERPTimeMS      int64     `db:"erp_time_ms"`      // spent in the ERP
	OpenID         string    `db:"openid"`           // pseudonym; optional, taken away when its person is forgotten
	ChainID        string    `db:"chain_id"`         // hash chain of the replica, 32 hex digits; empty: in no chain
	ChainSeq       uint64    `db:"chain_seq"`        // place in the chain
	ChainPrev      string    `db:"chain_prev"`       // hash of the link before, 64 hex digits
	ChainHash      string    `db:"chain_hash"`       // hash of this link, over all but the openid
}

var insertCalls = statement[CallRow]{
	op: "insert calls", table: "api_call_logs",
	columns: []string{
		"log_id", "session_id", "api_endpoint", "request_method", "request_params",
		"response_status", "response_data", "response_time_ms", "error_message", "called_at",
		"request_id", "replica", "source", "attempts", "erp_time_ms", "openid",
		"chain_id", "chain_seq", "chain_prev", "chain_hash",
	},
	values: func(r *CallRow) []any {
		var seq any
		if r.ChainID != "" {
			seq = r.ChainSeq
		}
		return []any{
			r.LogID, textOrNull(r.SessionID), r.APIEndpoint, r.RequestMethod, textOrNull(r.RequestParams),
			r.ResponseStatus, textOrNull(r.ResponseData), r.ResponseTimeMS, textOrNull(r.ErrorMessage), r.CalledAt,
			textOrNull(r.RequestID), textOrNull(r.Replica), textOrNull(r.Source), r.Attempts, r.ERPTimeMS, textOrNull(r.OpenID),
			textOrNull(r.ChainID), seq, textOrNull(r.ChainPrev), textOrNull(r.ChainHash),
		}
	},
}

// callColumns reads a CallRow, with what an older version left out as zero values.
const callColumns = `log_id, COALESCE(session_id, '') AS session_id, api_endpoint, request_method,
	COALESCE(request_params, '') AS request_params, COALESCE(response_status, 0) AS response_status,
	COALESCE(response_data, '') AS response_data, COALESCE(response_time_ms, 0) AS response_time_ms,
	COALESCE(error_message, '') AS error_message, called_at, COALESCE(request_id, '') AS request_id,
	COALESCE(replica, '') AS replica, COALESCE(source, '') AS source, COALESCE(attempts, 0) AS attempts,
	COALESCE(erp_time_ms, 0) AS erp_time_ms, COALESCE(openid, '') AS openid, COALESCE(chain_id, '') AS chain_id,
	COALESCE(chain_seq, 0) AS chain_seq, COALESCE(chain_prev, '') AS chain_prev, COALESCE(chain_hash, '') AS chain_hash`

// InsertCalls writes call rows, in statements of at most 500 rows. A row whose LogID is there already changes
// nothing, so a batch may be repeated after a failure. Texts longer than their column are cut, broken UTF-8 is
// repaired, times are kept to the millisecond: whoever hashes a row does that before. Errors wrap ErrRefused or
// ErrUnavailable.
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
	r.RequestID = varchar(r.RequestID, 64)
	r.Replica = varchar(r.Replica, 64)
	r.Source = varchar(r.Source, 16)
	r.Attempts = integer(r.Attempts)
	r.ERPTimeMS = integer(r.ERPTimeMS)
	r.OpenID = varchar(r.OpenID, 64)
	if err := r.checkLink(); err != nil {
		return err
	}
	return key("log_id", r.LogID)
}

// checkLink refuses what a chain's columns would not give back as it was. Nothing of a link is ever cut.
func (r *CallRow) checkLink() error {
	if !ascii(r.ChainID, 32) || !ascii(r.ChainPrev, 64) || !ascii(r.ChainHash, 64) || r.ChainSeq > math.MaxInt64 {
		return fmt.Errorf("%w: a link of a chain has an id of at most 32 and hashes of at most 64 visible ASCII characters",
			ErrRefused)
	}
	return nil
}
