package session

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

const aList = "search_orders\x00\"sled\"\"\"\"1\"\"20\""

func saveAnswerOf(t *testing.T, s *Store, bindingID, question, text string) {
	t.Helper()
	noErr(t, s.SaveAnswer(ctx, bindingID, question, []byte(text), 10*time.Minute))
}

func wantAnswer(t *testing.T, s *Store, bindingID, question, want string) {
	t.Helper()
	if got, err := s.LoadAnswer(ctx, bindingID, question); err != nil || string(got) != want {
		t.Errorf("%s, %q: got %q, %v; want %q", bindingID, question, got, err, want)
	}
}

func wantNoAnswer(t *testing.T, s *Store, bindingID, question string) {
	t.Helper()
	_, err := s.LoadAnswer(ctx, bindingID, question)
	wantErr(t, err, ErrNotFound)
}

func answerOfThatBindingAndQuestion(t *testing.T, w *world) {
	s, replica := w.store(t, Config{}), w.store(t, Config{})
	wantNoAnswer(t, s, "b1", aList)
	saveAnswerOf(t, s, "b1", aList, `{"orders":[1]}`)
	saveAnswerOf(t, s, "b1", "order", "an order")
	saveAnswerOf(t, s, "b2", aList, `{"orders":[2]}`)
	wantAnswer(t, replica, "b1", aList, `{"orders":[1]}`)
	wantAnswer(t, replica, "b1", "order", "an order")
	wantAnswer(t, replica, "b2", aList, `{"orders":[2]}`)
	for _, other := range [][2]string{{"b2", "order"}, {"b", aList}, {"b1", ""}, {"", aList}, {"b1s", aList[1:]}} {
		wantNoAnswer(t, s, other[0], other[1])
	}

	saveAnswerOf(t, replica, "b1", aList, "a younger one")
	wantAnswer(t, s, "b1", aList, "a younger one")
	saveAnswerOf(t, s, "b1", aList, "")
	wantAnswer(t, s, "b1", aList, "")
	if s.SaveAnswer(ctx, "", aList, nil, time.Minute) == nil || s.SaveAnswer(ctx, "b1", aList, nil, 0) == nil {
		t.Error("an answer without a binding or a lifetime was stored")
	}
}

func answersEnd(t *testing.T, w *world) {
	s := w.store(t, Config{})
	saveAnswerOf(t, s, "b1", "old", "old")
	saveAnswerOf(t, s, "b2", "old", "old")
	w.forward(t, 9*time.Minute)
	saveAnswerOf(t, s, "b1", "young", "young")
	w.forward(t, 2*time.Minute)
	wantNoAnswer(t, s, "b2", "old")
	wantAnswer(t, s, "b1", "young", "young") // whoever reads the old one beside it knows its age
	w.forward(t, 9*time.Minute)
	wantNoAnswer(t, s, "b1", "young")
	wantNoAnswer(t, s, "b1", "old")
	if keys := w.keys(t); len(keys) != 0 {
		t.Errorf("Redis still holds %v", keys)
	}
}

