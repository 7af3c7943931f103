package sql

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"
)

// documented is the schema: the design's columns and indexes first, in its order, then what later migrations added.
// An index is listed as name(column), once for each of its columns.
var documented = map[string]struct{ columns, indexes string }{
	"user_sessions": {
		"session_id openid session_key unionid created_at expires_at is_active updated_at",
		"idx_openid(openid) idx_expires_at(expires_at) idx_active_updated(is_active) idx_active_updated(updated_at)",
	},
	"erp_bindings": {
		"binding_id session_id erp_username company_id company_name bound_at is_valid updated_at",
		"idx_session_id(session_id) idx_erp_username(erp_username) idx_valid_updated(is_valid) idx_valid_updated(updated_at)",
	},
	"api_call_logs": {
		"log_id session_id api_endpoint request_method request_params response_status response_data response_time_ms error_message called_at" +
			" request_id replica source attempts erp_time_ms openid chain_id chain_seq chain_prev chain_hash",
		"idx_session_id(session_id) idx_api_endpoint(api_endpoint) idx_called_at(called_at)" +
			" idx_openid_called(openid) idx_openid_called(called_at) idx_openid_called(log_id)" +
			" idx_session_called(session_id) idx_session_called(called_at) idx_session_called(log_id)" +
			" idx_request_called(request_id) idx_request_called(called_at) idx_request_called(log_id)" +
			" idx_status_called(response_status) idx_status_called(called_at) idx_status_called(log_id)" +
			" idx_endpoint_called(api_endpoint) idx_endpoint_called(called_at) idx_endpoint_called(log_id)" +
			" idx_endpoint_status_called(api_endpoint) idx_endpoint_status_called(response_status)" +
			" idx_endpoint_status_called(called_at) idx_endpoint_status_called(log_id)" +
			" idx_chain(chain_id) idx_chain(chain_seq) idx_chain(called_at) idx_chain(log_id)",
	},
	"message_logs": {
		"msg_id session_id template_id msg_content msg_status sent_at error_detail updated_at" +
			" openid sender attempts err_code wx_msg_id reason request_id accepted_at",
		"idx_session_id(session_id) idx_template_id(template_id) idx_sent_at(sent_at)" +
			" idx_accepted(accepted_at) idx_accepted(msg_id)" +
			" idx_status_accepted(msg_status) idx_status_accepted(accepted_at) idx_status_accepted(msg_id)" +
			" idx_openid_accepted(openid) idx_openid_accepted(accepted_at) idx_openid_accepted(msg_id)" +
			" idx_template_accepted(template_id) idx_template_accepted(accepted_at) idx_template_accepted(msg_id)" +
			" idx_template_status_accepted(template_id) idx_template_status_accepted(msg_status)" +
			" idx_template_status_accepted(accepted_at) idx_template_status_accepted(msg_id)" +
			" idx_sender_accepted(sender) idx_sender_accepted(accepted_at) idx_sender_accepted(msg_id)" +
			" idx_wx_msg_accepted(wx_msg_id) idx_wx_msg_accepted(accepted_at) idx_wx_msg_accepted(msg_id)",
	},
	"erp_writes": {
		"key_hash openid session_id op reference operator erp_username params state erp_record_id error_message request_id" +
			" intended_at updated_at",
		"idx_openid_intended(openid) idx_openid_intended(intended_at) idx_session_id(session_id) idx_intended_at(intended_at)",
	},
	"audit_anchors": {"chain_id seq hash removed_at", ""},
}

func TestMigrateAppliesEachMigrationOnce(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		db := mustOpen(t, dsn)
		all := db.mustPending(t)
		first, err := db.Migrate(t.Context())
		if err != nil || len(first) != all || all < 4 {
			t.Fatalf("first run applied %d of %d: %v, %v", len(first), all, first, err)
		}
		if got := db.mustPending(t); got != 0 {
			t.Errorf("pending after the first run: %d", got)
		}
		second, err := db.Migrate(t.Context())
		if err != nil || len(second) != 0 {
			t.Errorf("second run applied %v, %v", second, err)
		}
	})
}

