package main

import (
	"log/slog"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"snowgate/sql"
)

// TestRetentionRemovesWhatIsTooOldAndNothingElse keeps audit.retention.
func TestRetentionRemovesWhatIsTooOldAndNothingElse(t *testing.T) {
	db, err := sql.Open("sqlite://" + filepath.Join(t.TempDir(), "log.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 20, 3, 0, 0, 0, time.UTC)
	var rows []sql.CallRow
	for age := range 10 { // days
		rows = append(rows, sql.CallRow{
			LogID: strconv.Itoa(age), APIEndpoint: "/api/x", RequestMethod: "GET", CalledAt: now.AddDate(0, 0, -age),
		})
	}
	if err := db.InsertCalls(t.Context(), rows); err != nil {
		t.Fatal(err)
	}
	r := retention{db: db, keep: 5 * 24 * time.Hour, zone: time.UTC, log: slog.New(slog.DiscardHandler)}
	removed, err := r.remove(t.Context(), now.Add(-r.keep))
	if err != nil || removed != 4 {
		t.Fatalf("removed %d rows, %v; want the 4 that are older than 5 days", removed, err)
	}
	for age := range 10 {
		if _, found, err := db.Call(t.Context(), strconv.Itoa(age)); err != nil || found != (age <= 5) {
			t.Errorf("the row of %d days ago: found %v, %v", age, found, err)
		}
	}
}