func answersBounded(t *testing.T, w *world) {
	s := w.store(t, Config{})
	found := func(bindingID string) (n int) {
		t.Helper()
		for i := range 200 {
			if answer, err := s.LoadAnswer(ctx, bindingID, fmt.Sprint("question ", i)); err == nil {
				n++
				if want := fmt.Sprint("answer ", i); string(answer) != want {
					t.Errorf("got %q, want %q", answer, want)
				}
			}
		}
		return n
	}
	for i := range 200 {
		saveAnswerOf(t, s, "b1", fmt.Sprint("question ", i), fmt.Sprint("answer ", i))
		wantAnswer(t, s, "b1", fmt.Sprint("question ", i), fmt.Sprint("answer ", i)) // the newest is never the one that goes
		if i < maxAnswers {
			saveAnswerOf(t, s, "b2", fmt.Sprint("question ", i), fmt.Sprint("answer ", i))
		}
	}
	if n := found("b1"); n != 64 {
		t.Errorf("%d answers are kept, want 64", n)
	}
	for i := range 64 { // a set that is full loses nothing by answers that replace
		saveAnswerOf(t, s, "b2", fmt.Sprint("question ", i), fmt.Sprint("answer ", i))
	}
	if n := found("b2"); n != 64 {
		t.Errorf("%d answers are kept beside it, want 64", n)
	}
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() {
			if err := s.SaveAnswer(ctx, "b1", fmt.Sprint("parallel ", i), nil, time.Minute); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := w.rdb.HLen(ctx, s.answersKey("b1")).Val(); n != 64 {
		t.Errorf("%d answers are kept after parallel saves, want 64", n)
	}
}

func answersEndWithBinding(t *testing.T, w *world) {
	s := w.store(t, Config{})
	noErr(t, s.Bind(ctx, annasBinding()))
	noErr(t, s.Bind(ctx, Binding{ID: "b9", OpenID: "openid-of-bob", Way: "invite"}))
	keep := func(bindings ...string) {
		t.Helper()
		for _, b := range bindings {
			saveAnswerOf(t, s, b, aList, "of "+b)
			saveAnswerOf(t, s, b, "order", "of "+b)
		}
	}
	keep("b1", "b9")

	// Logging in, out and binding with the same id again leave them.
	_, sess := create(t, s, anna)
	noErr(t, s.Revoke(ctx, sess.ID))
	create(t, s, anna)
	if _, err := s.RevokeAll(ctx, anna.OpenID); err != nil {
		t.Fatal(err)
	}
	noErr(t, s.Bind(ctx, annasBinding()))
	wantAnswer(t, s, "b1", aList, "of b1")

	// A binding that takes another's place ends it, and its answers.
	noErr(t, s.Bind(ctx, Binding{ID: "b2", OpenID: anna.OpenID, Way: "invite"}))
	wantNoAnswer(t, s, "b1", aList)
	wantNoAnswer(t, s, "b1", "order")
	keep("b2")

	if _, err := s.Unbind(ctx, anna.OpenID); err != nil {
		t.Fatal(err)
	}
	wantNoAnswer(t, s, "b2", aList)
	wantNoAnswer(t, s, "b2", "order")
	wantAnswer(t, s, "b9", aList, "of b9")
	wantAnswer(t, s, "b9", "order", "of b9")
}

// answersOfUnreadableBindingEnd: what can no longer be opened is erased all the same.
func answersOfUnreadableBindingEnd(t *testing.T, w *world) {
	before, after := w.store(t, Config{}, testKey("old", 1)), w.store(t, Config{}, testKey("new", 2))
	noErr(t, before.Bind(ctx, annasBinding()))
	saveAnswerOf(t, before, "b1", aList, "of b1")
	_, err := after.LoadAnswer(ctx, "b1", aList)
	wantErr(t, err, ErrUnreadable)
	if _, err := after.Unbind(ctx, anna.OpenID); err != nil {
		t.Fatal(err)
	}
	wantNoAnswer(t, before, "b1", aList)
}

func movedAnswerDoesNotOpen(t *testing.T, w *world) {
	s := w.store(t, Config{})
	move := func(fromBinding, fromQuestion, toBinding, toQuestion string) {
		t.Helper()
		sealed := w.rdb.HGet(ctx, s.answersKey(fromBinding), hash(fromQuestion)).Val()
		noErr(t, w.rdb.HSet(ctx, s.answersKey(toBinding), hash(toQuestion), sealed).Err())
	}
	saveAnswerOf(t, s, "b1", aList, "of b1")
	for _, to := range [][2]string{{"b2", aList}, {"b1", "order"}, {"b1s", aList[1:]}, {"b", "1" + aList}} {
		move("b1", aList, to[0], to[1])
		_, err := s.LoadAnswer(ctx, to[0], to[1])
		wantErr(t, err, ErrUnreadable)
	}
	wantAnswer(t, s, "b1", aList, "of b1")

	noErr(t, s.SaveERPLogin(ctx, "b1", []byte("cookie"), time.Hour)) // nor does what was sealed for another purpose
	noErr(t, w.rdb.HSet(ctx, s.answersKey("b1"), hash(aList), w.rdb.HGet(ctx, s.erpLoginKey("b1"), "v").Val()).Err())
	_, err := s.LoadAnswer(ctx, "b1", aList)
	wantErr(t, err, ErrUnreadable)
}

// TestAnAnswerOfAnEarlierReleaseOpens keeps: an upgrade while the ERP is down takes no last good answer away.
func TestAnAnswerOfAnEarlierReleaseOpens(t *testing.T) {
	w := openMiniredis(t)
	s := w.store(t, Config{})
	sealed := s.sealer.Seal(purposeAnswer, answerOwner("b1", aList), []byte("an answer"))
	noErr(t, w.rdb.HSet(ctx, s.answersKey("b1"), hash(aList), sealed).Err())
	wantAnswer(t, s, "b1", aList, "an answer")
	wantNoAnswer(t, s, "b1", "order")
}

func noAnswerReadable(t *testing.T, w *world) {
	s := w.store(t, Config{})
	saveAnswerOf(t, s, "binding-of-anna", "search_orders sled", `{"orders":[{"customerName":"雪兽","amount":1234.50}]}`)
	dump := w.dump(t)
	for _, secret := range []string{"binding-of-anna", "search_orders", "sled", "customerName", "雪兽", "1234.50"} {
		if strings.Contains(dump, secret) {
			t.Errorf("Redis holds %q in the clear", secret)
		}
	}
	if !strings.Contains(dump, s.answersKey("binding-of-anna")) || !strings.Contains(dump, "k1.") {
		t.Error("the dump lacks the answer: it proves nothing")
	}
}
