package erpclient_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"snowgate/erpclient"
	"snowgate/erpclient/erptest"
)

// page is a question as a page of the mini program asks it, with the answer as it shows it.
type page struct {
	name string
	ask  func(context.Context, *erpclient.Client, erpclient.Identity) (any, error)
}

// pages are all questions whose last good answers are kept.
var pages = []page{
	{"SearchOrders", func(ctx context.Context, c *erpclient.Client, id erpclient.Identity) (any, error) {
		return search(ctx, c, id, "sled")
	}},
	{"OrderStatus", func(ctx context.Context, c *erpclient.Client, id erpclient.Identity) (any, error) {
		return c.OrderStatus(ctx, id, "1")
	}},
	{"OrderMaterials", func(ctx context.Context, c *erpclient.Client, id erpclient.Identity) (any, error) {
		return c.OrderMaterials(ctx, id, "1")
	}},
	{"OrderDetail", func(ctx context.Context, c *erpclient.Client, id erpclient.Identity) (any, error) {
		return c.OrderDetail(ctx, id, "1")
	}},
	{"MaterialProgress", func(ctx context.Context, c *erpclient.Client, id erpclient.Identity) (any, error) {
		return c.MaterialProgress(ctx, id, "1")
	}},
	{"ProductByBarcode", func(ctx context.Context, c *erpclient.Client, id erpclient.Identity) (any, error) {
		return c.ProductByBarcode(ctx, id, erptest.ABarcode)
	}},
	{"Stock", func(ctx context.Context, c *erpclient.Client, id erpclient.Identity) (any, error) {
		return c.Stock(ctx, id, erpclient.StockQuery{Page: 1, PageSize: 20})
	}},
	{"Approvals", func(ctx context.Context, c *erpclient.Client, id erpclient.Identity) (any, error) {
		return c.Approvals(ctx, id, erpclient.ApprovalQuery{Page: 1, PageSize: 20})
	}},
	{"Approval", func(ctx context.Context, c *erpclient.Client, id erpclient.Identity) (any, error) {
		return c.Approval(ctx, id, "A-1")
	}},
	{"Sales", func(ctx context.Context, c *erpclient.Client, id erpclient.Identity) (any, error) {
		return c.Sales(ctx, id, "2026-01-01", "2026-01-31")
	}},
}

// asking asks for the page and forgets the answer.
func (p page) asking(c *erpclient.Client, id erpclient.Identity) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := p.ask(ctx, c, id)
		return err
	}
}

// shown is the page as JSON.
func (p page) shown(t *testing.T, c *erpclient.Client, id erpclient.Identity) string {
	t.Helper()
	answer, err := p.ask(t.Context(), c, id)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// keeping is a client whose Run keeps answers, and which has kept alice's page.
func (p *pair) keeping(t *testing.T, change func(*erpclient.Config)) *erpclient.Client {
	t.Helper()
	c := p.client(change)
	run(t, c)
	mustSearch(t, c, alice, "sled")
	synctest.Wait()
	if n := p.answers.Len(); n != 1 {
		t.Fatalf("%d answers are kept, want 1", n)
	}
	return c
}

func TestWhenEveryChannelFailsTheLastGoodAnswerIsShownInTime(t *testing.T) {
	for name, fault := range unhealthy {
		for _, page := range pages {
			t.Run(name+"/"+page.name, func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					p := newPair()
					c := p.client(nil)
					run(t, c)
					asOf, want := time.Now(), page.shown(t, c, alice)
					<-time.After(5 * time.Minute)
					p.script(fault)
					p.erp.ForgetSessions() // so that faults of the login are met as well
					for range 8 {          // with breakers closed, and then open
						trail := wantSource(t, erpclient.SourceStale, 2499*time.Millisecond, page.asking(c, alice))
						if !trail.AsOf.Equal(asOf) {
							t.Errorf("as of %s, want %s", trail.AsOf, asOf)
						}
					}
					if got := page.shown(t, c, alice); got != want {
						t.Errorf("got  %s\nwant %s", got, want)
					}
				})
			})
		}
	}
}

