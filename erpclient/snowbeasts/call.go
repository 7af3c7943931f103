package snowbeasts

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"snowgate/erpclient"
	"snowgate/erpclient/erphttp"
)

// question is what is asked on behalf of which operation.
type question struct {
	op   string
	form *form
	// otherwise is what remains of {"success": false} when a fresh login did not help: NotFound for one record by id,
	// BadAnswer for a list.
	otherwise erpclient.Kind
	// writes: it changes something, so that only an answer that surely refuses it may be told as a refusal.
	writes bool
}

// ask makes one business call and has the whole answer decoded.
func ask[T any](ctx context.Context, d *Driver, s erpclient.Session, q question, path string, body any,
	decode func([]byte, question, *driftLog) (*answer[T], error),
) (*answer[T], error) {
	cookie, ok := d.token.header(s.Token)
	if !ok {
		return nil, erpclient.Errorf(q.op, erpclient.KindSessionExpired, "there is no session")
	}
	got, err := d.http.Do(ctx, q.op, erphttp.Request{
		Method: http.MethodPost, Path: "/business/" + path, Body: body,
		Header: map[string]string{"Accept": "application/json", "Cookie": cookie},
	})
	if err != nil {
		return nil, err
	}
	if err := q.status(got); err != nil {
		return nil, err
	}
	return decode(got.Body, q, d.drift(q))
}

// status tells what can be told before the body is read. How the ERP says that a session is lost is not known, so
// 401, 403, any redirect and a page instead of JSON all mean it, without a doubt worth an Otherwise.
func (q question) status(a *erphttp.Answer) error {
	if q.writes && (isRedirect(a.Status) || isHTML(a)) && !leadsToLogin(a) {
		return erpclient.Errorf(q.op, erpclient.KindOutcomeUnknown, "http status %d, and no JSON", a.Status)
	}
	if a.Status == http.StatusUnauthorized || a.Status == http.StatusForbidden || isRedirect(a.Status) {
		return erpclient.Errorf(q.op, erpclient.KindSessionExpired, "http status %d", a.Status)
	}
	if err := a.StatusError(q.op); err != nil {
		return operationKind(err)
	}
	if isHTML(a) {
		return erpclient.Errorf(q.op, erpclient.KindSessionExpired, "a page instead of JSON")
	}
	return nil
}

// leadsToLogin tells the login page from whatever else may come instead of JSON: a form after a write, or some proxy's
// page. The page itself is known by its field for a password.
func leadsToLogin(a *erphttp.Answer) bool {
	if isRedirect(a.Status) {
		to, err := url.Parse(a.Header.Get("Location"))
		return err == nil && isLoginPage(to)
	}
	return bytes.Contains(bytes.ToLower(a.Body), []byte("password"))
}

// operationKind corrects 404: the path names an operation, not a record, so its absence is no answer about a record.
func operationKind(err error) error {
	var e *erpclient.Error
	if errors.As(err, &e) && e.Kind == erpclient.KindNotFound {
		e.Kind = erpclient.KindBadAnswer
	}
	return err
}

// isHTML goes by the body's first character, because a login page is not always labelled and JSON is sometimes
// labelled as a page.
func isHTML(a *erphttp.Answer) bool {
	body := trimBOM(a.Body)
	if bytes.HasPrefix(body, []byte("{")) {
		return false
	}
	return bytes.HasPrefix(body, []byte("<")) || strings.Contains(strings.ToLower(a.Header.Get("Content-Type")), "html")
}

// trimBOM drops surrounding white space and the byte order mark that some servers put in front of JSON.
func trimBOM(body []byte) []byte {
	return bytes.TrimSpace(bytes.TrimPrefix(bytes.TrimSpace(body), []byte("\ufeff")))
}

// answer is a business call's answer with data of type T.
type answer[T any] struct {
	answerHead
	Data T `json:"data"`
}

// decodeList reads a list's answer, the fast way where it can.
func decodeList(body []byte, q question, drift *driftLog) (*answer[listData], error) {
	got, ok := scanList(trimBOM(body))
	if !ok {
		return decode[listData](body, q, drift)
	}
	if got.Success.isFalse() {
		return nil, q.refusal(got.text())
	}
	return got, nil
}

// decode reads an answer's body whole. {"success": false} comes before any complaint about the data beside it.
func decode[T any](body []byte, q question, drift *driftLog) (*answer[T], error) {
	got := new(answer[T])
	err := json.Unmarshal(trimBOM(body), got)
	if isBroken(err) {
		return nil, erpclient.Errorf(q.op, erpclient.KindBadAnswer, "the answer is not JSON: %w", err)
	}
	if got.Success.isFalse() {
		return nil, q.refusal(got.text())
	}
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		drift.report(wrong.Field, wantedBy(wrong), wrong.Value)
		return nil, erpclient.Errorf(q.op, erpclient.KindBadAnswer, "the answer has another shape at %q", wrong.Field)
	}
	return got, nil
}

// isBroken tells text that is no JSON from JSON of another shape, of which everything that fits has been read.
func isBroken(err error) bool {
	var wrong *json.UnmarshalTypeError
	return err != nil && !errors.As(err, &wrong)
}

func wantedBy(wrong *json.UnmarshalTypeError) string {
	if strings.HasSuffix(wrong.Field, "_dataList") {
		return "array"
	}
	return "object"
}
