package session

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/redis/go-redis/v9"
)

// SetLogger sends what go-redis says of itself (a connection lost, a pool closed) to log as warnings. go-redis has one
// logger for the whole process and would print bare lines to stderr otherwise.
func SetLogger(log *slog.Logger) { redis.SetLogger(redisLog{log}) }

type redisLog struct{ log *slog.Logger }

func (r redisLog) Printf(ctx context.Context, format string, v ...any) {
	r.log.WarnContext(ctx, "redis client", "says", fmt.Sprintf(format, v...))
}