func TestALastGoodAnswerIsTenMinutesOldAtMost(t *testing.T) {
	for _, tt := range []struct {
		age   time.Duration
		shown bool
	}{{time.Minute, true}, {10*time.Minute - time.Second, true}, {10*time.Minute + time.Second, false}, {time.Hour, false}} {
		t.Run(tt.age.String(), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				p := newPair()
				// A store whose clock lags keeps what is too old; the client has to see that by itself.
				c := p.keeping(t, func(cfg *erpclient.Config) { cfg.Answers = lagging{p.answers} })
				<-time.After(tt.age)
				p.script(erptest.Fail(erpclient.KindUnavailable))
				if tt.shown {
					wantSource(t, erpclient.SourceStale, time.Second, searching(c, alice, "sled"))
					return
				}
				page, err := search(t.Context(), c, alice, "sled")
				wantKind(t, err, erpclient.KindUnavailable)
				if len(page.Orders) > 0 {
					t.Errorf("got %+v beside the error", page)
				}
			})
		})
	}
}

// lagging keeps everything far longer than it is told.
type lagging struct{ *erptest.Answers }

func (l lagging) SaveAnswers(ctx context.Context, answers []erpclient.KeptAnswer, ttl time.Duration) error {
	return l.Answers.SaveAnswers(ctx, answers, 100*ttl)
}

func TestALastGoodAnswerIsForTheSameBindingsSameQuestionOnly(t *testing.T) {
	sameAccount, anew := alice, alice
	sameAccount.Owner, sameAccount.BindingID = "alice's colleague", "b-9"
	anew.BindingID = "b-10"
	otherCustomer := invited
	otherCustomer.BindingID = "b-11"
	asked := erpclient.OrderQuery{Keyword: "sled", Page: 1, PageSize: 20}
	page := func(id erpclient.Identity, change func(*erpclient.OrderQuery)) func(context.Context, *erpclient.Client) error {
		return func(ctx context.Context, c *erpclient.Client) error {
			q := asked
			change(&q)
			_, err := c.SearchOrders(ctx, id, q)
			return err
		}
	}
	same := func(*erpclient.OrderQuery) {}
	tests := map[string]func(context.Context, *erpclient.Client) error{
		"another binding of the account":  page(sameAccount, same),
		"the same owner's next binding":   page(anew, same),
		"another customer":                page(bob, same),
		"another customer by invite code": page(otherCustomer, same),
		"another keyword":                 page(alice, func(q *erpclient.OrderQuery) { q.Keyword = "sleds" }),
		"another page":                    page(alice, func(q *erpclient.OrderQuery) { q.Page = 2 }),
		"another page size":               page(alice, func(q *erpclient.OrderQuery) { q.PageSize = 2 }),
		"another first day":               page(alice, func(q *erpclient.OrderQuery) { q.From = "2026-01-01" }),
		"another last day":                page(alice, func(q *erpclient.OrderQuery) { q.To = "2026-01-31" }),
		"another state":                   page(alice, func(q *erpclient.OrderQuery) { q.Status = erpclient.StateDone }),
		"another question": func(ctx context.Context, c *erpclient.Client) error {
			_, err := c.OrderStatus(ctx, alice, "sled")
			return err
		},
	}
	for name, ask := range tests {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				p := newPair()
				p.keyring.Put(sameAccount.Owner, erpclient.Credentials{Account: alice.Account, Secret: "digest:right"})
				c := p.keeping(t, nil)
				p.script(erptest.Fail(erpclient.KindUnavailable))
				wantKind(t, ask(t.Context(), c), erpclient.KindUnavailable)
				wantSource(t, erpclient.SourceStale, time.Second, searching(c, alice, "sled"))
			})
		})
	}
}

