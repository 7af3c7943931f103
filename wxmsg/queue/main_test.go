package queue

import (
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TestMain is also the process that TestKilledProcesses kills. Otherwise it finds goroutines left behind: go-redis lets
// the one that dials anew after an outage sleep out its second, which is longer than goleak is willing to wait.
func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		beChild()
		return
	}
	_ = flag.Set("test.parallel", "8") // most tests wait for somebody; a flag on the command line still wins
	code := m.Run()
	deadline := time.Now().Add(10 * time.Second)
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
