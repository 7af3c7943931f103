package gateway

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"
)

// silent drops what go-redis prints about servers that a test has stopped.
type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

// TestMain finds goroutines left behind. go-redis lets the one that dials anew after an outage sleep out its second
// when the client is closed, which is longer than goleak is willing to wait by itself.
func TestMain(m *testing.M) {
	redis.SetLogger(silent{})
	code := m.Run()
	deadline := time.Now().Add(5 * time.Second)
	for code == 0 {
		err := goleak.Find()
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}
