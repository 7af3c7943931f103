package alert

import (
	"net/http"
	"time"
)

// plain is a webhook of one's own: it gets the Message as JSON and answers with any 2xx.
type plain struct{}

func (plain) target(w *Webhook, _ time.Time) string { return w.url }

func (plain) payload(_ *Webhook, m Message, _ time.Time) any { return m }

func (plain) verdict(status int, _ []byte) error {
	if status >= 200 && status <= 299 {
		return nil
	}
	return &Refusal{Status: status, Why: http.StatusText(status), Pause: pauseOf(status)}
}
