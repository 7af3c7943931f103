package sql

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

var errEnough = errors.New("enough")

// chained makes n links of a chain, a second apart from someTime on.
func chained(chain string, n int) []CallRow {
	rows := make([]CallRow, n)
	for i := range rows {
		rows[i] = CallRow{
			LogID: fmt.Sprintf("%s-%04d", chain, i+1), CalledAt: someTime.Add(time.Duration(i) * time.Second),
			APIEndpoint: "/api", RequestMethod: "GET", Replica: "gateway-" + chain[:1],
			ChainID: chain, ChainSeq: uint64(i + 1), ChainPrev: hash(chain, i), ChainHash: hash(chain, i+1),
		}
	}
	return rows
}

func hash(chain string, seq int) string { return fmt.Sprintf("%s%063d", chain[:1], seq) }

func TestEachCallGoesThroughAllInTheOrderOfTime(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		all := numbered(1234)
		for i := range all {
			all[i].CalledAt = someTime.Add(time.Duration(i/700) * time.Second) // more at one instant than a page holds
		}
		mustInsert(t, db, all)
		for name, test := range map[string]struct {
			from, to time.Time
			want     []CallRow
		}{
			"all":     {want: all},
			"from":    {from: someTime.Add(time.Millisecond), want: all[700:]},
			"to":      {to: someTime.Add(time.Second), want: all[:700]},
			"nothing": {from: someTime.Add(time.Hour)},
		} {
			var got []CallRow
			err := db.EachCall(t.Context(), test.from, test.to, func(r CallRow) error { got = append(got, r); return nil })
			if err != nil || !slices.Equal(got, test.want) {
				t.Errorf("%s: %d rows, want %d, %v", name, len(got), len(test.want), err)
			}
			if n, err := db.CountCalls(t.Context(), test.from, test.to); err != nil || n != int64(len(test.want)) {
				t.Errorf("%s: counted %d, want %d, %v", name, n, len(test.want), err)
			}
		}
	})
}

func TestAVisitorsErrorEndsTheWalkAsItIs(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		mustInsert(t, db, chained("a", 10))
		for name, walk := range map[string]func(func(CallRow) error) error{
			"calls": func(visit func(CallRow) error) error {
				return db.EachCall(t.Context(), time.Time{}, time.Time{}, visit)
			},
			"links": func(visit func(CallRow) error) error { return db.EachLink(t.Context(), "a", 0, visit) },
		} {
			seen := 0
			err := walk(func(CallRow) error {
				if seen++; seen == 3 {
					return errEnough
				}
				return nil
			})
			if err != errEnough || seen != 3 { //nolint:errorlint // the promise is: as it is
				t.Errorf("%s: saw %d, %v", name, seen, err)
			}
		}
	})
}

func TestAVisitorMayAskTheDatabase(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		db.pool.SetMaxOpenConns(1) // a walk that kept a statement open would wait for itself
		mustInsert(t, db, chained("a", 3))
		err := db.EachCall(t.Context(), time.Time{}, time.Time{}, func(r CallRow) error {
			_, _, err := db.Call(t.Context(), r.LogID)
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestEachLinkFollowsTheChainNotTheClock(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		links := chained("b", 1100)
		for i := range links {
			links[i].CalledAt = someTime.Add(-links[i].CalledAt.Sub(someTime)) // as if the clock ran backwards
		}
		twin := links[499] // a row that claims a place already taken, at the edge of a page
		twin.LogID, twin.CalledAt = "twin", someTime.Add(time.Hour)
		mustInsert(t, db, slices.Concat(chained("a", 5), links, []CallRow{twin}, numbered(6)[:1]))
		want := slices.Insert(slices.Clone(links), 500, twin)
		for from, want := range map[uint64][]CallRow{0: want, 1: want, 500: want[499:], 501: want[501:], 1101: nil} {
			var got []CallRow
			err := db.EachLink(t.Context(), "b", from, func(r CallRow) error { got = append(got, r); return nil })
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("from %d: %d links, want %d, %v", from, len(got), len(want), err)
			}
		}
	})
}

func TestChainsTellWhatThereIs(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		if chains, err := db.Chains(t.Context()); err != nil || len(chains) > 0 {
			t.Errorf("of an empty table: %v, %v", chains, err)
		}
		holed := chained("b", 9)
		holed[8].Replica = "gateway-new"
		mustInsert(t, db, slices.Concat(chained("a", 5), holed[2:5], holed[6:], numbered(6)[:1]))
		want := []ChainInfo{
			{ChainID: "a", Replica: "gateway-a", First: 1, Last: 5, Count: 5},
			{ChainID: "b", Replica: "gateway-new", First: 3, Last: 9, Count: 6},
		}
		if chains, err := db.Chains(t.Context()); err != nil || !slices.Equal(chains, want) {
			t.Errorf("got  %v, %v\nwant %v", chains, err, want)
		}
	})
}

func TestChainIDsDifferByCase(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		upper, lower := chained("B", 2), chained("b", 1)
		upper[0].LogID, upper[1].LogID = "1", "2"
		mustInsert(t, db, slices.Concat(upper, lower))
		chains, err := db.Chains(t.Context())
		if err != nil || len(chains) != 2 || chains[0].Count != 2 || strings.ToLower(chains[0].ChainID) != chains[1].ChainID {
			t.Errorf("got %v, %v", chains, err)
		}
	})
}
