package alert

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// Refusal is an answer that says no. It holds nothing of what the other side wrote: that may quote the address.
type Refusal struct {
	Status int           // HTTP
	Code   int           // the robot's own, 0 if it gave none
	Why    string        // in words, "" for a code we don't know
	Pause  time.Duration // how long it wants to be left alone, 0 if it does not say
}

// Error gives the codes and the reason.
func (r *Refusal) Error() string {
	text := fmt.Sprintf("refused with HTTP status %d", r.Status)
	if r.Code != 0 {
		text = fmt.Sprintf("refused with code %d", r.Code)
	}
	if r.Why != "" {
		text += ": " + r.Why
	}
	return text
}

// known is what is known about a robot's code.
type known struct {
	why   string
	pause time.Duration
}

// judge reads a robot's answer: a JSON object with a code of 0. The HTTP status of a refusal is mostly 200 as well.
func judge(status int, body []byte, field string, codes map[int]known) error {
	if status < 200 || status > 299 {
		return &Refusal{Status: status, Why: http.StatusText(status), Pause: pauseOf(status)}
	}
	var answer map[string]json.RawMessage
	var code *int
	if json.Unmarshal(body, &answer) != nil || json.Unmarshal(answer[field], &code) != nil || code == nil {
		return &Refusal{Status: status, Why: "the answer has no " + field}
	}
	if *code == 0 {
		return nil
	}
	return &Refusal{Status: status, Code: *code, Why: codes[*code].why, Pause: codes[*code].pause}
}

func pauseOf(status int) time.Duration {
	if status == http.StatusTooManyRequests {
		return time.Minute
	}
	return 0
}