func (db *DB) mustPending(t *testing.T) int {
	t.Helper()
	n, err := db.Pending(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestPendingLeavesAnEmptyDatabaseEmpty(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		db := mustOpen(t, dsn)
		db.mustPending(t)
		var tables int
		if err := db.pool.Get(&tables, versions[db.dialect]); err != nil || tables != 0 {
			t.Errorf("goose tables after Pending: %d, %v", tables, err)
		}
	})
}

func TestReplicasMayMigrateAtTheSameMoment(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		applied := make([][]string, 3)
		var replicas errgroup.Group
		for i := range applied {
			db := mustOpen(t, dsn)
			replicas.Go(func() (err error) {
				applied[i], err = db.Migrate(t.Context())
				return err
			})
		}
		if err := replicas.Wait(); err != nil {
			t.Fatal(err)
		}
		got := slices.Concat(applied...)
		if want := len(slices.Compact(slices.Sorted(slices.Values(got)))); len(got) != want || want < 4 {
			t.Errorf("three replicas applied %v", applied)
		}
		if db := mustOpen(t, dsn); db.mustPending(t) != 0 {
			t.Error("something is still pending")
		}
	})
}

func TestSchemaIsTheDocumentedOne(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		for table, want := range documented {
			if got := db.columns(t, table); got != want.columns {
				t.Errorf("%s columns:\n got %s\nwant %s", table, got, want.columns)
			}
			wantIndexes := strings.Fields(want.indexes)
			slices.Sort(wantIndexes)
			if got := db.indexes(t, table); !slices.Equal(got, wantIndexes) {
				t.Errorf("%s indexes:\n got %v\nwant %v", table, got, wantIndexes)
			}
			if n := count(t, db, table); n != 0 {
				t.Errorf("%s holds %d sample rows", table, n)
			}
		}
	})
}

func (db *DB) columns(t *testing.T, table string) string {
	t.Helper()
	query := `SELECT column_name AS c FROM information_schema.columns
		WHERE table_schema = DATABASE() AND table_name = ? ORDER BY ordinal_position`
	if db.dialect == SQLite {
		query = `SELECT name FROM pragma_table_info(?) ORDER BY cid`
	}
	return strings.Join(db.texts(t, query, table), " ")
}

func (db *DB) indexes(t *testing.T, table string) []string {
	t.Helper()
	query := `SELECT CONCAT(index_name, '(', column_name, ')') AS i FROM information_schema.statistics
		WHERE table_schema = DATABASE() AND table_name = ? AND index_name <> 'PRIMARY' ORDER BY i`
	if db.dialect == SQLite {
		query = `SELECT replace(l.name, l.tbl || '_', '') || '(' || i.name || ')' AS i FROM
			(SELECT l.*, ? AS tbl FROM pragma_index_list(?1) l) l, pragma_index_info(l.name) i
			WHERE l.origin = 'c' ORDER BY 1`
	}
	return db.texts(t, query, table)
}

func (db *DB) texts(t *testing.T, query string, args ...any) []string {
	t.Helper()
	var out []string
	if err := db.pool.Select(&out, query, args...); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestMySQLColumnsAreExactAndExplained(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		if db.dialect != MySQL {
			t.Skip("MySQL only")
		}
		const ours = ` table_schema = DATABASE() AND table_name <> 'goose_db_version' `
		promises := map[string]string{
			"column without comment": `SELECT CONCAT(table_name, '.', column_name) FROM information_schema.columns
				WHERE` + ours + `AND HEX(column_comment) NOT REGEXP 'E[4-9]'`,
			"table without comment, InnoDB or utf8mb4": `SELECT table_name FROM information_schema.tables
				WHERE` + ours + `AND (HEX(table_comment) NOT REGEXP 'E[4-9]' OR engine <> 'InnoDB' OR table_collation NOT LIKE 'utf8mb4%')`,
			"id that ignores case": `SELECT CONCAT(table_name, '.', column_name) FROM information_schema.columns
				WHERE` + ours + `AND (column_name REGEXP '_id$' OR column_name IN ('openid', 'hash', 'chain_prev', 'chain_hash', 'key_hash'))
				AND column_name NOT IN ('template_id', 'company_id') AND collation_name NOT IN ('utf8mb4_bin', 'ascii_bin')`,
			"time without milliseconds": `SELECT CONCAT(table_name, '.', column_name) FROM information_schema.columns
				WHERE` + ours + `AND column_name LIKE '%\_at' AND column_type <> 'datetime(3)'`,
		}
		for promise, query := range promises {
			if broken := db.texts(t, query); len(broken) > 0 {
				t.Errorf("%s: %v", promise, broken)
			}
		}
	})
}

