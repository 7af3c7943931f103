package gateway

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"snowgate/erpclient"
)

// logLine is the request's one line. Only a defect of ours is an error; what a client or the ERP did is not.
func (s *Server) logLine(c *call, method, template string, took time.Duration, trail erpclient.Trail) {
	level := slog.LevelInfo
	if c.record.code == internal.Code {
		level = slog.LevelError
	}
	ctx, handler := c.Request().Context(), s.cfg.Logger.Handler()
	if !handler.Enabled(ctx, level) {
		return
	}
	line := slog.NewRecord(time.Now(), level, "call", 0) // slog.Logger would look for the caller's place, which no line shows: 2 µs
	var room [13]slog.Attr
	line.AddAttrs(s.lineOf(room[:0], c, method, template, took, trail)...)
	_ = handler.Handle(ctx, line) // as slog.Logger: there is nowhere else to tell it
}

func (s *Server) lineOf(attrs []slog.Attr, c *call, method, template string, took time.Duration, trail erpclient.Trail) []slog.Attr {
	attrs = append(attrs, slog.String("request_id", c.id), slog.String("method", method),
		slog.String("route", template), slog.Int("code", c.record.code), slog.Float64("took_ms", milliseconds(took)))
	if c.span != nil {
		attrs = append(attrs, slog.String("trace_id", c.traceID()))
	}
	if c.session.ID != "" {
		attrs = append(attrs, slog.String("session_id", c.session.ID[:12]))
	}
	if len(trail.Attempts) > 0 || trail.Coalesced {
		attrs = append(attrs, slog.Bool("coalesced", trail.Coalesced), slog.Any("tried", tried(trail.Attempts)),
			slog.Float64("erp_ms", milliseconds(trail.Took())))
	}
	if c.record.fault != "" {
		attrs = append(attrs, slog.String("fault", c.record.fault))
	} else if c.record.source != "" {
		attrs = append(attrs, slog.String("source", string(c.record.source)))
	}
	if c.record.cause != nil && !errors.Is(c.record.cause, context.Canceled) && c.record.code >= http.StatusInternalServerError {
		attrs = append(attrs, slog.String("error", c.record.cause.Error()))
	}
	return attrs
}

// tried tells each attempt in a word or two: "primary/search_orders timeout 625ms".
func tried(attempts []erpclient.Attempt) []string {
	list := make([]string, len(attempts))
	for i, a := range attempts {
		outcome := "ok"
		if a.Kind != "" {
			outcome = string(a.Kind)
		}
		var room [64]byte
		text := append(append(append(room[:0], a.Channel...), '/'), a.Op...)
		text = append(append(append(text, ' '), outcome...), ' ')
		list[i] = string(append(strconv.AppendInt(text, a.Took.Milliseconds(), 10), "ms"...))
	}
	return list
}
