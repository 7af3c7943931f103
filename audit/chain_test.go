package audit

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// chained are n calls as the database holds them after a Log has shipped them, and their chain's id.
func chained(t *testing.T, n int) (id string, calls []Call) {
	t.Helper()
	sink := &table{}
	l := openLog(t, Config{Dir: t.TempDir(), Replica: "r1"}, sink)
	for i := range n {
		c := fullCall()
		c.LogID = "call-" + strconv.Itoa(i+1)
		l.Session(SessionChange{SessionID: "s"}) // in no chain
		l.Call(c)
	}
	shut(t, l)
	if len(sink.calls) != n {
		t.Fatalf("%d calls", len(sink.calls))
	}
	for i, c := range sink.calls {
		row := stored(c)
		row.Link = c.Link
		if c.Link.ChainID != l.spool.ChainID() || c.Link.Seq != uint64(i+1) {
			t.Fatalf("link %d: %+v", i+1, c.Link)
		}
		calls = append(calls, row)
	}
	return l.spool.ChainID(), calls
}

// walk returns where the chain breaks, nil if it does not.
func walk(t *testing.T, v *Verifier, calls []Call) *Broken {
	t.Helper()
	for _, c := range calls {
		if err := v.Next(c); err != nil {
			var broken *Broken
			if !errors.As(err, &broken) {
				t.Fatalf("%T is no *Broken", err)
			}
			return broken
		}
	}
	return nil
}

func TestAVerifierNamesTheFirstLinkThatDoesNotFit(t *testing.T) {
	id, calls := chained(t, 6)
	swap := func(c []Call) []Call { c[2], c[3] = c[3], c[2]; return c }
	for _, test := range []struct {
		name   string
		forge  func(c []Call) []Call
		seq    uint64
		reason string
	}{
		{"a changed status", func(c []Call) []Call { c[2].Status = 500; return c }, 3, "changed"},
		{"a changed text", func(c []Call) []Call { c[0].Params += " "; return c }, 1, "changed"},
		{"a changed last row", func(c []Call) []Call { c[5].LogID = "x"; return c }, 6, "changed"},
		{"a changed hash", func(c []Call) []Call { c[2].Link.Hash = c[1].Link.Hash; return c }, 3, "changed"},
		{"a row of another chain", func(c []Call) []Call { return append(c, foreign(t, c[5])) }, 7, "changed"},
		{"a missing first link", func(c []Call) []Call { return c[1:] }, 2, "links 1 to 1 are missing"},
		{"missing links", func(c []Call) []Call { return slices.Delete(c, 2, 4) }, 5, "links 3 to 4 are missing"},
		{"missing links, numbers closed up", func(c []Call) []Call {
			c = slices.Delete(c, 2, 3)
			c[2].Link.Seq = 3
			return c
		}, 3, "does not follow"},
		{"a doubled link", func(c []Call) []Call { return slices.Insert(c, 3, c[2]) }, 3, "twice"},
		{"links in another order", swap, 4, "links 3 to 3 are missing"},
		{"contents in another order", func(c []Call) []Call {
			c[2].Link, c[3].Link = c[3].Link, c[2].Link
			return swap(c)
		}, 3, "changed"},
		{"a link to nothing", func(c []Call) []Call { c[2].Link.Prev = ""; return c }, 3, "does not follow"},
		{"a link to what is no hash", func(c []Call) []Call { c[2].Link.Prev = "zz"; return c }, 3, "does not follow"},
		{"a link longer than a hash", func(c []Call) []Call { c[2].Link.Prev = strings.Repeat("0", 200); return c }, 3, "does not follow"},
		{"a row without a link", func(c []Call) []Call { c[2].Link = Link{}; return c }, 0, "twice"},
	} {
		t.Run(test.name, func(t *testing.T) {
			broken := walk(t, NewVerifier(id, 0, ""), test.forge(slices.Clone(calls)))
			if broken == nil {
				t.Fatal("nothing found")
			}
			if broken.Seq != test.seq || !strings.Contains(broken.Reason, test.reason) {
				t.Errorf("got %v, want link %d, %s", broken, test.seq, test.reason)
			}
		})
	}
}

// foreign continues a chain with a row that was chained elsewhere.
func foreign(t *testing.T, last Call) Call {
	t.Helper()
	_, others := chained(t, 7)
	c := others[6]
	c.Link.Prev = last.Link.Hash
	return c
}

func TestATrueChainIsAcceptedFromItsBeginningAnAnchorOrAnywhere(t *testing.T) {
	id, calls := chained(t, 6)
	anchor := calls[2].Link
	for _, test := range []struct {
		name  string
		v     *Verifier
		calls []Call
	}{
		{"from the beginning", NewVerifier(id, 0, ""), calls},
		{"behind an anchor", NewVerifier(id, anchor.Seq, anchor.Hash), calls[3:]},
		{"a part", NewVerifierFrom(id), calls[2:5]},
		{"a part from the beginning", NewVerifierFrom(id), calls[:2]},
		{"nothing", NewVerifier(id, 0, ""), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			if broken := walk(t, test.v, test.calls); broken != nil {
				t.Error(broken)
			}
		})
	}
}

func TestAStartThatDoesNotFitIsFound(t *testing.T) {
	id, calls := chained(t, 6)
	for _, test := range []struct {
		name  string
		v     *Verifier
		calls []Call
		seq   uint64
	}{
		{"a row gone behind the anchor", NewVerifier(id, 2, calls[1].Link.Hash), calls[3:], 4},
		{"an anchor of another row", NewVerifier(id, 3, calls[1].Link.Hash), calls[3:], 4},
		{"rows before the anchor", NewVerifier(id, 3, calls[2].Link.Hash), calls[2:], 3},
		{"a hole in a part", NewVerifierFrom(id), append(slices.Clone(calls[1:3]), calls[4]), 5},
		{"another chain", NewVerifierFrom(strings.Repeat("0", 32)), calls, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			if broken := walk(t, test.v, test.calls); broken == nil || broken.Seq != test.seq {
				t.Errorf("got %v, want link %d", broken, test.seq)
			}
		})
	}
	for _, prev := range []string{"", "zz", strings.Repeat("0", 62), strings.Repeat("0", 66)} {
		c := calls[0]
		c.Link.Prev = prev
		if broken := walk(t, NewVerifierFrom(id), []Call{c}); broken == nil {
			t.Errorf("prev %q was taken for a hash", prev)
		}
	}
}

func TestAForgottenPersonLeavesTheChainWhole(t *testing.T) {
	id, calls := chained(t, 3)
	for i := range calls {
		calls[i].OpenID = ""
	}
	if broken := walk(t, NewVerifier(id, 0, ""), calls); broken != nil {
		t.Error(broken)
	}
}

func TestTheChainGoesOnInTheNextProcess(t *testing.T) {
	dir, sink := t.TempDir(), &table{}
	first := openLog(t, Config{Dir: dir}, sink)
	feed(first, 0, 3)
	shut(t, first)
	feed(first, 9, 1) // dropped: it takes no number
	second := openLog(t, Config{Dir: dir}, sink)
	feed(second, 3, 2)
	die(t, second)
	third := openLog(t, Config{Dir: dir}, sink)
	feed(third, 5, 2)
	shut(t, third)
	mustHold(t, sink, callIDs(0, 7))
	if broken := walk(t, NewVerifier(first.spool.ChainID(), 0, ""), sink.calls); broken != nil {
		t.Error(broken)
	}
}
