package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"time"
)

const (
	readyWithin = 20 * time.Second
	drainWithin = 20 * time.Second
	pollEvery   = 10 * time.Millisecond
)

// gate is the gateway program, running.
type gate struct {
	cmd    *exec.Cmd
	log    *gateLog
	url    string
	client *http.Client
}

// startGate starts the program with these variables and waits until it is ready.
func startGate(ctx context.Context, bin string, environ []string) (*gate, error) {
	g := &gate{log: &gateLog{listening: make(chan string, 1)}, client: newHTTPClient()}
	g.cmd = exec.Command(bin)
	g.cmd.Env = append([]string{"SNOWGATE_SERVER__LISTEN=127.0.0.1:0"}, environ...)
	g.cmd.Dir = os.TempDir() // it must not find a configuration file of ours
	g.cmd.Stdout, g.cmd.Stderr = io.Discard, g.log
	g.cmd.SysProcAttr = tiedToUs()
	g.cmd.WaitDelay = drainWithin
	if err := g.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the gateway: %w", err)
	}
	if err := g.awaitReady(ctx); err != nil {
		return nil, errors.Join(g.log.explain(err), g.stop())
	}
	return g, nil
}

func newHTTPClient() *http.Client {
	return &http.Client{
		Timeout: 10 * time.Second, // far above any deadline of the gateway: what runs into it counts as no answer
		Transport: &http.Transport{
			MaxIdleConns: 1024, MaxIdleConnsPerHost: 1024, DisableCompression: true,
		},
	}
}

func (g *gate) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	select {
	case listen := <-g.log.listening:
		g.url = "http://" + listen
	case <-ctx.Done():
		return errors.New("the gateway did not listen in time")
	}
	if !until(ctx, func() bool { return g.get(ctx, "", "/readyz").code == http.StatusOK }) {
		return errors.New("the gateway did not become ready in time")
	}
	return nil
}

// until polls until yes, or reports false when the context ends.
func until(ctx context.Context, yes func() bool) bool {
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for !yes() {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// stop drains the gateway, and kills it when that takes too long.
func (g *gate) stop() error {
	g.client.CloseIdleConnections()
	ended := make(chan error, 1)
	go func() { ended <- g.cmd.Wait() }()
	if err := g.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case err := <-ended:
		return g.log.explain(err)
	case <-time.After(drainWithin):
		return g.log.explain(errors.Join(errors.New("the gateway did not drain in time"), g.cmd.Process.Kill(), <-ended))
	}
}
