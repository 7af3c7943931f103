package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"snowgate/bench/host"
)

// doProfile takes the gateway's CPU and allocation profiles while it is searched and asked for states, half and half:
// for the table of stages, and for a build that is guided by them (cmd/snowgate/default.pgo).
func doProfile(ctx context.Context, w *world, s settings, _ *report) error {
	if s.profiles == "" {
		return nil
	}
	rivals, end, err := assemble(w, peers[:1])
	if err != nil {
		return err
	}
	defer end()
	if err := ready(rivals[0], w); err != nil {
		return err
	}
	search, status := w.people.search("profile"), w.people.status("profile")
	both := func(buf []byte, n int) []byte {
		if n%2 == 0 {
			return search(buf, n)
		}
		return status(buf, n)
	}
	switch s.profileOnly {
	case "search":
		both = search
	case "hot":
		both = w.people.hot
	}
	var taken errgroup.Group
	seconds := int(s.during.Seconds())
	for _, kind := range []string{"profile", "allocs"} {
		taken.Go(func() error {
			host.Wait(ctx, s.warm)
			return fetch(ctx, fmt.Sprintf("%s/debug/pprof/%s?seconds=%d", rivals[0].url, kind, seconds), filepath.Join(s.profiles, kind+".pprof"))
		})
	}
	seen, err := closed(rivals[0].addr(), s.clients, s.warm+s.during+2*time.Second, both)
	if err := errors.Join(err, taken.Wait()); err != nil {
		return err
	}
	requests := seen.perSecond() * float64(seconds)
	return stageTable(w.bin, filepath.Join(s.profiles, "profile.pprof"), filepath.Join(s.profiles, "allocs.pprof"), requests)
}

// fetch saves what an admin may read.
func fetch(ctx context.Context, url, file string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+adminToken)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }() // only read
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK || bytes.HasPrefix(body, []byte("{")) {
		return errors.Join(err, fmt.Errorf("%s: status %d", url, res.StatusCode))
	}
	return os.WriteFile(file, body, 0o600)
}
