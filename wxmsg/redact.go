package wxmsg

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
)

// redacted is the logger resty gets. Resty logs whole URLs; the query, which holds AppSecret and code, is cut out.
type redacted struct{ to *slog.Logger }

var query = regexp.MustCompile(`\?[^\s"']*`)

func (r redacted) log(level slog.Level, format string, values []any) {
	values = slices.Clone(values)
	for i, v := range values {
		if err, ok := v.(error); ok {
			values[i] = cause(err)
		}
	}
	text := query.ReplaceAllString(fmt.Sprintf(format, values...), "?…")
	r.to.Log(context.Background(), level, "wechat http", "text", text)
}

// Errorf is at debug level: what fails is returned as well, and logged once by the caller.
func (r redacted) Errorf(format string, v ...any) { r.log(slog.LevelDebug, format, v) }
func (r redacted) Warnf(format string, v ...any)  { r.log(slog.LevelWarn, format, v) }
func (r redacted) Debugf(format string, v ...any) { r.log(slog.LevelDebug, format, v) }
