package session

import (
	"crypto/rand"
	"encoding/base64"
)

const tokenBytes = 32 // 256 bits: not to be guessed, and so safe to look up by a plain hash

// newToken makes what the client will carry: 43 characters, base64url without padding.
func newToken() string {
	raw := make([]byte, tokenBytes)
	_, _ = rand.Read(raw) // crypto/rand.Read fills or ends the process; it returns no error
	return base64.RawURLEncoding.EncodeToString(raw)
}

// idOf returns the session id of a token, or "" when this cannot be a token of ours (so that rubbish costs no question
// to Redis). Strict, because two spellings of one token would be two ids.
func idOf(token string) string {
	if len(token) != base64.RawURLEncoding.EncodedLen(tokenBytes) {
		return ""
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) != tokenBytes {
		return "" // the decoder skips line breaks, hence the length
	}
	return hash(token)
}
