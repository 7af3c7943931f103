package main

import (
	"context"
	"errors"
	"os/exec"
	"strings"

	"snowgate/internal/servertest"
	"snowgate/sandbox"
)

// startRedis starts a private redis-server, or the in-process one where none is installed.
func startRedis() (url string, stop func() error, err error) {
	server, err := servertest.LaunchRedis()
	if err == nil {
		return server.URL(), server.Close, nil
	}
	if !errors.Is(err, exec.ErrNotFound) {
		return "", nil, err
	}
	inProcess, err := sandbox.StartRedis("")
	if err != nil {
		return "", nil, err
	}
	return inProcess.URL(), func() error { inProcess.Close(); return nil }, nil
}

// redisVersion names the Redis that startRedis will start.
func redisVersion(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "redis-server", "--version").Output()
	if err != nil {
		return "in-process Redis"
	}
	for word := range strings.FieldsSeq(string(out)) {
		if version, found := strings.CutPrefix(word, "v="); found {
			return "redis-server " + version
		}
	}
	return "redis-server"
}
