package session

import (
	"errors"
	"strings"
	"testing"
)

func fuzzSealer(f *testing.F) *Sealer {
	f.Helper()
	keys, err := ParseKeys([]string{testKey("k", 1)})
	if err != nil {
		f.Fatal(err)
	}
	s, err := NewSealer(keys)
	if err != nil {
		f.Fatal(err)
	}
	return s
}

// What is sealed is read whole or not at all: whatever an earlier release has sealed, and whatever stands in clear beside
// it, a session and a binding are of the one they were asked for, or of nobody.
func FuzzStored(f *testing.F) {
	for _, plain := range []string{
		`{"o":"oAlice","u":"union"}`, `{"ID":"b1","OpenID":"oAlice","Way":"account","BoundAt":"2026-01-01T00:00:00Z"}`, `{"ID":7}`, `null`, `[]`, ``, `"x"`,
		`{"o":null}`, "{\"o\":\"\xff\"}", `{"BoundAt":"9999999-01-01T00:00:00Z"}`,
	} {
		f.Add([]byte(plain), "1800000000000", "1800000600000", "b1", "done")
	}
	f.Add([]byte(`{}`), "-9223372036854775808", "99999999999999999999", "", "given up")
	s := &Store{sealer: fuzzSealer(f)}
	f.Fuzz(func(t *testing.T, plain []byte, created, expires, id, state string) {
		const who = "oAlice"
		row := created + " " + expires + " 0 " + s.sealer.Seal(purposeIdentity, "id1", plain)
		if sess, _, err := s.sessionFrom("id1", row); err != nil {
			oneOf(t, err, ErrUnreadable, errOddAnswer)
		} else if sess.ID != "id1" {
			t.Errorf("another session: %+v", sess)
		}
		b, err := s.bindingFrom(who, []any{id, s.sealer.Seal(purposeBinding, who, plain), nil})
		if err != nil {
			oneOf(t, err, ErrUnreadable, ErrNotBound)
			if b.ID != "" && (b.ID != id || b.OpenID != who) || b.Secret != "" {
				t.Errorf("unreadable, and yet of %q: %q", b.OpenID, b.ID)
			}
		}
		in, err := s.intentFrom("key", "me", IntentState(state), s.sealer.Seal(purposeOutcome, hash("key"), plain))
		if err != nil || in.State == IntentDone && string(in.Outcome) != string(plain) || in.State != IntentDone && in.Outcome != nil {
			t.Errorf("%+v, %v", in, err)
		}
		if at, sealed := splitEntry(created + expires); at+sealed != created+expires || strings.Contains(sealed, ":") && at == "" {
			t.Errorf("%q was cut into %q and %q", created+expires, at, sealed)
		}
	})
}

func oneOf(t *testing.T, err error, wanted ...error) {
	t.Helper()
	for _, want := range wanted {
		if errors.Is(err, want) {
			return
		}
	}
	t.Errorf("%v is none of %v", err, wanted)
}

// Keys that are taken can seal and open, under names that cannot be mistaken; complaints about others quote nothing.
func FuzzParseKeys(f *testing.F) {
	for _, entry := range []string{testKey("k", 1), "+" + testKey("new", 2), "a.b:AAAA", ":", "", "++x:" + strings.Repeat("A", 43), "k:" + strings.Repeat("_-", 21) + "A=", "k:c2hvcnQ="} {
		f.Add(entry, testKey("old", 3))
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		keys, err := ParseKeys([]string{first, second})
		if err != nil {
			for _, entry := range []string{first, second} {
				if _, secret, _ := strings.Cut(entry, ":"); len(secret) > 15 && strings.Contains(err.Error(), secret) {
					t.Errorf("a complaint quotes %q", secret)
				}
			}
			return
		}
		if keys[0].ID == keys[1].ID || strings.ContainsAny(keys[0].ID, ".:+ ") {
			t.Errorf("names %q and %q", keys[0].ID, keys[1].ID)
		}
		s, err := NewSealer(keys)
		if err != nil {
			if !keys[0].opensOnly || !keys[1].opensOnly {
				t.Errorf("taken, and no sealer: %v", err)
			}
			return
		}
		if plain, err := s.Open("p", "o", s.Seal("p", "o", []byte("x"))); err != nil || string(plain) != "x" {
			t.Errorf("sealed and not opened: %v", err)
		}
	})
}

// A Redis URL that is taken leads somewhere and is guarded; complaints about others tell no password.
func FuzzRedisURL(f *testing.F) {
	for _, url := range []string{
		"redis://u:hush@127.0.0.1:6379/0", "rediss://h1,h2:7000", "redis+sentinel://:hush@h1,h2:26379/master/3?sentinel_password=hush", "redis://h/1?cluster=true",
		"redis://[::1]:1/16?pool_size=-1", "redis:///", "redis://h,,/x", "http://h", "redis://a:hush@b@c/%zz", "redis://h?db=1#hush", "redis://u:hu%73h@h:99999",
	} {
		f.Add(url)
	}
	f.Fuzz(func(t *testing.T, url string) {
		opts, err := parseURL(url)
		if err != nil {
			if strings.Contains(err.Error(), "hush") && !strings.Contains(url, "?") {
				t.Errorf("%q is complained of with %v", url, err)
			}
			return
		}
		if len(opts.Addrs) == 0 || opts.MaxRetries != -1 || !opts.ContextTimeoutEnabled || opts.DB < 0 || opts.PoolSize < 0 {
			t.Errorf("%q became %+v", url, opts)
		}
	})
}