func TestARefusalIsNeverReplaced(t *testing.T) {
	for _, kind := range []erpclient.Kind{
		erpclient.KindNotFound, erpclient.KindForbidden, erpclient.KindInvalid, erpclient.KindConflict, erpclient.KindNotSupported,
		erpclient.KindTooManyAttempts, erpclient.KindBadCredentials,
	} {
		for _, page := range pages {
			t.Run(string(kind)+"/"+page.name, func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					p := newPair()
					c := p.client(nil)
					run(t, c)
					page.shown(t, c, alice)
					saved(t)
					p.erp.ForgetSessions()
					p.script(always(kind))
					answer, err := page.ask(t.Context(), c, alice)
					wantKind(t, err, kind)
					if strings.Contains(fmt.Sprint(answer), "Customer C1") || strings.Contains(fmt.Sprint(answer), "Sled") {
						t.Errorf("got %+v beside the refusal", answer)
					}
				})
			})
		}
	}
	t.Run("no binding any more", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			p := newPair()
			c := p.keeping(t, nil)
			p.erp.ForgetSessions()
			p.keyring.Reject(t.Context(), alice)
			if _, err := search(t.Context(), c, alice, "sled"); !errors.Is(err, erptest.ErrNoBinding) {
				t.Errorf("got %v, want the keyring's own error", err)
			}
		})
	})
}

func TestAComposedAnswerIsAsOldAsItsOldestPartAndAsGoodAsItsWorst(t *testing.T) {
	failing := func(failed ...string) func(context.Context, string) error {
		return func(_ context.Context, op string) error {
			for _, f := range failed {
				if op == f {
					return &erpclient.Error{Op: op, Kind: erpclient.KindUnavailable}
				}
			}
			return nil
		}
	}
	tests := []struct {
		name             string
		primary, standby []string // what fails there
		want             erpclient.Source
		age              time.Duration // of the oldest stale part
	}{
		{"all live", nil, nil, erpclient.SourceLive, 0},
		{"one part from the standby", []string{erptest.OpMaterials}, nil, erpclient.SourceStandby, 0},
		{"the head from the standby", []string{erptest.OpOrder}, nil, erpclient.SourceStandby, 0},
		{"the young part stale", []string{erptest.OpMaterials}, []string{erptest.OpMaterials}, erpclient.SourceStale, 2 * time.Minute},
		{"the old part stale", []string{erptest.OpDeliveries}, []string{erptest.OpDeliveries}, erpclient.SourceStale, 5 * time.Minute},
		{
			"old and young", []string{erptest.OpMaterials, erptest.OpDeliveries}, []string{erptest.OpMaterials, erptest.OpDeliveries},
			erpclient.SourceStale, 5 * time.Minute,
		},
		{
			"stale beside the standby's", []string{erptest.OpOrder, erptest.OpMaterials}, []string{erptest.OpMaterials},
			erpclient.SourceStale, 2 * time.Minute,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				p := newPair()
				c := p.client(noRetries)
				run(t, c)
				if _, err := c.OrderStatus(t.Context(), alice, "1"); err != nil {
					t.Fatal(err)
				}
				<-time.After(3 * time.Minute)
				if _, err := c.OrderMaterials(t.Context(), alice, "1"); err != nil {
					t.Fatal(err)
				}
				<-time.After(2 * time.Minute)
				p.erp.Script(failing(tt.primary...))
				p.standby.Script(failing(tt.standby...))
				now := time.Now()
				trail := wantSource(t, tt.want, time.Second, func(ctx context.Context) error {
					_, err := c.OrderDetail(ctx, alice, "1")
					return err
				})
				if tt.age == 0 && !trail.AsOf.IsZero() || tt.age > 0 && now.Sub(trail.AsOf) != tt.age {
					t.Errorf("as of %s before, want %s", now.Sub(trail.AsOf), tt.age)
				}
			})
		})
	}
}

