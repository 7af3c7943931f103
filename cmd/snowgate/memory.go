package main

import (
	"io"
	"log/slog"
	"os"
	"runtime/debug"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

const (
	// collectEvery lets the heap grow to five times what is alive, some 10 MiB, before garbage is collected: an eighth less CPU
	// per request than with Go's own 100 (docs/performance.md). 800 saves another 3 % and costs another 80 MiB.
	collectEvery = 400
	// memoryShare of the container's memory is the heap's; close to it garbage is collected ever more often.
	memoryShare = 0.8
)

// useMemory trades memory, of which a gateway needs little, for time. GOGC and GOMEMLIMIT in the environment go first.
func useMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectEvery)
	}
	// Outside a container there is no limit to find, and none is set.
	_, _ = memlimit.Set(memlimit.WithRatio(memoryShare), memlimit.WithProvider(memlimit.FromCgroup), memlimit.WithLogger(slog.New(slog.NewTextHandler(io.Discard, nil))))
}
