package config

import (
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"

	"snowgate/session"
)

// mask stands for a secret wherever one would be shown.
const mask = "***"

// minTokenLength is the least length of an admin token or a service key, in characters.
const minTokenLength = 24

// Secret is text that fmt, slog and JSON show only as ***. Convert it with string(s) where the text itself is needed.
type Secret string

// String masks the secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return mask
}

// GoString masks the secret for %#v.
func (s Secret) GoString() string { return s.String() }

// LogValue masks the secret for slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText masks the secret for JSON and YAML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

func secret(at *Secret) value {
	parse := func(s string) (Secret, error) { return Secret(s), nil }
	return scalar[Secret]{at: at, parse: parse, format: Secret.String, masked: true}
}

func tokens(at *[]Secret) value {
	parse := func(s string) (Secret, error) {
		if len([]rune(s)) < minTokenLength {
			return "", errors.New("must each have at least 24 characters")
		}
		return Secret(s), nil
	}
	return sequence[Secret]{at: at, parse: parse, format: Secret.String, masked: true}
}

var aesKeyForm = regexp.MustCompile(`^[A-Za-z0-9]{43}$`)

// aesKey reads the EncodingAESKey of WeChat's message push (WeChat: message encryption and decryption).
func aesKey(at *Secret) value {
	parse := func(s string) (Secret, error) {
		if !aesKeyForm.MatchString(s) {
			return "", errors.New("must be the EncodingAESKey: 43 letters and digits")
		}
		return Secret(s), nil
	}
	return scalar[Secret]{at: at, parse: parse, format: Secret.String, masked: true}
}

// sealKeyList is read by the package that seals, so that what passes here opens there.
type sealKeyList struct{ sequence[Secret] }

func sealKeys(at *[]Secret) value {
	parse := func(s string) (Secret, error) { return Secret(s), nil }
	return sealKeyList{sequence[Secret]{at: at, parse: parse, format: maskSealKey, masked: true}}
}

func (l sealKeyList) set(texts []string) error {
	if _, err := session.ParseKeys(texts); err != nil {
		return fmt.Errorf("must be id:key entries, each key base64 of 32 bytes (openssl rand -base64 32): %s",
			oneLine(err))
	}
	return l.sequence.set(texts)
}

// maskSealKey keeps the id, which is no secret and tells a rotation's keys apart.
func maskSealKey(s Secret) string {
	id, _, _ := strings.Cut(string(s), ":")
	return id + ":" + mask
}

// isSandboxSealKey compares the keys, whatever id stands in front.
func isSandboxSealKey(s Secret) bool {
	_, key, _ := strings.Cut(string(s), ":")
	_, known, _ := strings.Cut(SandboxSealKey, ":")
	return strings.TrimRight(key, "=") == strings.TrimRight(known, "=")
}
