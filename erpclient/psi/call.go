package psi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"snowgate/erpclient"
	"snowgate/erpclient/erphttp"
	"snowgate/erpclient/wire"
)

// envelope is every answer: the code decides, the total stands beside a list.
type envelope struct {
	Code    value           `json:"code"`
	Message value           `json:"message"`
	Data    json.RawMessage `json:"data"`
	Total   value           `json:"total"`
}

// reply is an answer that tells of success.
type reply struct {
	envelope
	op    string
	drift *driftLog
}

// ask makes one call on a session's behalf and returns an answer of success only.
func (d *Driver) ask(ctx context.Context, s erpclient.Session, op string, req erphttp.Request) (*reply, error) {
	credential, ok := d.credential(s)
	if !ok {
		return nil, erpclient.Errorf(op, erpclient.KindSessionExpired, "there is no session")
	}
	headers := map[string]string{"Accept": "application/json", d.header: credential}
	for name, text := range req.Header {
		headers[name] = text
	}
	req.Header = headers
	got, err := d.http.Do(ctx, op, req)
	if err != nil {
		return nil, err
	}
	r := &reply{op: op, drift: d.drift(op)}
	if err := r.read(got); err != nil {
		return nil, d.own(err)
	}
	return r, nil
}

// credential is what the header says for a session.
func (d *Driver) credential(s erpclient.Session) (string, bool) {
	token := s.Token
	if d.apiKey != "" {
		if token != keySession {
			return "", false
		}
		token = d.apiKey
	}
	if !isToken(token) {
		return "", false
	}
	if http.CanonicalHeaderKey(d.header) == bearerHeader {
		return "Bearer " + token, true
	}
	return token, true
}

// own takes a refused API key for what it is: our configuration's fault, which no login mends. For those who ask, the
// system is unavailable; nothing has been looked at.
func (d *Driver) own(err error) error {
	var e *erpclient.Error
	if d.apiKey != "" && errors.As(err, &e) && e.Kind == erpclient.KindSessionExpired {
		return &erpclient.Error{Op: e.Op, Kind: erpclient.KindUnavailable, Unsent: true, Err: fmt.Errorf("%w: %w", errKeyRefused, e.Err)}
	}
	return err
}

var errKeyRefused = errors.New("the API key is refused")

// read decides what an answer is: the code in the body, where there is one that tells of a failure, else the status.
func (r *reply) read(got *erphttp.Answer) error {
	broken := json.Unmarshal(trimBOM(got.Body), &r.envelope)
	code, told := r.Code.integer()
	if broken == nil && told && !isSuccess(code) {
		return r.refusal(code, got)
	}
	if err := got.StatusError(r.op); err != nil {
		return pathKind(err)
	}
	switch {
	case broken != nil:
		return erpclient.Errorf(r.op, erpclient.KindBadAnswer, "the answer is not an envelope: %w", jsonError(broken))
	case !told:
		r.drift.report("code", wire.Number, r.Code.got())
		return erpclient.Errorf(r.op, erpclient.KindBadAnswer, "the answer has no code")
	}
	return nil
}

// isSuccess knows both customs: 0, and HTTP's own 2xx.
func isSuccess(code int64) bool { return code == 0 || code >= 200 && code < 300 }

// refusal is what a code means: that of HTTP, as the systems use them. A code of a system's own says that something went
// wrong, and not what, nor how far it had come.
func (r *reply) refusal(code int64, got *erphttp.Answer) error {
	e := erpclient.Errorf(r.op, erpclient.KindBadAnswer, "refused with code %d: %s", code, quoted(r.Message.text()))
	if code >= http.StatusBadRequest && code < 600 {
		e.Kind = erpclient.KindOf((&erphttp.Answer{Status: int(code)}).StatusError(r.op))
	}
	if got.Status >= http.StatusInternalServerError { // whatever the body says of a failing server
		e.Kind = erpclient.KindOf(got.StatusError(r.op))
	}
	e.RetryAfter = erphttp.RetryAfter(got.Header, r.drift.now())
	return e
}

// pathKind corrects 404: without an envelope it is a path that is not there, and no answer about a record.
func pathKind(err error) error {
	var e *erpclient.Error
	if errors.As(err, &e) && e.Kind == erpclient.KindNotFound {
		e.Kind = erpclient.KindBadAnswer
	}
	return err
}

// jsonError leaves out where a mismatch was found: the decoder's text may quote what was there.
func jsonError(err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return errors.New("another JSON type")
	}
	return err
}

// trimBOM drops surrounding white space and the byte order mark that some servers put in front of JSON.
func trimBOM(body []byte) []byte {
	return bytes.TrimSpace(bytes.TrimPrefix(bytes.TrimSpace(body), []byte("\ufeff")))
}

// maxQuoted bounds how much of the system's text gets into an error, and so into a log, in runes.
const maxQuoted = 200

func quoted(text string) string {
	n := 0
	for i := range text {
		if n == maxQuoted {
			return text[:i] + "…"
		}
		n++
	}
	return text
}
