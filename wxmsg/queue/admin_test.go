package queue

import (
	"errors"
	"strings"
	"testing"

	"snowgate/wxmsg"
)

// lay brings messages into every state: their ids are the states, their users "of <state>".
func lay(t *testing.T, b *bench) {
	t.Helper()
	fates := map[string]error{"failed": failure(wxmsg.FateFailed, 47003, 0), "unknown": failure(wxmsg.FateUnknown, 0, 0),
		"refused": failure(wxmsg.FateRefused, 43101, 0)}
	b.sender.answer = func(m wxmsg.Message, nth int) (string, error) {
		if nth > 1 {
			return "", nil
		}
		return "", fates[strings.TrimPrefix(m.OpenID, "of ")]
	}
	for _, state := range []State{StateSent, StateFailed, StateUnknown, StateRefused, StateCancelled} {
		b.accept(string(state), "of "+string(state))
	}
	noErr(t, b.Drop(ctx, "cancelled"))
	b.run()
	for _, state := range []State{StateSent, StateFailed, StateUnknown, StateRefused, StateCancelled} {
		b.becomes(string(state), state)
	}
}

func TestAdminRetriesWhatIsDead(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		b := w.queue(t)
		lay(t, b)
		for _, state := range []string{"sent", "refused", "cancelled"} {
			wantErr(t, b.Retry(ctx, state), ErrState)
		}
		wantErr(t, b.Retry(ctx, "no such"), ErrNotFound)
		for _, state := range []string{"failed", "unknown"} {
			noErr(t, b.Retry(ctx, state))
			if s := b.becomes(state, StateSent); s.Attempts != 1 {
				t.Errorf("%+v", s)
			}
		}
	})
}

func TestAdminDropsWhatIsNotSent(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		b := w.queue(t)
		lay(t, b)
		for _, state := range []string{"sent", "refused", "cancelled"} {
			wantErr(t, b.Drop(ctx, state), ErrState)
		}
		wantErr(t, b.Drop(ctx, "no such"), ErrNotFound)
		for _, state := range []string{"failed", "unknown"} {
			noErr(t, b.Drop(ctx, state))
			if s := b.becomes(state, StateCancelled); s.Reason == "" || b.notes.latest(state).State != StateCancelled ||
				w.rdb.HExists(ctx, b.recordKey(state), "c").Val() {
				t.Errorf("%+v", s)
			}
		}
		if s, err := b.Stats(ctx); err != nil || s.Failed+s.Unknown+s.Queued != 0 {
			t.Errorf("%+v, %v", s, err)
		}
	})
}

func TestMessageOnItsWayCannotBeDropped(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		b := w.queue(t)
		b.sender.answer = func(wxmsg.Message, int) (string, error) {
			if err := b.Drop(ctx, "m1"); !errors.Is(err, ErrState) {
				t.Errorf("dropped: %v", err)
			}
			return "", nil
		}
		b.accept("m1", "anna")
		b.run()
		b.becomes("m1", StateSent)
	})
}

func TestForgottenUserIsErased(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		b := w.queue(t)
		lay(t, b)
		b.end()
		// What lay made belongs to one user each; anna gets a queue and a past.
		b = w.queue(t)
		b.sender.answer = func(wxmsg.Message, int) (string, error) { return "", failure(wxmsg.FateUnknown, 0, 0) }
		b.credit("anna", 5)
		b.accept("past", "anna")
		b.run()
		b.becomes("past", StateUnknown)
		b.end()
		for _, id := range []string{"m1", "m2", "m3"} {
			b.accept(id, "anna")
		}
		b.accept("bobs", "bob")
		n, err := b.Forget(ctx, "anna")
		if err != nil || n != 3 {
			t.Fatalf("cancelled %d, %v", n, err)
		}
		for _, id := range []string{"m1", "m2", "m3"} {
			if b.state(id) != StateCancelled || b.notes.latest(id).State != StateCancelled {
				t.Errorf("%s is %s, noted %s", id, b.state(id), b.notes.latest(id).State)
			}
		}
		for _, id := range []string{"m1", "m2", "m3", "past"} {
			if w.rdb.HExists(ctx, b.recordKey(id), "c").Val() {
				t.Errorf("the content of %s is still there", id)
			}
		}
		wantErr(t, b.Retry(ctx, "past"), ErrState)
		if b.credits("anna") != 0 || b.state("bobs") != StateQueued || w.rdb.Exists(ctx, b.base()+"box:"+b.person("anna")).Val() != 0 {
			t.Error("credits or mailbox are left, or bob was touched")
		}
		if n, err := b.Forget(ctx, "anna"); err != nil || n != 0 {
			t.Errorf("again: cancelled %d, %v", n, err)
		}
		if _, err := b.Forget(ctx, "stranger"); err != nil {
			t.Error(err)
		}
	})
}

// TestForgottenWhileOnItsWay: it cannot be called back, but it is not tried again, and no credit returns.
func TestForgottenWhileOnItsWay(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		b := w.queue(t)
		b.credit("anna", 2)
		b.sender.answer = func(wxmsg.Message, int) (string, error) {
			if n, err := b.Forget(ctx, "anna"); err != nil || n != 1 {
				t.Errorf("cancelled %d, %v", n, err)
			}
			return "", failure(wxmsg.FateRetry, -1, 0)
		}
		b.accept("m1", "anna")
		b.accept("m2", "anna")
		b.run()
		b.becomes("m1", StateCancelled)
		b.becomes("m2", StateCancelled)
		if b.sender.total() != 1 || b.credits("anna") != 0 {
			t.Errorf("%d sends, %d credits", b.sender.total(), b.credits("anna"))
		}
	})
}
