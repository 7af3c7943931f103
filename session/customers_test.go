package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// bindTo binds an openid of its own to a customer.
func bindTo(t *testing.T, s *Store, id, openid, customer string) {
	t.Helper()
	noErr(t, s.Bind(ctx, Binding{ID: id, OpenID: openid, Way: "invite", CustomerID: customer}))
}

func wantBoundTo(t *testing.T, s *Store, customer string, want ...string) {
	t.Helper()
	list, err := s.BoundTo(ctx, customer)
	noErr(t, err)
	var ids []string
	for _, b := range list {
		ids = append(ids, b.ID)
	}
	if !reflect.DeepEqual(ids, want) {
		t.Errorf("bound to %s: %v, want %v", customer, ids, want)
	}
}

func customersBindingsFound(t *testing.T, w *world) {
	day := 0
	s := w.store(t, Config{Now: func() time.Time { day++; return time.Date(2026, 3, day, 0, 0, 0, 0, time.UTC) }})
	replica := w.store(t, Config{})
	wantBoundTo(t, s, "K7")
	noErr(t, s.Bind(ctx, annasBinding()))
	bindTo(t, s, "b2", "openid-of-bob", "K7")
	bindTo(t, s, "b3", "openid-of-carl", "K8")
	bindTo(t, s, "b4", "openid-of-dora", "")
	wantBoundTo(t, replica, "K7", "b1", "b2")
	wantBoundTo(t, replica, "K8", "b3")
	wantBoundTo(t, replica, "")
	wantBoundTo(t, replica, "K")

	list, err := replica.BoundTo(ctx, "K7")
	want := annasBinding()
	want.Secret = ""
	if err != nil || !reflect.DeepEqual(list[0], want) {
		t.Errorf("got %#v, %v; want the binding without its secret", list[0], err)
	}

	bindTo(t, s, "b5", anna.OpenID, "K8") // changes sides
	wantBoundTo(t, replica, "K7", "b2")
	wantBoundTo(t, replica, "K8", "b3", "b5")
	if _, err := s.Unbind(ctx, "openid-of-bob"); err != nil {
		t.Fatal(err)
	}
	wantBoundTo(t, replica, "K7")
	if n := w.rdb.Exists(ctx, s.customerKeys()+hash("K7")).Val(); n != 0 {
		t.Error("nobody is bound to K7, and it still has an index")
	}
}