// A last good answer does not know less than the live one did: what was another customer's stays hidden.
func TestALastGoodAnswerShowsNoMoreThanTheLiveOne(t *testing.T) {
	lines := []erpclient.Material{
		{ID: "mine", OrderID: "1", CustomerID: "C1"}, {ID: "hers", OrderID: "1", CustomerID: "C2"}, {ID: "does not say", OrderID: "1"},
	}
	bubble(t, func(t *testing.T) {
		p := newPair()
		p.erp.OnMaterials = func(context.Context, erpclient.Auth, string) ([]erpclient.Material, error) { return lines, nil }
		p.erp.OnMaterial = func(_ context.Context, _ erpclient.Auth, id string) (erpclient.Material, error) {
			return lines[map[string]int{"mine": 0, "hers": 1, "does not say": 2}[id]], nil
		}
		p.erp.OnSearchOrders = func(context.Context, erpclient.Auth, erpclient.OrderQuery) (erpclient.OrderPage, error) {
			return erpclient.OrderPage{Orders: []erpclient.Order{{ID: "mine", CustomerID: "C1"}, {ID: "hers", CustomerID: "C2"}}}, nil
		}
		c := p.client(noRetries)
		run(t, c)
		look := func() string {
			t.Helper()
			var all []any
			for _, page := range pages[:4] {
				answer, err := page.ask(t.Context(), c, alice)
				all = append(all, answer, erpclient.KindOf(err))
			}
			for _, id := range []string{"mine", "hers", "does not say"} {
				answer, err := c.MaterialProgress(t.Context(), alice, id)
				all = append(all, answer.ID, err != nil)
			}
			text, err := json.Marshal(all)
			if err != nil {
				t.Fatal(err)
			}
			return string(text)
		}
		live := look()
		if !strings.Contains(live, "mine") || strings.Contains(live, "hers") {
			t.Fatalf("the live answers are %s", live)
		}
		<-time.After(2 * time.Minute)
		p.script(erptest.Fail(erpclient.KindUnavailable))
		if stale := look(); stale != live {
			t.Errorf("got  %s\nwant %s", stale, live)
		}
	})
}

// Whose an order is narrows the search for its deliveries, also when the order is the last good one.
func TestWhoseARecordIsIsKeptWithIt(t *testing.T) {
	everything := alice
	everything.CustomerID = ""
	bubble(t, func(t *testing.T) {
		p := newPair()
		var owners []string
		p.erp.OnOrder = func(_ context.Context, _ erpclient.Auth, id string) (erpclient.Order, error) {
			return erpclient.Order{ID: id, CustomerID: "C7"}, nil
		}
		p.erp.OnDeliveries = func(_ context.Context, _ erpclient.Auth, o erpclient.Order) ([]erpclient.Delivery, error) {
			owners = append(owners, o.CustomerID)
			return nil, nil
		}
		p.erp.OnMaterial = func(_ context.Context, _ erpclient.Auth, id string) (erpclient.Material, error) {
			return erpclient.Material{ID: id, OrderID: "1", CustomerID: "C7"}, nil
		}
		p.erp.OnStages = func(_ context.Context, _ erpclient.Auth, m erpclient.Material) ([]erpclient.ProgressStage, error) {
			owners = append(owners, m.CustomerID)
			return nil, nil
		}
		c := p.client(noRetries)
		run(t, c)
		for range 2 {
			for _, page := range []page{pages[1], pages[4]} {
				if err := page.asking(c, everything)(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			saved(t)
			p.standby.Script(always(erpclient.KindUnavailable))
			p.erp.Script(func(_ context.Context, op string) error {
				if op == erptest.OpOrder || op == erptest.OpMaterial {
					return &erpclient.Error{Op: op, Kind: erpclient.KindUnavailable}
				}
				return nil
			})
		}
		if want := []string{"C7", "C7", "C7", "C7"}; !reflect.DeepEqual(owners, want) {
			t.Errorf("the driver was told %q, want %q", owners, want)
		}
	})
}

func TestAnAnswerIsKeptOnceAMinute(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPair()
		c := p.keeping(t, nil)
		saves := func(want int) {
			t.Helper()
			saved(t)
			if got := p.answers.Saves(); got != want {
				t.Errorf("%d answers were handed to the store, want %d", got, want)
			}
		}
		for range 59 {
			<-time.After(time.Second)
			mustSearch(t, c, alice, "sled")
		}
		saves(1)
		mustSearch(t, c, alice, "another question")
		mustSearch(t, c, bob, "sled")
		saves(3)
		<-time.After(time.Second)
		asOf := time.Now()
		mustSearch(t, c, alice, "sled")
		saves(4)
		p.script(erptest.Fail(erpclient.KindUnavailable))
		if trail := wantSource(t, erpclient.SourceStale, time.Second, searching(c, alice, "sled")); !trail.AsOf.Equal(asOf) {
			t.Errorf("as of %s, want the younger one of %s", trail.AsOf, asOf)
		}
	})
}

