package queue

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"
)

// outagePause is what a failed script costs asynq. Its processor asks for the next task at once when asking has failed,
// and with a Redis that refuses connections it would keep a core busy.
const outagePause = 100 * time.Millisecond

// patient is the Redis client for asynq's server.
type patient struct {
	redis.UniversalClient
	stop <-chan struct{}
}

// EvalSha is how asynq asks for tasks.
func (p patient) EvalSha(ctx context.Context, sha string, keys []string, args ...any) *redis.Cmd {
	cmd := p.UniversalClient.EvalSha(ctx, sha, keys, args...)
	if isConnectionError(cmd.Err()) {
		timer := time.NewTimer(outagePause)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-p.stop:
		}
	}
	return cmd
}
