package main

import (
	"strings"

	"snowgate/session"
)

// pseudonyms are the sealer's, and a pseudonym's is itself: an admin searches the log by either, and masking twice does no
// harm. No openid or unionid looks like one.
func pseudonyms(sealer *session.Sealer) func(kind, value string) string {
	return func(kind, value string) string {
		if len(value) == 32 && strings.Trim(value, "0123456789abcdef") == "" {
			return value
		}
		return sealer.Pseudonym(kind, value)
	}
}