func TestTheAnswerOfTheStandbyIsKeptAsWell(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPair()
		p.erp.Script(erptest.Fail(erpclient.KindUnavailable))
		c := p.keeping(t, noRetries)
		p.standby.Script(erptest.Fail(erpclient.KindUnavailable))
		wantSource(t, erpclient.SourceStale, time.Second, searching(c, alice, "sled"))
	})
}

func TestWhoeverJoinsAFlightHasItsAnswerKeptUnderTheirOwnBinding(t *testing.T) {
	colleague := alice
	colleague.BindingID = "b-9"
	bubble(t, func(t *testing.T) {
		p := newPair()
		p.script(func(ctx context.Context, op string) error { return erptest.Slow(ctx, op, 50*time.Millisecond) })
		c := p.client(noRetries)
		run(t, c)
		both := make(chan struct{})
		go func() { defer close(both); mustSearch(t, c, alice, "sled") }()
		mustSearch(t, c, colleague, "sled")
		<-both
		wantCalls(t, p.erp, erptest.OpSearchOrders, 1)
		saved(t)
		p.script(erptest.Fail(erpclient.KindUnavailable))
		for _, id := range []erpclient.Identity{alice, colleague} {
			wantSource(t, erpclient.SourceStale, time.Second, searching(c, id, "sled"))
		}
	})
}

func TestABrokenAnswerStoreCostsNothingButTheLastGoodAnswer(t *testing.T) {
	tests := map[string]func(context.Context, string) error{
		"failing": func(context.Context, string) error { return errors.New("store is down") },
		"hanging": erptest.Hang,
	}
	for name, fault := range tests {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				p := newPair()
				p.answers.Script(fault)
				c := p.client(noRetries)
				run(t, c)
				for i := range 600 { // more than may wait to be kept
					wantSource(t, erpclient.SourceLive, 0, searching(c, alice, strconv.Itoa(i)))
				}
				p.script(erptest.Fail(erpclient.KindUnavailable))
				start := time.Now()
				_, err := search(t.Context(), c, alice, "1")
				wantKind(t, err, erpclient.KindUnavailable)
				if took := time.Since(start); took > 2500*time.Millisecond {
					t.Errorf("the ERP's error took %s", took)
				}
			})
		})
	}
}

func TestWhatAStoreGarbledIsNotShown(t *testing.T) {
	for _, blob := range []string{"", "null", "{", `{"asOf":"yesterday","answer":{}}`, `{"asOf":"2000-01-01T00:00:00Z","answer":7}`} {
		bubble(t, func(t *testing.T) {
			p := newPair()
			c := p.client(func(cfg *erpclient.Config) { cfg.Answers = garbled(blob) })
			p.script(erptest.Fail(erpclient.KindUnavailable))
			page, err := search(t.Context(), c, alice, "sled")
			wantKind(t, err, erpclient.KindUnavailable)
			if len(page.Orders) > 0 {
				t.Errorf("%q: got %+v beside the error", blob, page)
			}
		})
	}
}

// garbled is a store that has the same for every question.
type garbled string

func (garbled) SaveAnswers(context.Context, []erpclient.KeptAnswer, time.Duration) error { return nil }

func (g garbled) LoadAnswer(context.Context, string, string) ([]byte, bool, error) {
	return []byte(g), true, nil
}

// saved waits until all that waited to be kept is: answers gather for a moment.
func saved(t *testing.T) {
	t.Helper()
	<-time.After(100 * time.Millisecond)
	synctest.Wait()
}

// stepwise notes how many answers were saved in each step.
type stepwise struct {
	*erptest.Answers
	steps *[]int
}

func (s stepwise) SaveAnswers(ctx context.Context, answers []erpclient.KeptAnswer, ttl time.Duration) error {
	*s.steps = append(*s.steps, len(answers))
	return s.Answers.SaveAnswers(ctx, answers, ttl)
}

