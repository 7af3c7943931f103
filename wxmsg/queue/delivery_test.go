package queue

import (
	"strings"
	"testing"
	"time"

	"snowgate/wxmsg"
)

func event(openid, wx string, code int) Delivery {
	return Delivery{OpenID: openid, TemplateID: "tpl-1", WeChatMsgID: wx, ErrorCode: code, ErrorStatus: strings.Repeat("失", 100)}
}

func TestReportOfAKnownMessage(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		b := w.queue(t)
		b.sender.answer = func(m wxmsg.Message, _ int) (string, error) { return "wx-" + m.OpenID, nil }
		b.accept("good", "anna")
		b.accept("bad", "bob")
		b.run()
		b.becomes("good", StateSent)
		b.becomes("bad", StateSent)
		noErr(t, b.Settle(ctx, event("anna", "wx-anna", 0)))
		noErr(t, b.Settle(ctx, event("bob", "wx-bob", 1)))
		if s := b.becomes("good", StateSent); !s.Delivered || !b.notes.latest("good").Delivered {
			t.Errorf("%+v", s)
		}
		if s := b.becomes("bad", StateFailed); s.Delivered || s.ErrCode != 1 || s.Reason != "not delivered: "+strings.Repeat("失", 64) {
			t.Errorf("%+v", s)
		}
		notes := len(b.notes.of("good")) + len(b.notes.of("bad"))
		noErr(t, b.Settle(ctx, event("anna", "wx-anna", 0)))
		noErr(t, b.Settle(ctx, event("anna", "wx-anna", 1)))
		noErr(t, b.Settle(ctx, event("bob", "wx-bob", 0)))
		if again := len(b.notes.of("good")) + len(b.notes.of("bad")); again != notes || b.state("bad") != StateFailed || b.state("good") != StateSent {
			t.Errorf("a repeated report changed something: %d notes became %d", notes, again)
		}
	})
}

func TestReportSettlesTheUnknownItFits(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		b := w.queue(t)
		b.sender.answer = func(wxmsg.Message, int) (string, error) { return "", failure(wxmsg.FateUnknown, 0, 0) }
		for _, id := range []string{"m1", "m2", "m3"} {
			b.accept(id, "anna")
		}
		b.run()
		for _, id := range []string{"m1", "m2", "m3"} {
			b.becomes(id, StateUnknown)
		}
		noErr(t, b.Settle(ctx, Delivery{OpenID: "anna", TemplateID: "tpl-2", WeChatMsgID: "wx-0"})) // of another template
		noErr(t, b.Settle(ctx, event("bob", "wx-0", 0)))                                            // of another user
		old := event("anna", "wx-9", 0)
		old.At = time.Now().Add(-time.Hour)
		noErr(t, b.Settle(ctx, old)) // of a time when none of them was sent
		noErr(t, b.Settle(ctx, event("anna", "wx-3", 0)))
		noErr(t, b.Settle(ctx, event("anna", "wx-3", 0)))
		noErr(t, b.Settle(ctx, event("anna", "wx-2", 7)))
		if s := b.becomes("m3", StateSent); s.WeChatMsgID != "wx-3" || !s.Delivered {
			t.Errorf("%+v", s)
		}
		b.becomes("m2", StateFailed)
		if b.state("m1") != StateUnknown {
			t.Errorf("m1 is %s", b.state("m1"))
		}
		if err := b.Settle(ctx, Delivery{}); err == nil {
			t.Error("an empty report was taken")
		}
	})
}

// TestReportFasterThanTheAnswer brings WeChat's event while the send is under way. It counts, but the mailbox stays
// closed until the answer is there.
func TestReportFasterThanTheAnswer(t *testing.T) {
	for _, row := range []struct {
		name string
		err  error
		code int
		want State
	}{
		{"answered", nil, 0, StateSent},
		{"answer lost", failure(wxmsg.FateUnknown, 0, 0), 0, StateSent},
		{"not delivered", nil, 5, StateFailed},
	} {
		t.Run(row.name, func(t *testing.T) {
			inWorlds(t, func(t *testing.T, w *world) {
				b := w.queue(t)
				b.sender.answer = func(m wxmsg.Message, _ int) (string, error) {
					if !strings.HasSuffix(m.Data["thing1"], "m1") {
						return "wx-2", nil
					}
					if err := b.Settle(ctx, event("anna", "wx-1", row.code)); err != nil {
						t.Error(err)
					}
					if s, err := b.Status(ctx, "m1"); err != nil || s.State != StateQueued {
						t.Errorf("%+v, %v", s, err)
					}
					return "wx-1", row.err
				}
				b.accept("m1", "anna")
				b.accept("m2", "anna")
				b.run()
				if s := b.becomes("m1", row.want); s.WeChatMsgID != "wx-1" || s.Delivered != (row.code == 0) {
					t.Errorf("%+v", s)
				}
				b.becomes("m2", StateSent)
			})
		})
	}
}

// TestReportFitsTheMessageInHand: one that was lost before is older, and its own event would have come before.
func TestReportFitsTheMessageInHand(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		b := w.queue(t)
		b.sender.answer = func(m wxmsg.Message, _ int) (string, error) {
			if strings.HasSuffix(m.Data["thing1"], "m1") {
				return "", failure(wxmsg.FateUnknown, 0, 0)
			}
			if err := b.Settle(ctx, event("anna", "wx-2", 0)); err != nil {
				t.Error(err)
			}
			return "", failure(wxmsg.FateUnknown, 0, 0) // the answer is lost, the event was there
		}
		b.accept("m1", "anna")
		b.accept("m2", "anna")
		b.run()
		if s := b.becomes("m2", StateSent); s.WeChatMsgID != "wx-2" {
			t.Errorf("%+v", s)
		}
		b.becomes("m1", StateUnknown)
	})
}

// TestReportTakenForAnotherMessageIsPutRight: an event that no message in hand claims goes to m1, which is unknown, until
// m2's answer names it.
func TestReportTakenForAnotherMessageIsPutRight(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		b := w.queue(t)
		b.sender.answer = func(m wxmsg.Message, _ int) (string, error) {
			if strings.HasSuffix(m.Data["thing1"], "m1") {
				return "", failure(wxmsg.FateUnknown, 0, 0)
			}
			return "wx-2", nil
		}
		b.accept("m1", "anna")
		b.run()
		b.becomes("m1", StateUnknown)
		noErr(t, b.Settle(ctx, event("anna", "wx-2", 0)))
		b.becomes("m1", StateSent)
		b.accept("m2", "anna")
		if s := b.becomes("m2", StateSent); s.WeChatMsgID != "wx-2" {
			t.Errorf("%+v", s)
		}
		if s := b.becomes("m1", StateUnknown); s.WeChatMsgID != "" || s.Delivered {
			t.Errorf("%+v", s)
		}
		noErr(t, b.Settle(ctx, event("anna", "wx-1", 0)))
		b.becomes("m1", StateSent)
	})
}
