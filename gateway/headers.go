package gateway

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
)

// Values that never change are shared by all answers: whoever sets a header replaces the slice, whoever adds to it copies it.
var (
	onEveryAnswer = http.Header{
		"X-Content-Type-Options": {"nosniff"}, "X-Frame-Options": {"DENY"}, "Referrer-Policy": {"no-referrer"},
		"Content-Security-Policy": {"default-src 'none'; frame-ancestors 'none'"}, "Cross-Origin-Resource-Policy": {"same-origin"},
	}
	noStore  = []string{"no-store"}
	jsonText = []string{echo.MIMEApplicationJSON}
)

// setHeaders puts on every answer what protects it on its way. A page may loosen what it needs loosened.
func (s *Server) setHeaders(c *call) {
	h := c.Response().Header()
	h.Set(echo.HeaderXRequestID, c.id)
	maps.Copy(h, onEveryAnswer)
	if s.cfg.HSTS {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
	if isAPI(c) {
		h["Cache-Control"] = noStore
		if s.cfg.HTTPStatus == "" || s.cfg.HTTPStatus == "auto" {
			h.Add("Vary", "Referer")
		}
	}
}

// corsAnswer is what a listed web page may do: what a mini-program may, and no more.
var corsAnswer = map[string]string{
	"Access-Control-Allow-Methods": strings.Join([]string{http.MethodGet, http.MethodPost, http.MethodDelete}, ", "),
	"Access-Control-Allow-Headers": strings.Join([]string{echo.HeaderAuthorization, echo.HeaderContentType, headerIdempotency, echo.HeaderXRequestID}, ", "),
	"Access-Control-Max-Age":       "600",
}

// allowOrigins lets the listed web pages call the API from a browser. Without a list there is no such thing, and OPTIONS is
// a method like any other.
func (s *Server) allowOrigins() {
	if len(s.cfg.Origins) == 0 {
		return
	}
	s.echo.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(ec echo.Context) error {
			h, origin := ec.Response().Header(), ec.Request().Header.Get(echo.HeaderOrigin)
			h.Add(echo.HeaderVary, echo.HeaderOrigin)
			if !slices.Contains(s.cfg.Origins, origin) {
				return next(ec)
			}
			h.Set(echo.HeaderAccessControlAllowOrigin, origin)
			h.Set("Cross-Origin-Resource-Policy", "cross-origin")
			if ec.Request().Method != http.MethodOptions || ec.Request().Header.Get(echo.HeaderAccessControlRequestMethod) == "" {
				h.Set(echo.HeaderAccessControlExposeHeaders, strings.Join([]string{echo.HeaderXRequestID, "X-Session-Expires", "Retry-After"}, ", "))
				return next(ec)
			}
			for name, value := range corsAnswer {
				h.Set(name, value)
			}
			if c, ok := ec.(*call); ok {
				c.record.code = http.StatusNoContent
			}
			return ec.NoContent(http.StatusNoContent)
		}
	})
}
