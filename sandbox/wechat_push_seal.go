package sandbox

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // WeChat's scheme, not our choice
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
)

// pushSealer encrypts pushes in secure mode (WeChat: message push, 安全模式).
type pushSealer struct {
	block cipher.Block
	iv    []byte
	appID string
}

func newPushSealer(aesKey, appID string) (*pushSealer, error) {
	key, err := base64.StdEncoding.DecodeString(aesKey + "=")
	if err != nil || len(key) != 32 {
		return nil, errors.Join(ErrPush, errors.New("the EncodingAESKey is not 43 characters of base64"))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, errors.Join(ErrPush, err)
	}
	return &pushSealer{block, key[:aes.BlockSize], appID}, nil
}

// padTo is what messages are padded to, 32 bytes: two of AES' blocks.
const padTo = 32

// seal is base64 of AES-256-CBC over 16 random bytes, the length, the message, the AppID
// and the padding.
func (s *pushSealer) seal(message []byte) string {
	plain := make([]byte, 20, 20+len(message)+len(s.appID)+padTo)
	_, _ = rand.Read(plain[:16])                                   // never fails, by its documentation
	binary.BigEndian.PutUint32(plain[16:20], uint32(len(message))) //nolint:gosec // an event is a few hundred bytes
	plain = append(append(plain, message...), s.appID...)
	pad := padTo - len(plain)%padTo
	plain = append(plain, bytes.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCBCEncrypter(s.block, s.iv).CryptBlocks(plain, plain)
	return base64.StdEncoding.EncodeToString(plain)
}

// pushSignature is the SHA-1 of the parts, sorted and joined.
func pushSignature(parts ...string) string {
	slices.Sort(parts)
	sum := sha1.Sum([]byte(strings.Join(parts, ""))) //nolint:gosec // see the import
	return hex.EncodeToString(sum[:])
}
