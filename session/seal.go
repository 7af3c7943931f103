package session

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
)

// Purposes keep values of different meaning apart: what was sealed for one does not open for another.
const (
	purposeIdentity   = "session.identity"   // openid and unionid of a session; owner: the session's id
	purposeSessionKey = "wechat.session_key" // owner: the openid
	purposeBinding    = "erp.binding"        // owner: the openid
	purposeSecret     = "erp.secret"         // owner: the openid
	purposeERPLogin   = "erp.login"          // owner: the ERP account
	purposeAnswer     = "erp.answer"         // owner: the binding and the question
	purposeOwner      = "erp.binding.owner"  // the openid of a binding; owner: the openid's hash
	purposeCustomer   = "erp.customer"       // an openid bound to a customer; owner: its place in the index
	purposeToken      = "wechat.access_token"
	purposeOutcome    = "intent.outcome" // owner: the hash of the intent's key
)

// Sealer encrypts what must not be readable at rest, and makes pseudonyms. It is safe for concurrent use.
// AES-256-GCM with random nonces is good for 2^32 values per key; add a new key in front well before that.
type Sealer struct {
	first     string
	byID      map[string]cipher.AEAD
	pseudonym []byte
}

// NewSealer makes a Sealer: the first key that may seal does, all keys open. It fails without a key that may seal, on a
// doubled id, and on a key that did not come from ParseKeys.
func NewSealer(keys []Key) (*Sealer, error) {
	first := slices.IndexFunc(keys, func(k Key) bool { return !k.opensOnly })
	if first < 0 {
		return nil, errors.New("sealer: there is no key that seals")
	}
	s := &Sealer{first: keys[first].ID, byID: make(map[string]cipher.AEAD, len(keys))}
	for i, key := range keys {
		if _, taken := s.byID[key.ID]; taken || len(key.secret) != keySize {
			return nil, fmt.Errorf("sealer: key %d is empty or its id is taken", i+1)
		}
		aead, err := newAEAD(key.secret)
		if err != nil {
			return nil, fmt.Errorf("sealer: key %d: %w", i+1, err)
		}
		s.byID[key.ID] = aead
	}
	// The last key is the oldest. Deriving from it means that a key added in front changes no pseudonym.
	var err error
	s.pseudonym, err = hkdf.Key(sha256.New, keys[len(keys)-1].secret, nil, "snowgate pseudonym v1", sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("sealer: %w", err)
	}
	return s, nil
}

func newAEAD(secret []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// Seal encrypts plain for one purpose and one owner, as "keyid.base64url". Sealing twice gives two different texts.
// The purpose must not contain a zero byte.
func (s *Sealer) Seal(purpose, owner string, plain []byte) string {
	raw := s.appendRaw(nil, purpose, owner, plain)
	from := len(s.first) + 1
	return string(base64.RawURLEncoding.AppendEncode(raw[:from:from], raw[from:]))
}

// appendRaw adds to dst what Seal returns, but for the base64: "keyid." and bytes.
func (s *Sealer) appendRaw(dst []byte, purpose, owner string, plain []byte) []byte {
	dst = append(append(slices.Grow(dst, s.rawLen(len(plain))), s.first...), '.')
	return s.byID[s.first].Seal(dst, nil, plain, boundTo(purpose, owner)) //nolint:gosec // the AEAD makes a random nonce itself
}

// rawLen is how long n bytes are when they are sealed raw.
func (s *Sealer) rawLen(n int) int { return len(s.first) + 1 + n + s.byID[s.first].Overhead() }

// openRaw decrypts what appendRaw made for the same purpose and owner. Every failure is ErrUnreadable.
func (s *Sealer) openRaw(purpose, owner, sealed string) ([]byte, error) {
	aead, raw, err := s.keyOf(purpose, sealed)
	if err != nil {
		return nil, err
	}
	return openWith(aead, purpose, owner, []byte(raw))
}

// Open decrypts what Seal made for the same purpose and owner. Every failure is ErrUnreadable.
func (s *Sealer) Open(purpose, owner, sealed string) ([]byte, error) {
	aead, text, err := s.keyOf(purpose, sealed)
	if err != nil {
		return nil, err
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("open %s: damaged: %w", purpose, ErrUnreadable)
	}
	return openWith(aead, purpose, owner, raw)
}

// keyOf finds the key that sealed this, and cuts its id off.
func (s *Sealer) keyOf(purpose, sealed string) (key cipher.AEAD, rest string, err error) {
	id, rest, _ := strings.Cut(sealed, ".")
	key, known := s.byID[id]
	if !known {
		return nil, "", fmt.Errorf("open %s: sealed by a key that is not configured: %w", purpose, ErrUnreadable)
	}
	return key, rest, nil
}

func openWith(key cipher.AEAD, purpose, owner string, raw []byte) ([]byte, error) {
	plain, err := key.Open(nil, nil, raw, boundTo(purpose, owner))
	if err != nil {
		return nil, fmt.Errorf("open %s: changed, or of another owner: %w", purpose, ErrUnreadable)
	}
	return plain, nil
}

// isCurrent reports whether the key that seals now has sealed this.
func (s *Sealer) isCurrent(sealed string) bool { return strings.HasPrefix(sealed, s.first+".") }

func boundTo(purpose, owner string) []byte { return []byte(purpose + "\x00" + owner) }

// Pseudonym replaces a personal value in logs and tables by 32 hex digits: the same for the same kind and value, not
// to be reversed or guessed without the last sealing key. The empty value stays empty.
func (s *Sealer) Pseudonym(kind, value string) string {
	if value == "" {
		return ""
	}
	mac := hmac.New(sha256.New, s.pseudonym)
	mac.Write([]byte(kind + "\x00" + value))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// Format keeps the keys out of every fmt verb.
func (s *Sealer) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "sealer") }

// LogValue keeps the keys out of slog.
func (s *Sealer) LogValue() slog.Value { return slog.StringValue("sealer") }
