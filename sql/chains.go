package sql

import (
	"context"
	stdsql "database/sql"
	"errors"
)

// ChainInfo is what the table has of a hash chain. A whole chain has Count = Last - First + 1.
type ChainInfo struct {
	ChainID string
	Replica string // that wrote its newest link
	First   uint64 // lowest chain_seq
	Last    uint64 // highest chain_seq
	Count   int64
}

// Chains lists the chains of which there are rows, by id. It counts, which takes some tenths of a second per million
// rows; the context alone bounds that. The error wraps ErrUnavailable.
func (db *DB) Chains(ctx context.Context) ([]ChainInfo, error) {
	ids, err := db.chainIDs(ctx)
	if err != nil {
		return nil, explain("chains", err)
	}
	var chains []ChainInfo
	for _, id := range ids {
		chain, err := db.chain(ctx, id)
		if err != nil {
			return nil, explain("chains", err)
		}
		if chain.Count > 0 { // else retention came in between
			chains = append(chains, chain)
		}
	}
	return chains, nil
}

// chainIDs jumps from id to id in the index: chains are few, their rows are many, and not both databases jump by
// themselves for a DISTINCT.
func (db *DB) chainIDs(ctx context.Context) (ids []string, err error) {
	next := `SELECT MIN(chain_id) FROM api_call_logs ` + db.by("api_call_logs", "idx_chain") + ` WHERE chain_id > ?`
	for last := ""; ; {
		var id stdsql.NullString
		if err := db.pool.GetContext(ctx, &id, next, last); err != nil || !id.Valid {
			return ids, err
		}
		ids, last = append(ids, id.String), id.String
	}
}

func (db *DB) chain(ctx context.Context, id string) (chain ChainInfo, err error) {
	chain.ChainID = id
	in := ` FROM api_call_logs ` + db.by("api_call_logs", "idx_chain") + ` WHERE chain_id = ? `
	extent := `SELECT COALESCE(MIN(chain_seq), 0) AS first, COALESCE(MAX(chain_seq), 0) AS last, COUNT(*) AS count` + in
	if err := db.getPatiently(ctx, &chain, extent, id); err != nil {
		return chain, err
	}
	newest := `SELECT COALESCE(replica, '')` + in + `ORDER BY chain_seq DESC LIMIT 1`
	if err := db.pool.GetContext(ctx, &chain.Replica, newest, id); !errors.Is(err, stdsql.ErrNoRows) {
		return chain, err
	}
	return chain, nil
}

// EachLink hands the rows of a chain with chain_seq >= fromSeq to visit, in the chain's order; rows that claim the same
// place come one after the other. Otherwise it is as EachCall.
func (db *DB) EachLink(ctx context.Context, chainID string, fromSeq uint64, visit func(CallRow) error) error {
	from := CallRow{ChainSeq: fromSeq}
	return walk(visit, func() ([]CallRow, error) {
		rows, err := db.linksAfter(ctx, chainID, from)
		if len(rows) > 0 {
			from = rows[len(rows)-1]
		}
		return rows, explain("each link", err)
	})
}

func (db *DB) linksAfter(ctx context.Context, chainID string, from CallRow) (rows []CallRow, err error) {
	query, args := db.linksQuery(chainID, from)
	return rows, db.pool.SelectContext(ctx, &rows, query, args...)
}

// linksQuery goes by the order of idx_chain, so that a page costs what its rows cost. Without the table's name ORDER BY
// would mean the COALESCE of that name, and sort the whole rest of the chain.
func (db *DB) linksQuery(chainID string, r CallRow) (string, []any) {
	return `SELECT ` + callColumns + ` FROM api_call_logs ` + db.by("api_call_logs", "idx_chain") + ` WHERE chain_id = ? AND chain_seq >= ?
		AND (chain_seq > ? OR called_at > ? OR called_at = ? AND log_id > ?)
		ORDER BY api_call_logs.chain_seq, called_at, log_id LIMIT ?`,
		[]any{chainID, r.ChainSeq, r.ChainSeq, r.CalledAt, r.CalledAt, r.LogID, pageRows}
}

// Anchor tells up to which link retention has removed a chain's rows, and that link's hash, which is the chain_prev of
// the first row that is left. It reports false when nothing of the chain was ever removed. The error wraps
// ErrUnavailable.
func (db *DB) Anchor(ctx context.Context, chainID string) (seq uint64, hash string, ok bool, err error) {
	row := db.pool.QueryRowContext(ctx, `SELECT seq, hash FROM audit_anchors WHERE chain_id = ?`, chainID)
	switch err := row.Scan(&seq, &hash); {
	case errors.Is(err, stdsql.ErrNoRows):
		return 0, "", false, nil
	case err != nil:
		return 0, "", false, explain("anchor", err)
	}
	return seq, hash, true, nil
}
