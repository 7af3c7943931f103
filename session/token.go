package session

import (
	"crypto/rand"
	"encoding/base64"
)

const (
	tokenBytes = 32 // 256 bits: not to be guessed, and so safe to look up by a plain hash
	tokenText  = 43 // as they are written
)

// newToken makes what the client will carry: base64url without padding.
func newToken() string {
	raw := make([]byte, tokenBytes)
	_, _ = rand.Read(raw) // crypto/rand.Read fills or ends the process; it returns no error
	return base64.RawURLEncoding.EncodeToString(raw)
}

// strict, because two spellings of one token would be two ids.
var strict = base64.RawURLEncoding.Strict()

// isToken reports whether this can be a token of ours, so that rubbish costs no question to Redis.
func isToken(token string) bool {
	var text [tokenText]byte
	var raw [tokenBytes + 1]byte
	if copy(text[:], token) != tokenText || len(token) != tokenText {
		return false
	}
	n, err := strict.Decode(raw[:], text[:])
	return err == nil && n == tokenBytes // the decoder skips line breaks, hence the length
}

// idOf returns the session id of a token, or "" when this cannot be a token of ours.
func idOf(token string) string {
	if !isToken(token) {
		return ""
	}
	return hash(token)
}

// sessionOf returns the key of a token's session, and its id: the key's end, so that both are one object. They are ""
// when this cannot be a token of ours.
func (s *Store) sessionOf(token string) (key, id string) {
	if !isToken(token) {
		return "", ""
	}
	var text [tokenText]byte
	copy(text[:], token)
	key = hashedKey(s.sessionKeys(), text[:])
	return key, key[len(key)-hashText:]
}
