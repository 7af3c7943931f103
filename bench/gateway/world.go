package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"snowgate/internal/servertest"
)

// world is everything around the programs that are measured. It lives for the whole run.
type world struct {
	dir, bin string
	redis    *servertest.Process
	database *servertest.Process
	erp      *stub
	people   *people
}

func openWorld(ctx context.Context, bin string, sessions int) (w *world, err error) {
	w = &world{bin: bin}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	if w.dir, err = os.MkdirTemp("", "snowgate-bench-gateway-"); err != nil {
		return w, err
	}
	if err = w.build(ctx); err != nil {
		return w, err
	}
	if w.redis, err = servertest.LaunchRedis(); err != nil {
		return w, err
	}
	if w.database, err = servertest.LaunchMariaDB(); err != nil {
		return w, err
	}
	if w.erp, err = startStub(); err != nil {
		return w, err
	}
	if w.people, err = openPeople(w.redis.URL()); err != nil {
		return w, err
	}
	return w, w.people.grow(ctx, sessions)
}

// build makes the gateway as it is shipped, where none was given.
func (w *world) build(ctx context.Context) error {
	if w.bin != "" {
		var err error
		w.bin, err = filepath.Abs(w.bin) // it is started in another folder
		return err
	}
	w.bin = filepath.Join(w.dir, "snowgate")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", w.bin, "snowgate/cmd/snowgate") //nolint:gosec // our own program
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}

func (w *world) close() error {
	var errs []error
	if w.people != nil {
		errs = append(errs, w.people.close())
	}
	if w.erp != nil {
		errs = append(errs, w.erp.close())
	}
	for _, p := range []*servertest.Process{w.redis, w.database} {
		if p != nil {
			errs = append(errs, p.Close())
		}
	}
	return errors.Join(append(errs, os.RemoveAll(w.dir))...)
}