func TestAReplicaThatDiedBeforeItsNoteIsMended(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		if _, err := db.pool.Exec(`DELETE FROM goose_db_version WHERE version_id >= 50`); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Migrate(t.Context()); err != nil || db.mustPending(t) != 0 {
			t.Errorf("migrating again what is there: %v, %d pending", err, db.mustPending(t))
		}
	})
}

// The version before this one names its columns and does not know the new ones.
func TestAnOlderVersionGoesOnWriting(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		for _, insert := range []string{
			`INSERT INTO user_sessions (session_id, openid, expires_at) VALUES ('s', 'o', '2026-01-01 00:00:00')`,
			`INSERT INTO erp_bindings (binding_id, session_id, erp_username) VALUES ('b', 's', 'zhang')`,
			`INSERT INTO api_call_logs (log_id, api_endpoint, request_method) VALUES ('l', '/api', 'GET')`,
			`INSERT INTO message_logs (msg_id, session_id, template_id) VALUES ('m', 's', 'T')`,
		} {
			if _, err := db.pool.Exec(insert); err != nil {
				t.Error(err)
			}
		}
		if m := db.mustMessage(t, "m"); m != (MessageRow{MsgID: "m", SessionID: "s", TemplateID: "T", MsgStatus: "sent", SentAt: m.SentAt}) {
			t.Errorf("its message reads %+v", m)
		}
		row, found, err := db.Call(t.Context(), "l")
		want := CallRow{LogID: "l", APIEndpoint: "/api", RequestMethod: "GET", CalledAt: row.CalledAt}
		if err != nil || !found || row != want {
			t.Errorf("its row reads\n got %+v, %v\nwant %+v", row, err, want)
		}
	})
}

// Messages of an older version are found by the one time they have.
func TestMessagesFromBeforeTheSearchAreFound(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		db := mustOpen(t, dsn)
		provider, err := db.provider(db.pool.DB)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := provider.UpTo(t.Context(), 119); err != nil {
			t.Fatal(err)
		}
		_, err = db.pool.Exec(`INSERT INTO message_logs (msg_id, session_id, template_id, sent_at) VALUES ('m', 's', 'T', ?)`, someTime)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		rows, _, err := db.FindMessages(t.Context(), MessageFilter{From: someTime, To: after(1)})
		if err != nil || len(rows) != 1 || !rows[0].AcceptedAt.Equal(someTime) {
			t.Errorf("found %+v, %v", rows, err)
		}
	})
}

func TestLongStatementsOutliveTheReadTimeout(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		if !strings.HasPrefix(dsn, "mysql:") {
			t.Skip("MySQL only")
		}
		db := mustOpen(t, dsn+"?readTimeout=100ms")
		pool, err := db.patient()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = pool.Close() })
		var slept int
		if err := pool.QueryRow("SELECT SLEEP(0.3)").Scan(&slept); err != nil {
			t.Errorf("a statement of 300 ms on a patient connection: %v", err)
		}
	})
}

func TestMigrationsHoldOneStatementEach(t *testing.T) {
	for _, dialect := range []Dialect{MySQL, SQLite} {
		dir := fmt.Sprintf("migrations/%s", dialect)
		files, err := migrations.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			body, err := migrations.ReadFile(dir + "/" + file.Name())
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(string(body), ";\n"); n != 1 {
				t.Errorf("%s/%s has %d statements", dir, file.Name(), n)
			}
		}
	}
}
