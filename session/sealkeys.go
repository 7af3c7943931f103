package session

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strings"
)

// keySize is what AES-256 takes.
const keySize = 32

var keyID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,32}$`) // no dot: a dot ends the id in a sealed value

// Key is a sealing key with the name that stands in front of what it sealed. It prints as its name, whatever the verb.
type Key struct {
	ID        string
	secret    []byte
	opensOnly bool
}

// ParseKeys reads "id:BASE64 of 32 bytes" entries (standard or URL alphabet, padded or not). A + in front makes a key
// open and never seal: so every replica can know a new key before the first of them seals with it. It reports all
// complaints at once; they name an entry by its position, counted from 1, and never quote it.
func ParseKeys(list []string) ([]Key, error) {
	var keys []Key
	var complaints []error
	seen := map[string]bool{}
	for i, entry := range list {
		key, err := parseKey(entry)
		if err == nil && seen[key.ID] {
			err = errors.New("its id is already taken")
		}
		if err != nil {
			complaints = append(complaints, fmt.Errorf("sealing key %d: %w", i+1, err))
			continue
		}
		seen[key.ID] = true
		keys = append(keys, key)
	}
	if len(complaints) > 0 {
		return nil, errors.Join(complaints...)
	}
	return keys, nil
}

func parseKey(entry string) (Key, error) {
	entry, opensOnly := strings.CutPrefix(strings.TrimSpace(entry), "+")
	id, encoded, found := strings.Cut(entry, ":")
	if !found || !keyID.MatchString(id) {
		return Key{}, errors.New("it is not written id:BASE64 with an id of 1 to 32 letters, digits, - and _")
	}
	secret, err := decodeBase64(encoded)
	if err != nil {
		return Key{}, errors.New("what follows its id is not base64")
	}
	if len(secret) != keySize {
		return Key{}, fmt.Errorf("it has %d bytes instead of %d", len(secret), keySize)
	}
	return Key{ID: id, secret: secret, opensOnly: opensOnly}, nil
}

func decodeBase64(text string) ([]byte, error) {
	plain := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
	return base64.RawStdEncoding.DecodeString(plain)
}

// String returns the key's name.
func (k Key) String() string { return "sealing key " + k.ID }

// Format keeps the secret out of every fmt verb, %#v and %d included.
func (k Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, k.String()) }

// LogValue keeps the secret out of slog.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }
