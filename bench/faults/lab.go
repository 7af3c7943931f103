package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"snowgate/bench/host"
)

// lab is what all scenarios share: the program under measurement and how long to look.
type lab struct {
	bin   string
	quick bool
	notes io.Writer
	redis string // which Redis the worlds run on
}

// prepare builds the gateway where none was given. remove deletes what was built.
func (l *lab) prepare(ctx context.Context) (remove func(), err error) {
	l.redis = redisVersion(ctx)
	if l.bin != "" {
		l.bin, err = filepath.Abs(l.bin) // it is started in another folder
		return func() {}, err
	}
	dir, err := os.MkdirTemp("", "snowgate-faults-")
	if err != nil {
		return nil, err
	}
	remove = func() { _ = os.RemoveAll(dir) }
	l.bin = filepath.Join(dir, "snowgate")
	l.note("building the gateway …")
	build := exec.CommandContext(ctx, "go", "build", "-o", l.bin, "snowgate/cmd/snowgate") //nolint:gosec // the path is ours
	if out, err := build.CombinedOutput(); err != nil {
		remove()
		return nil, fmt.Errorf("go build: %w\n%s", err, out)
	}
	return remove, nil
}

// either is the full run's value, or the quick one's.
func either[T any](l *lab, full, quick T) T {
	if l.quick {
		return quick
	}
	return full
}

func (l *lab) note(format string, args ...any) {
	_, _ = fmt.Fprintf(l.notes, time.Now().Format("15:04:05 ")+format+"\n", args...)
}

// machine is one line that says where the figures were measured.
func (l *lab) machine() string {
	version, err := exec.Command(l.bin, "version").Output() //nolint:gosec // the program the operator named
	if err != nil {
		version = []byte("unknown version")
	}
	kind := either(l, "full run", "quick run")
	return fmt.Sprintf("%s · %s · %d cores (%s), shared with the load and the stand-ins%s · %s · %s",
		time.Now().Format(time.DateOnly), strings.TrimSpace(string(version)), runtime.NumCPU(), host.Processor(), host.Busy(), l.redis, kind)
}
