package mask

import (
	"strings"
	"unicode/utf8"
)

// apply masks one value by its field's rule.
func (m *Masker) apply(r rule, value string) string {
	if value == "" && r != secret {
		return ""
	}
	switch r {
	case secret:
		return Secret
	case phone:
		return hidePhone(value)
	case person:
		return hidePerson(value)
	case address:
		return hideAfter(value, 6)
	case email:
		return hideEmail(value)
	case openID:
		return m.Pseudonym(OpenID, value)
	case unionID:
		return m.Pseudonym(UnionID, value)
	default:
		return value
	}
}

// hidePhone keeps as much of a number as leaves it unknown: 138****8000, 05****56.
func hidePhone(number string) string {
	runes := []rune(number)
	n := len(runes)
	switch {
	case n >= 11:
		return string(runes[:3]) + "****" + string(runes[n-4:])
	case n >= 7:
		return string(runes[:2]) + "****" + string(runes[n-2:])
	default:
		return Secret
	}
}

// hidePerson masks a contact: people write names, numbers, or a name with a number into such fields.
func hidePerson(contact string) string {
	digits := 0
	for i := range len(contact) {
		if isDigit(contact[i]) {
			digits++
		}
	}
	if first, _ := utf8.DecodeRuneInString(contact); digits >= 7 && first < utf8.RuneSelf {
		return hidePhone(contact)
	}
	_, size := utf8.DecodeRuneInString(contact)
	return contact[:size] + "*"
}

// hideAfter keeps the first runes. Less than that is all hidden, or a short address would be shown whole.
func hideAfter(s string, runes int) string {
	for i := range s {
		if runes == 0 {
			return s[:i] + Secret
		}
		runes--
	}
	return Secret
}

func hideEmail(mail string) string {
	at := strings.LastIndexByte(mail, '@')
	if at <= 0 {
		return Secret
	}
	_, size := utf8.DecodeRuneInString(mail)
	return mail[:size] + Secret + mail[at:]
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isHex(c byte) bool { return isDigit(c) || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F' }

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
