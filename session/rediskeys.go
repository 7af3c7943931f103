package session

import (
	"crypto/sha256"
	"encoding/hex"
)

// The names below are the whole key space. What a script changes together shares a {hash tag}, and so one slot of a
// Redis Cluster. All sessions share one on purpose: a token says nothing about its openid, so no other layout lets the
// session and the openid's list of sessions change in one step. A session takes about 1 kB, so a million of
// them fit into one slot's node with ease.

func (s *Store) sessionKeys() string             { return s.cfg.Prefix + "{session}:" }
func (s *Store) sessionKey(id string) string     { return s.sessionKeys() + id }
func (s *Store) sessionsOf(openid string) string { return s.sessionKeys() + "of:" + hash(openid) }
func (s *Store) bindingKeys() string             { return s.cfg.Prefix + "binding:" }
func (s *Store) bindingKey(openid string) string { return s.bindingKeys() + hash(openid) }
func (s *Store) limitKey(r Rate) string {
	var subject [128]byte // of the longest there are; a longer one costs an object
	return hashedKey(s.cfg.Prefix+"{limit}:", r.appendSubject(subject[:0]))
}
func (s *Store) customerKeys() string        { return s.cfg.Prefix + "customer:" }
func (s *Store) intentKeys() string          { return s.cfg.Prefix + "intent:" }
func (s *Store) intentKey(key string) string { return s.intentKeys() + hash(key) }
func (s *Store) accessTokenKey() string      { return s.cfg.Prefix + "wechat:access_token" }
func (s *Store) erpLoginKey(account string) string {
	return s.cfg.Prefix + "erplogin:" + hash(account)
}
func (s *Store) answersKey(bindingID string) string {
	return hashedKey(s.cfg.Prefix+"answers:", []byte(bindingID))
}
func (s *Store) lockKey(name string) string       { return s.cfg.Prefix + "lock:" + hash(name) }
func (s *Store) onceKey(key string) string        { return s.cfg.Prefix + "once:" + hash(key) }
func (s *Store) nicknameKey(asked string) string  { return s.cfg.Prefix + "nickname:" + hash(asked) }
func (s *Store) attemptKey(subject string) string { return s.cfg.Prefix + "{attempt}:" + hash(subject) }
func (s *Store) probeKey() string                 { return s.cfg.Prefix + "probe" }

// hashText is how long a hash is.
const hashText = 2 * sha256.Size

// hash is the form in which outside values enter key names: fixed length, and nothing to read or to inject.
func hash(value string) string {
	sum := sha256.Sum256([]byte(value))
	return hex.EncodeToString(sum[:])
}

// hashedKey is prefix + hash(value), in one object instead of four.
func hashedKey(prefix string, value []byte) string {
	var key [128]byte
	sum := sha256.Sum256(value)
	return string(hex.AppendEncode(append(key[:0], prefix...), sum[:]))
}
