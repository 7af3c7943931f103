// Package mask hides what must not be read in a log: it is the one place where masking happens, for the rows of the
// call log and for every line of slog, by one table of rules (rules.go).
//
// Two things are looked at. A field's name decides first: secrets become ***, personal data keeps just enough to be
// recognised by someone who knows it. Then every text is searched for what gives itself away under any name: mobile
// numbers, bearer tokens, openids, name=value pairs with a secret's name, passwords in URLs, JSON within a text.
//
// The package never fails and never panics, whatever the input; what it cannot read it does not show. It does not
// seal or encrypt: nothing here can be undone, and nothing here is fit to protect data at rest.
package mask

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// DefaultLimit is the size in bytes to which JSON and parameters are cut.
const DefaultLimit = 2048

// Secret stands in the place of a secret.
const Secret = "***"

// The kinds of value that get a pseudonym.
const (
	OpenID  = "openid"
	UnionID = "unionid"
)

// Masker masks with one way to make pseudonyms. It is safe for concurrent use if that way is.
type Masker struct {
	pseudonym func(kind, value string) string
	// Those of people who were here lately: each of their calls asks for them, and one costs a microsecond and eight objects.
	openIDs, unionIDs memo[string]
}

// manyPeople is how many pseudonyms are remembered: at most 1.5 MiB of each kind.
const manyPeople = 8 << 10

// New makes a Masker. pseudonym turns an openid or unionid (kind OpenID or UnionID) into something that is the same
// for the same person and tells nothing else; see Keyed. With nil, pseudonyms hold for this process only.
func New(pseudonym func(kind, value string) string) *Masker {
	if pseudonym == nil {
		key := make([]byte, sha256.Size)
		_, _ = rand.Read(key) // never fails, says its documentation
		pseudonym = Keyed(key)
	}
	return &Masker{pseudonym: pseudonym, openIDs: newMemo[string](manyPeople), unionIDs: newMemo[string](manyPeople)}
}

// Pseudonym gives the pseudonym of an openid or unionid, and "" for "".
func (m *Masker) Pseudonym(kind, value string) string {
	switch {
	case value == "":
		return ""
	case kind == OpenID:
		return m.openIDs.of(value, m.openIDFrom)
	case kind == UnionID:
		return m.unionIDs.of(value, m.unionIDFrom)
	default:
		return m.pseudonym(kind, value)
	}
}

func (m *Masker) openIDFrom(value string) string  { return m.pseudonym(OpenID, value) }
func (m *Masker) unionIDFrom(value string) string { return m.pseudonym(UnionID, value) }

const pseudonymPrefix, pseudonymSize = "u~", 2 + 16

// Keyed makes pseudonyms by HMAC-SHA256: "u~" and 16 hexadecimal digits. Rows can be joined on them; without the key
// nobody can test whether one belongs to a given openid. A pseudonym's pseudonym is itself, so masking twice does no
// harm. The key must stay the same for as long as rows are to be joined.
func Keyed(key []byte) func(kind, value string) string {
	key = append([]byte(nil), key...)
	return func(kind, value string) string {
		if isPseudonym(value) {
			return value
		}
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(kind + "\x00" + value))
		return pseudonymPrefix + hex.EncodeToString(mac.Sum(nil)[:8])
	}
}

func isPseudonym(s string) bool {
	return len(s) == pseudonymSize && strings.HasPrefix(s, pseudonymPrefix) &&
		strings.Trim(s[len(pseudonymPrefix):], "0123456789abcdef") == ""
}