// TestAnswersAreSavedTogether keeps: the first is saved at once; what comes right behind it gathers, each under its own
// question, up to a bound.
func TestAnswersAreSavedTogether(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p, steps := newPair(), []int{}
		c := p.client(func(cfg *erpclient.Config) { cfg.MaxRetries, cfg.Answers = -1, stepwise{p.answers, &steps} })
		run(t, c)
		mustSearch(t, c, alice, "the first")
		synctest.Wait()
		for i := range 40 {
			mustSearch(t, c, alice, strconv.Itoa(i))
		}
		saved(t)
		if !slices.Equal(steps, []int{1, 32, 8}) {
			t.Errorf("saved in steps of %v", steps)
		}
		p.script(erptest.Fail(erpclient.KindUnavailable))
		for i := range 40 {
			wantSource(t, erpclient.SourceStale, time.Second, searching(c, alice, strconv.Itoa(i)))
		}
	})
}

func TestAnAnswerThatFoundNoRoomIsKeptTheNextTime(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPair()
		gate := make(chan struct{})
		p.answers.Script(func(_ context.Context, operation string) error {
			if operation == "Save" {
				<-gate
			}
			return nil
		})
		c := p.client(noRetries)
		run(t, c)
		const waiting = 512
		mustSearch(t, c, alice, "being written")
		synctest.Wait()
		for i := range waiting {
			mustSearch(t, c, alice, strconv.Itoa(i))
		}
		mustSearch(t, c, alice, "no room")
		close(gate)
		saved(t)
		if n := p.answers.Len(); n != 1+waiting {
			t.Fatalf("%d answers are kept, want %d", n, 1+waiting)
		}
		mustSearch(t, c, alice, "no room")
		saved(t)
		p.script(erptest.Fail(erpclient.KindUnavailable))
		wantSource(t, erpclient.SourceStale, time.Second, searching(c, alice, "no room"))
	})
}

func TestAHugeAnswerIsNotKept(t *testing.T) {
	for size, want := range map[int]int{250 << 10: 1, 256 << 10: 0} {
		t.Run(strconv.Itoa(size), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				p := newPair()
				p.erp.OnSearchOrders = func(context.Context, erpclient.Auth, erpclient.OrderQuery) (erpclient.OrderPage, error) {
					return erpclient.OrderPage{Orders: []erpclient.Order{{Remark: strings.Repeat("x", size)}}}, nil
				}
				c := p.client(nil)
				run(t, c)
				mustSearch(t, c, alice, "sled")
				synctest.Wait()
				if got := p.answers.Saves(); got != want {
					t.Errorf("%d answers were handed to the store, want %d", got, want)
				}
			})
		})
	}
}

func TestNothingIsKeptWithoutABinding(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPair()
		c := p.client(nil)
		run(t, c)
		if _, err := c.BindInvite(t.Context(), "7788"); err != nil {
			t.Fatal(err)
		}
		unbound := alice
		unbound.BindingID = ""
		mustSearch(t, c, unbound, "sled")
		synctest.Wait()
		if n := p.answers.Saves(); n != 0 {
			t.Errorf("%d answers were handed to the store, want none", n)
		}
		p.script(erptest.Fail(erpclient.KindUnavailable))
		_, err := c.BindInvite(t.Context(), "7788")
		wantKind(t, err, erpclient.KindUnavailable)
	})
}

func TestWithoutAnAnswerStoreTheErrorIsTold(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPair()
		c := p.client(func(cfg *erpclient.Config) { cfg.Answers = nil })
		run(t, c)
		mustSearch(t, c, alice, "sled")
		p.script(erptest.Fail(erpclient.KindUnavailable))
		_, err := search(t.Context(), c, alice, "sled")
		wantKind(t, err, erpclient.KindUnavailable)
	})
}

// Replicas share the store: the one that has seen the answer need not be the one that is asked.
func TestAnotherReplicasAnswerIsShown(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPair()
		p.keeping(t, nil)
		p.script(erptest.Fail(erpclient.KindUnavailable))
		wantSource(t, erpclient.SourceStale, time.Second, searching(p.client(noRetries), alice, "sled"))
	})
}
