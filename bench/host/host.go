// Package host tells what a measurement ran on, and lets time pass. It is used by the commands beside it.
package host

import (
	"bufio"
	"context"
	"os"
	"runtime"
	"strings"
	"time"
)

// Processor is the processor's name where the system tells it.
func Processor() string {
	info, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer func() { _ = info.Close() }() // only read
	for lines := bufio.NewScanner(info); lines.Scan(); {
		if key, value, _ := strings.Cut(lines.Text(), ":"); strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

// Busy is the load average of the last minute, where the system tells it.
func Busy() string {
	averages, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return ""
	}
	minute, _, _ := strings.Cut(string(averages), " ")
	return ", load average before " + minute
}

// Wait lets d pass, or the context end.
func Wait(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
