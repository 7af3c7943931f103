package queue

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"
)

func TestAcceptedMessageIsSentOnceAndToldOf(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		b := w.queue(t).run()
		s := b.accept("m1", "anna")
		if s.State != StateQueued || s.MsgID != "m1" || s.TemplateID != "tpl-1" || s.Sender != "test" || s.Person != b.person("anna") ||
			s.AcceptedAt.IsZero() || s.Repeated {
			t.Errorf("accepted %+v", s)
		}
		s = b.becomes("m1", StateSent)
		if s.Attempts != 1 || s.WeChatMsgID != "wx-secret words for m1" || s.Reason != "" || !s.UpdatedAt.After(s.AcceptedAt) {
			t.Errorf("sent %+v", s)
		}
		eventually(t, "the end is noted", func() bool { return b.notes.latest("m1").State == StateSent })
		changes := b.notes.of("m1")
		if len(changes) != 2 || changes[0].State != StateQueued || changes[0].Content != "masked tpl-1" || changes[1].Content != "masked tpl-1" ||
			!changes[1].ChangedAt.After(changes[0].ChangedAt) || !changes[0].AcceptedAt.Equal(changes[1].AcceptedAt) {
			t.Errorf("noted %+v", changes)
		}
		eventually(t, "the mailbox closes", func() bool { s, err := b.Stats(ctx); return err == nil && s.Mailboxes == 0 && s.Unnoted == 0 })
		if b.sender.total() != 1 {
			t.Errorf("sent %d times", b.sender.total())
		}
	})
}

func TestParallelRepeatsAreOneMessage(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		b := w.queue(t, func(c *Config) { c.RequireConsent = true }).run()
		b.credit("anna", 3)
		var wg sync.WaitGroup
		var first sync.Map
		for i := range 50 {
			wg.Go(func() {
				s, err := b.Accept(ctx, request("m1", "anna"))
				if err != nil || s.MsgID != "m1" {
					t.Errorf("%+v, %v", s, err)
				}
				if !s.Repeated {
					first.Store(i, true)
				}
			})
		}
		wg.Wait()
		n := 0
		first.Range(func(any, any) bool { n++; return true })
		b.becomes("m1", StateSent)
		if n != 1 || b.sender.total() != 1 || b.credits("anna") != 2 {
			t.Errorf("%d were first, %d sent, %d credits left", n, b.sender.total(), b.credits("anna"))
		}
	})
}

func TestRefusedRequests(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		b := w.queue(t, func(c *Config) { c.RequireConsent = true })
		_, err := b.Accept(ctx, request("m0", "anna"))
		wantErr(t, err, ErrNoConsent)
		_, err = b.Status(ctx, "m0")
		wantErr(t, err, ErrNotFound)

		free := request("m1", "anna")
		free.FreeOfConsent = true
		_, err = b.Accept(ctx, free)
		noErr(t, err)
		free.Fingerprint = "another"
		_, err = b.Accept(ctx, free)
		wantErr(t, err, ErrKeyReused)

		for name, bad := range map[string]func(*Request){
			"no id":         func(r *Request) { r.MsgID = "" },
			"no openid":     func(r *Request) { r.Message.OpenID = "" },
			"no template":   func(r *Request) { r.Message.TemplateID = "" },
			"long id":       func(r *Request) { r.MsgID = strings.Repeat("x", 129) },
			"long print":    func(r *Request) { r.Fingerprint = strings.Repeat("x", 257) },
			"large content": func(r *Request) { r.Message.Page = strings.Repeat("x", 20000) },
		} {
			r := request("m2", "anna")
			r.FreeOfConsent = true
			bad(&r)
			if _, err := b.Accept(ctx, r); err == nil || errors.Is(err, ErrUnavailable) {
				t.Errorf("%s: %v", name, err)
			}
		}
		gone, cancel := context.WithCancel(ctx)
		cancel()
		if _, err := b.Accept(gone, request("m3", "anna")); !errors.Is(err, context.Canceled) {
			t.Errorf("a caller that went away: %v", err)
		}
	})
}

func TestConsentIsUsedUpWhereItIsNotRequired(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		b := w.queue(t)
		b.credit("anna", 1)
		b.accept("m1", "anna")
		b.accept("m2", "anna")
		if b.credits("anna") != 0 {
			t.Errorf("%d credits left", b.credits("anna"))
		}
	})
}

