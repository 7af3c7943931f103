package queue

import (
	"strings"
	"testing"

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

func TestReportSettlesTheOldestUnknown(t *testing.T) {
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
		noErr(t, b.Settle(ctx, event("anna", "wx-1", 0)))
		noErr(t, b.Settle(ctx, event("anna", "wx-1", 0)))
		noErr(t, b.Settle(ctx, event("anna", "wx-2", 7)))
		if s := b.becomes("m1", StateSent); s.WeChatMsgID != "wx-1" || !s.Delivered {
			t.Errorf("%+v", s)
		}
		b.becomes("m2", StateFailed)
		if b.state("m3") != StateUnknown {
			t.Errorf("m3 is %s", b.state("m3"))
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

// TestReportTakenForAnOlderMessageIsPutRight: the event of m2 comes before m2's answer and goes to m1, which is unknown.
func TestReportTakenForAnOlderMessageIsPutRight(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		b := w.queue(t)
		b.sender.answer = func(m wxmsg.Message, _ int) (string, error) {
			if strings.HasSuffix(m.Data["thing1"], "m1") {
				return "", failure(wxmsg.FateUnknown, 0, 0)
			}
			if err := b.Settle(ctx, event("anna", "wx-2", 0)); err != nil {
				t.Error(err)
			}
			if s, err := b.Status(ctx, "m1"); err != nil || s.State != StateSent {
				t.Errorf("%+v, %v", s, err)
			}
			return "wx-2", nil
		}
		b.accept("m1", "anna")
		b.accept("m2", "anna")
		b.run()
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
