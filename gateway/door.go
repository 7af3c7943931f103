package gateway

import (
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"snowgate/audit"
	"snowgate/erpclient"
)

// maxPathBytes bounds what the router has to look at; the longest route with the longest id is far below it.
const maxPathBytes = 2048

// maxLoggedAnswer is how much of an answer the call log keeps, in bytes.
const maxLoggedAnswer = 2 << 10

// unmatched stands for the template of a path that no route has.
const unmatched = "(unmatched)"

// door is the outermost middleware: it gives the request its id, turns any error into the one answer, and writes down
// what happened, once.
func (s *Server) door(next echo.HandlerFunc) echo.HandlerFunc {
	return func(ec echo.Context) error {
		c := s.newCall(ec)
		s.follow(c)
		s.metrics.inFlight.Inc()
		defer s.metrics.inFlight.Dec()
		s.setHeaders(c)
		if err := next(c); err != nil {
			s.answerFault(c, err)
		}
		s.tell(c)
		c.endSpan()
		c.leaveRoom()
		return nil
	}
}

func isAPI(c *call) bool {
	path := c.Request().URL.Path
	return path == "/api" || strings.HasPrefix(path, "/api/")
}

// recovered turns a panic into the answer `internal`: a net, not a plan. The stack goes to the log.
func (s *Server) recovered(next echo.HandlerFunc) echo.HandlerFunc {
	return func(ec echo.Context) (err error) {
		defer func() {
			if p := recover(); p != nil {
				s.metrics.panics.Inc()
				err = internal.because(fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
			}
		}()
		if len(ec.Request().URL.Path) > maxPathBytes {
			return notFound.because(nil)
		}
		if methods, ok := ec.Get(echo.ContextKeyHeaderAllow).(string); ok {
			return wrongMethod(ec, methods)
		}
		return next(ec)
	}
}

// wrongMethod answers where the router found the path and not the method. The router itself would let OPTIONS through
// with an empty answer; there is no cross-origin use of this API, so OPTIONS is a method like any other.
func wrongMethod(ec echo.Context, methods string) error {
	ec.Response().Header().Set(echo.HeaderAllow, strings.TrimPrefix(methods, http.MethodOptions+", "))
	return methodNotAllowed.because(nil)
}

// answerFault writes the fault, unless an answer has begun.
func (s *Server) answerFault(c *call, err error) {
	f := faultFor(err)
	if f.problem == erpBadCredentials || f.problem == inviteCodeInvalid {
		s.loginFailed()
	}
	c.record.code, c.record.fault, c.record.cause = f.Code, f.Name, err
	if c.Response().Committed {
		return
	}
	if err := c.fail(f); err != nil {
		s.cfg.Logger.Error("answer not written", "request_id", c.id, "error", err)
	}
}

// tell writes down one finished call: figures, one log line, and for /api a row of the call log. Of a page of the console that
// keeps asking the same, line and row come once a minute.
func (s *Server) tell(c *call) {
	now := s.cfg.Now()
	took := now.Sub(c.record.start)
	template := c.record.route
	if template == "" {
		template = unmatched
	}
	method := knownMethod(c.Request().Method)
	meters := s.metrics.of(outcome{method, template, c.record.code})
	meters.observe(now, took, c.id, c.traceID())
	if !isAPI(c) && !isConsoleAct(c) {
		return
	}
	failed := c.record.code >= http.StatusInternalServerError
	s.deps.Performance.Record(meters.series, took, !failed)
	trail := c.trace.Trail()
	if !c.record.operation {
		s.traffic.add(now, took, failed, c.record.source, trail.Coalesced)
		s.stories.add(c.id, s.storyOf(c, method, template, took, trail))
	}
	if s.isRepeat(c) {
		return
	}
	s.logLine(c, method, template, took, trail)
	s.deps.Log.Call(s.rowOf(c, method, template, took, trail))
}

func (s *Server) loginFailed() {
	if s.cfg.LoginFailed != nil {
		s.cfg.LoginFailed()
	}
}

// rowOf is what the call log keeps of a call.
func (s *Server) rowOf(c *call, method, template string, took time.Duration, trail erpclient.Trail) audit.Call {
	person := s.deps.Masker.Pseudonym("openid", c.session.OpenID)
	row := audit.Call{
		LogID: c.record.logID, SessionID: c.session.ID, Endpoint: template, Method: method,
		Params: s.deps.Masker.Params(c.record.params, c.record.secrets...), Status: c.record.code,
		Response: s.deps.Masker.JSON(c.record.response, maxLoggedAnswer), Duration: took, Error: c.record.fault,
		CalledAt: c.record.start, RequestID: c.id, Source: string(c.record.source),
		Attempts: len(trail.Attempts), ERPTime: trail.Took(),
	}
	for _, pseudonym := range []string{person, s.deps.Masker.Pseudonym("unionid", c.session.UnionID)} {
		row.Params, row.Response = nameless(row.Params, pseudonym), nameless(row.Response, pseudonym)
	}
	if !c.record.forgotten {
		row.OpenID = person
	}
	return row
}

// nameless takes a pseudonym of the caller's out of a row's text: the row says in one place whose it is, the one that is
// emptied when the person is forgotten.
func nameless(text, pseudonym string) string {
	if pseudonym == "" {
		return text
	}
	return strings.ReplaceAll(text, pseudonym, "(caller)")
}

// knownMethod keeps a client's invention out of labels and rows.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	default:
		return "OTHER"
	}
}
