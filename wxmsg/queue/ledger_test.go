package queue

import (
	"fmt"
	"testing"
	"time"

	"snowgate/wxmsg"
)

func TestOneTapReportedTwiceIsOneCredit(t *testing.T) {
	const c, p = SourceClient, SourcePush
	for _, row := range []struct {
		reports []Source
		want    int
	}{
		{[]Source{c}, 1},
		{[]Source{c, p}, 1},
		{[]Source{p, c}, 1},
		{[]Source{c, c}, 2},
		{[]Source{c, c, p, p}, 2},
		{[]Source{p, p, p, c}, 3},
		{[]Source{c, p, c, p, c}, 3},
		{[]Source{c, p, p}, 2},
	} {
		t.Run(fmt.Sprint(row.reports), func(t *testing.T) {
			inWorlds(t, func(t *testing.T, w *world) {
				b := w.queue(t)
				noErr(t, b.Credit(ctx, "anna", "tpl-2", SourcePush)) // of another template: matches nothing
				for _, source := range row.reports {
					noErr(t, b.Credit(ctx, "anna", "tpl-1", source))
				}
				if n := b.credits("anna"); n != row.want {
					t.Errorf("%d credits, want %d", n, row.want)
				}
				if n := b.credits("bob"); n != 0 {
					t.Errorf("bob has %d", n)
				}
			})
		})
	}
}

func TestTapsFarApartAreTwo(t *testing.T) {
	w := openMini(t)
	b := w.queue(t)
	now := time.Now()
	w.mini.SetTime(now)
	noErr(t, b.Credit(ctx, "anna", "tpl-1", SourceClient))
	w.mini.SetTime(now.Add(11 * time.Minute))
	noErr(t, b.Credit(ctx, "anna", "tpl-1", SourcePush))
	if n := b.credits("anna"); n != 2 {
		t.Errorf("%d credits", n)
	}
}

func TestLedgerIsBounded(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		b := w.queue(t)
		for i := range maxTemplates + 5 {
			noErr(t, b.Credit(ctx, "anna", fmt.Sprint("tpl-", i), SourceClient))
		}
		c, err := b.Credits(ctx, "anna")
		if err != nil || len(c) != maxTemplates {
			t.Errorf("%d templates, %v", len(c), err)
		}
		if n := w.rdb.ZCard(ctx, b.base()+"mk:"+b.person("anna")).Val(); n > maxMarks {
			t.Errorf("%d marks", n)
		}
		w.rdb.HSet(ctx, b.base()+"cr:"+b.person("anna"), "tpl-1", maxCredits)
		b.credit("anna", 1)
		if n := b.credits("anna"); n != maxCredits {
			t.Errorf("%d credits", n)
		}
		for _, bad := range [][3]string{{"", "t", "client"}, {"anna", "", "client"}, {"anna", "t", "elsewhere"}} {
			if err := b.Credit(ctx, bad[0], bad[1], Source(bad[2])); err == nil {
				t.Errorf("credited %v", bad)
			}
		}
	})
}

func TestRevokedConsentIsGone(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		b := w.queue(t)
		b.credit("anna", 3)
		noErr(t, b.Revoke(ctx, "anna", "tpl-2"))
		if b.credits("anna") != 3 {
			t.Error("another template's credits are gone")
		}
		noErr(t, b.Revoke(ctx, "anna", "tpl-1"))
		if b.credits("anna") != 0 {
			t.Errorf("%d credits", b.credits("anna"))
		}
	})
}

func TestCreditFollowsItsMessage(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		b := w.queue(t)
		b.sender.answer = func(_ wxmsg.Message, nth int) (string, error) {
			if nth == 1 {
				return "", failure(wxmsg.FateFailed, 47003, 0)
			}
			return "", nil
		}
		b.credit("anna", 2)
		b.accept("m1", "anna")
		b.accept("dropped", "anna")
		if b.credits("anna") != 0 {
			t.Errorf("accepted: %d credits", b.credits("anna"))
		}
		noErr(t, b.Drop(ctx, "dropped"))
		if b.credits("anna") != 1 {
			t.Errorf("dropped: %d credits", b.credits("anna"))
		}
		b.run()
		b.becomes("m1", StateFailed)
		if b.credits("anna") != 2 {
			t.Errorf("failed: %d credits", b.credits("anna"))
		}
		noErr(t, b.Retry(ctx, "m1"))
		b.becomes("m1", StateSent)
		if b.credits("anna") != 1 {
			t.Errorf("sent by a retry: %d credits", b.credits("anna"))
		}
	})
}