func TestRedisLearnsNeitherNamesNorWords(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		b := w.queue(t)
		b.credit("openid-of-anna", 2)
		b.accept("m1", "openid-of-anna")
		held := w.dump(t)
		for _, secret := range []string{"openid-of-anna", "secret words", "pages/order"} {
			if strings.Contains(held, secret) {
				t.Errorf("Redis holds %q", secret)
			}
		}
		for _, key := range w.keys(t) {
			if !strings.HasPrefix(key, w.prefix+"{msg}:") && !strings.HasPrefix(key, "asynq:{"+w.prefix+"msg}:") {
				t.Errorf("a key outside: %s", key)
			}
		}
		b.run()
		b.becomes("m1", StateSent)
		if w.rdb.HExists(ctx, b.recordKey("m1"), "c").Val() {
			t.Error("the content of a sent message is still there")
		}
		if strings.Contains(b.log.String(), "openid-of-anna") || strings.Contains(b.log.String(), "secret words") {
			t.Errorf("logged: %s", b.log)
		}
	})
}

// lossy lets scripts through and loses their answers, when told to.
type lossy struct {
	mu    sync.Mutex
	lose  func(args []any) bool
	block func(args []any) bool // not even let through
}

func (l *lossy) DialHook(next redis.DialHook) redis.DialHook { return next }

func (l *lossy) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (l *lossy) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		l.mu.Lock()
		lose, block := l.lose != nil && l.lose(cmd.Args()), l.block != nil && l.block(cmd.Args())
		l.mu.Unlock()
		if block {
			cmd.SetErr(errLost)
			return errLost
		}
		err := next(ctx, cmd)
		if lose && err == nil {
			cmd.SetErr(errLost)
			return errLost
		}
		return err
	}
}

func (l *lossy) set(lose, block func([]any) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lose, l.block = lose, block
}

var errLost = errors.New("connection reset by the test")

// runs tells calls of one script.
func runs(s *redis.Script) func([]any) bool {
	return func(args []any) bool {
		return strings.HasPrefix(fmt.Sprint(args[0]), "eval") && (args[1] == s.Hash() || strings.Contains(fmt.Sprint(args[1]), "\n") && redis.NewScript(args[1].(string)).Hash() == s.Hash())
	}
}

func either(fs ...func([]any) bool) func([]any) bool {
	return func(args []any) bool {
		for _, f := range fs {
			if f(args) {
				return true
			}
		}
		return false
	}
}

func TestAcceptWithLostAnswerAcceptsNothing(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		l := &lossy{}
		b := w.queue(t, func(c *Config) { c.RequireConsent = true })
		b.credit("anna", 1)
		w.rdb.AddHook(l)
		l.set(runs(acceptScript), nil)
		_, err := b.Accept(ctx, request("m1", "anna"))
		wantErr(t, err, ErrUnavailable)
		l.set(nil, nil)
		_, err = b.Status(ctx, "m1")
		wantErr(t, err, ErrNotFound)
		if b.credits("anna") != 1 {
			t.Errorf("%d credits", b.credits("anna"))
		}
		b.run()
		if s := b.accept("m1", "anna"); s.Repeated {
			t.Error("the failed call was taken for a first one")
		}
		b.becomes("m1", StateSent)
	})
}

func TestFailedRepeatWithdrawsNothing(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		l := &lossy{}
		b := w.queue(t)
		b.accept("m1", "anna")
		w.rdb.AddHook(l)
		l.set(runs(acceptScript), nil)
		_, err := b.Accept(ctx, request("m1", "anna"))
		wantErr(t, err, ErrUnavailable)
		l.set(nil, nil)
		if b.state("m1") != StateQueued {
			t.Error("a repeat took back what was promised before")
		}
	})
}

func TestAcceptThatArrivesAfterItsWithdrawalIsForbidden(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		b := w.queue(t)
		_, err := b.ask(ctx, "test", withdrawScript, hash("m1"), "call-1")
		noErr(t, err)
		said, err := b.ask(ctx, "test", acceptScript, hash("m1"), "m1", "fp", "p", "t", "s", "c", creditFree, "call-1", 0)
		noErr(t, err)
		_, err = b.Status(ctx, "m1")
		if said.word() != "withdrawn" || !errors.Is(err, ErrNotFound) {
			t.Errorf("%v, %v", said, err)
		}
	})
}
