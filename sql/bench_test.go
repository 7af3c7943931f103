package sql

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

// traffic makes rows as a gateway in use writes them: some hundred users, a few routes, a chain, 600 bytes of answer.
func traffic(tb testing.TB, n int) []CallRow {
	tb.Helper()
	chain, start := hexText(16), time.Now().UTC().Truncate(time.Millisecond)
	answer := strings.Repeat(`{"orderNo":"SO-2026-0001","status":"in_progress"},`, 12)
	rows := make([]CallRow, n)
	for i := range rows {
		id, err := uuid.NewV7()
		if err != nil {
			tb.Fatal(err)
		}
		rows[i] = CallRow{
			LogID: id.String(), SessionID: fmt.Sprintf("%064x", i%300), APIEndpoint: fmt.Sprintf("/api/route%d/:id", i%10),
			RequestMethod: "GET", RequestParams: `{"keyword":"螺丝","page":"1"}`, ResponseData: answer, ResponseTimeMS: 42,
			CalledAt: start.Add(time.Duration(i) * time.Millisecond), RequestID: id.String(), Replica: "gateway-0", Source: "live",
			Attempts: 1, ERPTimeMS: 38, OpenID: fmt.Sprintf("%032x", i%300), ChainID: chain, ChainSeq: uint64(i + 1),
			ChainPrev: hexText(32), ChainHash: hexText(32),
		}
	}
	return rows
}

func hexText(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// BenchmarkInsertCalls measures the shipping rate, in batches as the audit trail makes them.
func BenchmarkInsertCalls(b *testing.B) {
	onEachBench(b, func(b *testing.B, db *DB) {
		if _, err := db.Migrate(b.Context()); err != nil {
			b.Fatal(err)
		}
		rows := traffic(b, b.N*maxRows)
		b.ResetTimer()
		for batch := range slices.Chunk(rows, maxRows) {
			if err := db.InsertCalls(b.Context(), batch); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(len(rows))/b.Elapsed().Seconds(), "rows/s")
	})
}

// BenchmarkFindCalls measures each of the admins' searches, first and hundredth page.
func BenchmarkFindCalls(b *testing.B) {
	onEachBench(b, func(b *testing.B, db *DB) {
		db.fill(b, benchRows(b))
		for name, filter := range questions() {
			for _, page := range []int{1, 100} {
				filter.Page, filter.PageSize = page, 100
				b.Run(fmt.Sprintf("%s/page %d", name, page), func(b *testing.B) {
					for b.Loop() {
						if _, _, err := db.FindCalls(b.Context(), filter); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		}
	})
}

// BenchmarkCounts measures what verification and export ask before they begin, on as many rows as BenchmarkFindCalls.
func BenchmarkCounts(b *testing.B) {
	onEachBench(b, func(b *testing.B, db *DB) {
		db.fill(b, benchRows(b))
		b.Run("calls", func(b *testing.B) {
			for b.Loop() {
				if _, err := db.CountCalls(b.Context(), time.Time{}, time.Time{}); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("chains", func(b *testing.B) {
			for b.Loop() {
				if _, err := db.Chains(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
}

// benchRows is how many rows to search: 200,000, or as many as SNOWGATE_BENCH_ROWS says (a multiple of 10,000).
func benchRows(b *testing.B) int {
	b.Helper()
	n, err := strconv.Atoi(cmp.Or(os.Getenv("SNOWGATE_BENCH_ROWS"), "200000"))
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// BenchmarkRemoveCalls measures retention, in its usual steps.
func BenchmarkRemoveCalls(b *testing.B) {
	onEachBench(b, func(b *testing.B, db *DB) {
		if _, err := db.Migrate(b.Context()); err != nil {
			b.Fatal(err)
		}
		if err := db.InsertCalls(b.Context(), traffic(b, b.N*maxRows)); err != nil {
			b.Fatal(err)
		}
		b.ResetTimer()
		for range b.N {
			if n, err := db.RemoveCallsBefore(b.Context(), time.Now().Add(24*time.Hour), maxRows); err != nil || n != maxRows {
				b.Fatalf("removed %d, %v", n, err)
			}
		}
		b.ReportMetric(float64(b.N*maxRows)/b.Elapsed().Seconds(), "rows/s")
	})
}

// onEachBench runs a benchmark on an empty database of SQLite, and on one of the server SNOWGATE_TEST_MYSQL names.
func onEachBench(b *testing.B, measure func(b *testing.B, db *DB)) {
	b.Helper()
	b.Run("sqlite", func(b *testing.B) { measure(b, mustOpen(b, "sqlite://"+b.TempDir()+"/log.db")) })
	b.Run("mysql", func(b *testing.B) {
		base := os.Getenv(mysqlDSN)
		if base == "" {
			b.Skipf("%s is not set: MySQL is not measured here", mysqlDSN)
		}
		measure(b, mustOpen(b, ownDatabase(b, base)))
	})
}