// nothingHidden binds, binds elsewhere and unbinds one openid side by side: what it ends with is what is found.
func nothingHidden(t *testing.T, w *world) {
	s := w.store(t, Config{})
	for range 10 {
		var all sync.WaitGroup
		for i := range 9 {
			all.Go(func() {
				if i%3 == 2 {
					if _, err := s.Unbind(ctx, anna.OpenID); err != nil && !errors.Is(err, ErrNotBound) {
						t.Error(err)
					}
					return
				}
				// One id for all: the index may not count on ids being new.
				if err := s.Bind(ctx, Binding{ID: "b", OpenID: anna.OpenID, CustomerID: fmt.Sprint("K", i%3)}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		wantIndexed(t, s)
		if _, err := s.Unbind(ctx, anna.OpenID); err != nil && !errors.Is(err, ErrNotBound) {
			t.Fatal(err)
		}
		if keys := w.keys(t); len(keys) != 0 {
			t.Fatalf("nothing is bound, and Redis still holds %v", keys)
		}
	}
}

// wantIndexed asks whether anna's binding, if there is one, is found with its customer and nowhere else.
func wantIndexed(t *testing.T, s *Store) {
	t.Helper()
	want := map[string][]string{}
	b, err := s.Binding(ctx, anna.OpenID)
	switch {
	case err == nil:
		want[b.CustomerID] = []string{b.ID}
	case !errors.Is(err, ErrNotBound):
		t.Fatal(err)
	}
	for _, customer := range []string{"K0", "K1"} {
		wantBoundTo(t, s, customer, want[customer]...)
	}
}

func leftoversSwept(t *testing.T, w *world) {
	s := w.store(t, Config{})
	bindTo(t, s, "b1", anna.OpenID, "K7")
	index := s.customerKeys() + hash("K7")
	for _, openid := range []string{anna.OpenID, "openid-of-bob"} { // as a crash in the middle of Bind leaves it
		if _, err := s.enter(ctx, Binding{ID: "b0", OpenID: openid, CustomerID: "K7"}); err != nil {
			t.Fatal(err)
		}
	}
	wantBoundTo(t, s, "K7", "b1")
	if n := w.rdb.HLen(ctx, index).Val(); n != 3 {
		t.Errorf("%d entries, want 3: the young ones may still get their bindings", n)
	}
	w.forward(t, 2*time.Hour)
	wantBoundTo(t, s, "K7", "b1")
	if n := w.rdb.HLen(ctx, index).Val(); n != 1 {
		t.Errorf("%d entries, want 1", n)
	}
	wantBoundTo(t, s, "K7", "b1")
}

// disown makes a binding look as earlier releases made them.
func (w *world) disown(t *testing.T, s *Store, openid, customer string) {
	t.Helper()
	noErr(t, w.rdb.HDel(ctx, s.bindingKey(openid), "o", "e").Err())
	noErr(t, w.rdb.Del(ctx, s.customerKeys()+hash(customer)).Err())
}

func earlierBindingAdopted(t *testing.T, w *world) {
	s := w.store(t, Config{})
	noErr(t, s.Bind(ctx, annasBinding()))
	w.disown(t, s, anna.OpenID, "K7")
	wantBoundTo(t, s, "K7")
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if b, err := s.Binding(ctx, anna.OpenID); err != nil || b.ID != "b1" {
				t.Errorf("%v, %v", b, err)
			}
		})
	}
	all.Wait()
	wantBoundTo(t, s, "K7", "b1")
	if n := w.rdb.HLen(ctx, s.customerKeys()+hash("K7")).Val(); n != 1 {
		t.Errorf("adopted %d times, want once", n)
	}
	if secret, err := s.Secret(ctx, anna.OpenID, "b1"); err != nil || secret != "erp-password-of-anna" {
		t.Errorf("secret %q, %v", secret, err)
	}
	if _, err := s.Unbind(ctx, anna.OpenID); err != nil {
		t.Fatal(err)
	}
	wantBoundTo(t, s, "K7")
}

func movedEntryDoesNotOpen(t *testing.T, w *world) {
	s := w.store(t, Config{})
	bindTo(t, s, "b1", anna.OpenID, "K7")
	for field, entry := range w.rdb.HGetAll(ctx, s.customerKeys()+hash("K7")).Val() {
		noErr(t, w.rdb.HSet(ctx, s.customerKeys()+hash("K8"), field, entry).Err())
		noErr(t, w.rdb.HSet(ctx, s.customerKeys()+hash("K7"), "elsewhere", entry).Err())
	}
	wantBoundTo(t, s, "K8")
	wantBoundTo(t, s, "K7", "b1")
	wantBoundTo(t, w.store(t, Config{}, testKey("another", 9)), "K7")
	noErr(t, w.rdb.HSet(ctx, s.customerKeys()+hash("K7"), "rubbish", "", "more rubbish", "x:").Err())
	wantBoundTo(t, s, "K7", "b1")
}

func crowdBounded(t *testing.T, w *world) {
	s := w.store(t, Config{Timeout: 30 * time.Second})
	bindTo(t, s, "b", "openid", "K7")
	v := w.rdb.HGetAll(ctx, s.bindingKey("openid")).Val()
	place := func(i int) string { return fmt.Sprintf("%s:%d", hash("K7"), i) }
	pipe := w.rdb.Pipeline()
	for i := range maxBoundTo + 20 {
		openid := fmt.Sprint("openid ", i)
		key, field := s.entryAt(place(i))
		pipe.HSet(ctx, key, field, "1:"+s.sealer.Seal(purposeCustomer, place(i), []byte(openid)))
		pipe.HSet(ctx, s.bindingKey(openid), "id", v["id"], "s", "", "o", "", "e", place(i),
			"v", s.sealer.Seal(purposeBinding, openid, []byte(`{"ID":"b"}`)))
	}
	_, err := pipe.Exec(ctx)
	noErr(t, err)
	list, err := s.BoundTo(ctx, "K7")
	if err != nil || len(list) != maxBoundTo {
		t.Errorf("%d found, %v; want %d", len(list), err, maxBoundTo)
	}
}

func noCustomerReadable(t *testing.T, w *world) {
	s := w.store(t, Config{})
	bindTo(t, s, "b1", anna.OpenID, "customer-of-anna")
	noErr(t, s.SaveToken(ctx, []byte("access-token-of-us"), time.Hour))
	if _, err := s.Limit(ctx, hourly("rate-of-anna", 5)); err != nil {
		t.Fatal(err)
	}
	dump := w.dump(t)
	for _, secret := range []string{anna.OpenID, "customer-of-anna", "access-token-of-us", "rate-of-anna"} {
		if strings.Contains(dump, secret) {
			t.Errorf("Redis holds %q in the clear", secret)
		}
	}
	if n := strings.Count(dump, "\n"); n < 8 {
		t.Errorf("the dump has %d lines only: it proves nothing", n)
	}
}

// cutting loses the nth command, or its answer, and every one after it: the process is gone.
type cutting struct {
	n, at  int32
	answer bool
}

func (c *cutting) DialHook(next redis.DialHook) redis.DialHook { return next }

func (c *cutting) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (c *cutting) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		n := atomic.AddInt32(&c.n, 1)
		if n < c.at {
			return next(ctx, cmd)
		}
		if n == c.at && c.answer {
			_ = next(ctx, cmd)
		}
		cmd.SetErr(io.ErrUnexpectedEOF)
		return io.ErrUnexpectedEOF
	}
}

func TestBindingCutOffAnywhereIsFound(t *testing.T) {
	for name, change := range map[string]func(*Store) error{
		"bind": func(s *Store) error {
			return s.Bind(ctx, Binding{ID: "b2", OpenID: anna.OpenID, CustomerID: "K1"})
		},
		"unbind": func(s *Store) error { _, err := s.Unbind(ctx, anna.OpenID); return err },
		"adopt":  func(s *Store) error { _, err := s.Binding(ctx, anna.OpenID); return err },
	} {
		t.Run(name, func(t *testing.T) {
			for at := int32(1); at <= 6; at++ {
				for _, answer := range []bool{false, true} {
					m := miniredis.RunT(t)
					whole := &world{rdb: client(t, "redis://"+m.Addr()), prefix: "test:"}
					cut := &world{rdb: client(t, "redis://"+m.Addr()), prefix: "test:"}
					s := whole.store(t, Config{})
					noErr(t, s.Bind(ctx, Binding{ID: "b1", OpenID: anna.OpenID, CustomerID: "K0"}))
					if name == "adopt" {
						whole.disown(t, s, anna.OpenID, "K0")
					}
					noErr(t, cut.rdb.Ping(ctx).Err())
					cut.rdb.AddHook(&cutting{at: at, answer: answer})
					if err := change(cut.store(t, Config{})); err != nil && !errors.Is(err, ErrUnavailable) {
						t.Errorf("cut at %d: %v", at, err)
					}
					wantIndexed(t, s)
				}
			}
		})
	}
}
