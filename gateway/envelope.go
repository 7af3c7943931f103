package gateway

import (
	"encoding/json"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/text/language"

	"snowgate/erpclient"
)

// envelope is every answer under /api. Code is 0 for success, else the HTTP status that fits.
type envelope struct {
	Code       int    `json:"code"`
	Message    string `json:"message"`
	Data       any    `json:"data,omitempty"`
	Total      *int   `json:"total,omitempty"` // beside a bare array
	Error      string `json:"error,omitempty"`
	Field      string `json:"field,omitempty"`
	Hint       string `json:"hint,omitempty"`
	RetryAfter int    `json:"retryAfter,omitempty"` // s
	RequestID  string `json:"requestId"`
}

// appender is data that writes its own JSON, byte for byte as encoding/json would: the answers that are asked for most.
// With the length in front of the answer, that takes 12 % less CPU per page of orders (docs/performance.md).
type appender interface{ appendJSON(to []byte) []byte }

// rooms are memory for answers, used again once the call is over. A page of 20 orders is 7 KB.
var rooms = sync.Pool{New: func() any { return new([]byte) }}

// leaveRoom gives the answer's memory back: the call has been written down, and nobody reads the answer any more.
func (c *call) leaveRoom() {
	if c.room == nil {
		return
	}
	c.record.response = nil
	rooms.Put(c.room)
	c.room = nil
}

// ok answers with data.
func (c *call) ok(data any) error {
	if a, ok := data.(appender); ok {
		c.room, _ = rooms.Get().(*[]byte)
		body := a.appendJSON(append((*c.room)[:0], `{"code":0,"message":"ok","data":`...))
		body = append(erpclient.AppendString(append(body, `,"requestId":`...), c.id), '}')
		*c.room = body
		return c.send(http.StatusOK, "", body)
	}
	return c.write(http.StatusOK, envelope{Message: "ok", Data: data, RequestID: c.id})
}

// list answers with a bare array, never null, and how many there are in all where that is known.
func list[T any](c *call, items []T, total *int) error {
	data := append(make([]T, 0, len(items)), items...)
	return c.write(http.StatusOK, envelope{Message: "ok", Data: data, Total: total, RequestID: c.id})
}

// fail answers with a fault, in the caller's language.
func (c *call) fail(f *fault) error {
	e := envelope{
		Code: f.Code, Message: c.inLanguage(f.Chinese, f.English), Hint: c.inLanguage(f.HintZH, f.HintEN),
		Data: f.data, Error: f.Name, Field: f.field, RequestID: c.id,
	}
	if f.field != "" {
		e.Message += ": " + f.field
	}
	if f.retryAfter > 0 {
		e.RetryAfter = seconds(f.retryAfter)
		c.Response().Header().Set("Retry-After", strconv.Itoa(e.RetryAfter))
	}
	return c.write(f.Code, e)
}

// seconds are whole ones, rounded up: coming back too early is no use.
func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }

func (c *call) write(status int, e envelope) error {
	body, err := json.Marshal(e)
	if err != nil {
		return internal.because(err)
	}
	return c.send(status, e.Error, body)
}

// send writes the answer. Whose length is known beforehand goes out whole; net/http would cut it into chunks.
func (c *call) send(status int, fault string, body []byte) error {
	c.record.code, c.record.fault, c.record.response = status, fault, body
	h := c.Response().Header()
	h[echo.HeaderContentType] = jsonText
	h.Set(echo.HeaderContentLength, strconv.Itoa(len(body)))
	return c.JSONBlob(c.httpStatus(status), body)
}

// httpStatus is the real one, but 200 for calls from inside WeChat: mini-program request wrappers read `code` only on
// 200. What is not the API's (probes, Prometheus) reads the status and nothing else, and so does WeChat's own
// server: a failure dressed as a success would not be delivered again.
func (c *call) httpStatus(status int) int {
	mode := c.server.cfg.HTTPStatus
	switch {
	case !isAPI(c) || mode == "real" || c.record.route == callbackPath:
		return status
	case mode == "always-200" || fromMiniProgram(c.Request().Referer()):
		return http.StatusOK
	default:
		return status
	}
}

// fromMiniProgram recognises https://servicewechat.com/{appid}/{version}/page-frame.html, which WeChat sends and a
// mini-program cannot change (WeChat: wx.request). Others can forge it: it decides about nothing but the status.
func fromMiniProgram(referer string) bool {
	u, err := url.Parse(referer)
	if err != nil || u.Scheme != "https" || u.Host != "servicewechat.com" {
		return false
	}
	parts := strings.Split(u.Path, "/")
	return len(parts) == 4 && parts[1] != "" && parts[2] != "" && parts[3] == "page-frame.html"
}

// languages are in the order of wantsEnglish's index. To the matcher traditional Chinese is further from Chinese than
// English is, unless it is named.
var languages = language.NewMatcher([]language.Tag{language.Chinese, language.English, language.TraditionalChinese})

// inLanguage is the text in the caller's language.
func (c *call) inLanguage(chinese, english string) string {
	if wantsEnglish(c.Request().Header.Get("Accept-Language")) {
		return english
	}
	return chinese
}

// wantsEnglish reports whether English is preferred over Chinese. Chinese is the default, also for languages we do not speak.
func wantsEnglish(acceptLanguage string) bool {
	if acceptLanguage == "" || len(acceptLanguage) > 200 {
		return false
	}
	tags, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil {
		return false
	}
	_, index, confidence := languages.Match(tags...)
	return index == 1 && confidence >= language.High
}

// timestamp writes a time as RFC 3339 with the zone.
func (s *Server) timestamp(t time.Time) string { return t.In(s.cfg.Zone).Format(time.RFC3339) }
