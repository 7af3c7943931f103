package session

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func testKey(id string, fill byte) string {
	return id + ":" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{fill}, keySize))
}

func testSealer(t *testing.T, list ...string) *Sealer {
	t.Helper()
	keys, err := ParseKeys(list)
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSealer(keys)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSealedOpensForItsPurposeAndOwnerOnly(t *testing.T) {
	s := testSealer(t, testKey("2026a", 1))
	sealed := s.Seal("cookie", "anna", []byte("plain"))
	if !strings.HasPrefix(sealed, "2026a.") || strings.Contains(sealed, "plain") || sealed == s.Seal("cookie", "anna", []byte("plain")) {
		t.Errorf("sealed %q", sealed)
	}
	if plain, err := s.Open("cookie", "anna", sealed); err != nil || string(plain) != "plain" {
		t.Fatalf("opened %q, %v", plain, err)
	}
	flipped := []byte(sealed)
	flipped[10] ^= 1
	for name, try := range map[string][3]string{
		"another purpose": {"secret", "anna", sealed},
		"another owner":   {"cookie", "bob", sealed},
		"shifted border":  {"cookie\x00a", "nna", sealed},
		"changed":         {"cookie", "anna", string(flipped)},
		"cut":             {"cookie", "anna", sealed[:20]},
		"nothing in it":   {"cookie", "anna", "2026a."},
		"unknown key":     {"cookie", "anna", "x" + sealed},
		"no key":          {"cookie", "anna", "rubbish"},
		"not base64":      {"cookie", "anna", "2026a.%%%"},
		"empty":           {"cookie", "anna", ""},
	} {
		if _, err := s.Open(try[0], try[1], try[2]); !errors.Is(err, ErrUnreadable) {
			t.Errorf("%s: %v, want ErrUnreadable", name, err)
		}
	}
}

func TestFirstKeySealsAllOpenLastMakesPseudonyms(t *testing.T) {
	before, during := testSealer(t, testKey("a", 1)), testSealer(t, testKey("b", 2), testKey("a", 1))
	if plain, err := during.Open("p", "o", before.Seal("p", "o", []byte("x"))); err != nil || string(plain) != "x" {
		t.Errorf("an old value: %q, %v", plain, err)
	}
	if sealed := during.Seal("p", "o", nil); !strings.HasPrefix(sealed, "b.") {
		t.Errorf("sealed by %q, want the first key", sealed)
	}
	name := before.Pseudonym("openid", "anna")
	if len(name) != 32 || name != during.Pseudonym("openid", "anna") {
		t.Errorf("pseudonym %q became %q by a new key in front", name, during.Pseudonym("openid", "anna"))
	}
	if name == before.Pseudonym("phone", "anna") || name == before.Pseudonym("openid", "bob") ||
		name == testSealer(t, testKey("a", 3)).Pseudonym("openid", "anna") {
		t.Error("kind, value and key must each change the pseudonym")
	}
	if before.Pseudonym("openid", "") != "" {
		t.Error("the empty value must stay empty")
	}
}

func TestKeyWithPlusOpensAndNeverSeals(t *testing.T) {
	before, first := testSealer(t, testKey("old", 1)), testSealer(t, "+"+testKey("new", 2), testKey("old", 1))
	second := testSealer(t, testKey("new", 2), testKey("old", 1))
	sealed := first.Seal("p", "o", []byte("x"))
	if !strings.HasPrefix(sealed, "old.") {
		t.Errorf("sealed by %q, want the key without +", sealed)
	}
	for name, s := range map[string]*Sealer{"old alone": before, "both": second} {
		if plain, err := s.Open("p", "o", sealed); err != nil || string(plain) != "x" {
			t.Errorf("%s: %q, %v", name, plain, err)
		}
	}
	if plain, err := first.Open("p", "o", second.Seal("p", "o", []byte("y"))); err != nil || string(plain) != "y" {
		t.Errorf("what the new key sealed: %q, %v", plain, err)
	}
	if before.Pseudonym("openid", "anna") != first.Pseudonym("openid", "anna") {
		t.Error("the key that only opens changed a pseudonym")
	}
	keys, err := ParseKeys([]string{"+" + testKey("new", 2)})
	noErr(t, err)
	if _, err := NewSealer(keys); err == nil {
		t.Error("a sealer without a key that seals")
	}
}

func TestParseKeysNamesPositionsNeverValues(t *testing.T) {
	const secret = "c2VjcmV0LXNlY3JldA" //nolint:gosec // a made-up one
	for _, bad := range []string{"", secret, "a" + secret, "id:" + secret, "id:" + secret + "%", ":" + secret, "i.d:" + secret, "++" + testKey("i", 1),
		strings.Repeat("i", 33) + ":" + secret, testKey("good", 9)} {
		_, err := ParseKeys([]string{testKey("good", 1), bad})
		if err == nil || !strings.Contains(err.Error(), "key 2") || strings.Contains(err.Error(), secret) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	_, err := ParseKeys([]string{"x", testKey("good", 1), "y"})
	if err == nil || !strings.Contains(err.Error(), "key 1") || !strings.Contains(err.Error(), "key 3") {
		t.Errorf("not all complaints at once: %v", err)
	}
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		if keys, err := ParseKeys([]string{"k:" + enc.EncodeToString(bytes.Repeat([]byte{0xfb, 0xff}, 16))}); err != nil || len(keys) != 1 {
			t.Errorf("%v", err)
		}
	}
	key, _ := ParseKeys([]string{testKey("a", 1)})
	for _, keys := range [][]Key{nil, {{ID: "a"}}, {key[0], key[0]}} {
		if _, err := NewSealer(keys); err == nil {
			t.Errorf("a sealer of %v", keys)
		}
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	key, _ := ParseKeys([]string{"name:" + base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef"))})
	sealer, _ := NewSealer(key)
	values := []any{key[0], key, sealer, annasBinding(), &[]Binding{annasBinding()}, anna,
		Intent{State: IntentDone, Outcome: []byte("booked for anna")}}
	var out bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&out, nil))
	for _, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
			fmt.Fprintf(&out, verb, v)
		}
		log.Info("value", "v", v)
	}
	for _, secret := range []string{"0123456789abcdef", "[48 49 50", "3031323334", "erp-password-of-anna", anna.WeChatSessionKey, "booked", "626f6f6b6564", "98 111 111"} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("%q was printed", secret)
		}
	}
}

func FuzzOpen(f *testing.F) {
	keys, err := ParseKeys([]string{testKey("k", 1)})
	if err != nil {
		f.Fatal(err)
	}
	s, err := NewSealer(keys)
	if err != nil {
		f.Fatal(err)
	}
	f.Add("k.")
	f.Add(s.Seal("p", "other", []byte("x")))
	f.Fuzz(func(t *testing.T, sealed string) {
		if _, err := s.Open("p", "o", sealed); !errors.Is(err, ErrUnreadable) {
			t.Errorf("%q opened: %v", sealed, err)
		}
	})
}

func FuzzToken(f *testing.F) {
	f.Add(newToken())
	f.Add("")
	f.Add(strings.Repeat("\n", 43))
	f.Fuzz(func(t *testing.T, token string) {
		id := idOf(token)
		if id == "" {
			return
		}
		raw, err := base64.RawURLEncoding.DecodeString(token)
		if err != nil || len(raw) != 32 || base64.RawURLEncoding.EncodeToString(raw) != token {
			t.Errorf("%q was taken for a token", token)
		}
	})
}
