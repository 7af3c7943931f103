package gateway

import "strings"

// headerIdempotency carries the client's own name for a request, so that a repetition counts once.
const headerIdempotency = "Idempotency-Key"

// maxIdempotencyKey is in bytes; a UUID has 36.
const maxIdempotencyKey = 128

// idempotencyKey is the client's key, "" without one.
func (c *call) idempotencyKey() (string, error) {
	given := c.Request().Header.Values(headerIdempotency)
	if len(given) == 0 {
		return "", nil
	}
	key := given[0]
	unfit := strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' })
	if len(given) > 1 || key == "" || len(key) > maxIdempotencyKey || unfit {
		return "", badField.in(headerIdempotency)
	}
	return key, nil
}
