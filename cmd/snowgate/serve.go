package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"snowgate/audit/mask"
	"snowgate/cmd/snowgate/config"
	"snowgate/gateway"
	"snowgate/session"
)

// Bounds on slow and idle clients. Echo's own are all 0, which means none.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 10 * time.Second
	writeTimeout      = 30 * time.Second
	idleTimeout       = 60 * time.Second
	maxHeaderBytes    = 16 << 10
)

// drainNotice is how long /readyz refuses before the listener closes, so that a load balancer that polls it every
// second stops sending first.
const drainNotice = time.Second

// serve answers requests until ctx ends, then drains. The listener is opened first: a busy port is an error returned.
func serve(ctx context.Context, cfg *config.Config, stdout, stderr io.Writer) (err error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.Server.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	defer func() { _ = listener.Close() }()
	if cfg.Sandbox() {
		box, err := enterSandbox(cfg)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, box.Close()) }()
		if err := box.answersTo(listener.Addr()); err != nil {
			return err
		}
		box.welcome(stdout, listener.Addr())
	}
	sealer, err := newSealer(cfg)
	if err != nil {
		return err
	}
	masker, level := mask.New(pseudonyms(sealer)), &slog.LevelVar{}
	log, flush := newLogger(cfg, level, masker, stderr)
	defer flush()
	session.SetLogger(log)
	h, err := build(cfg, sealer, masker, level, log)
	if err != nil {
		return err
	}
	server := newHTTPServer(h, log)
	log.Info("listening", "listen", listener.Addr().String(), "mode", cfg.Mode, "version", buildVersion())
	return h.runUntil(ctx, server, listener, cfg)
}

func newHTTPServer(h *house, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: h.gateway,
		// net/http would answer OPTIONS * by itself, without our headers.
		DisableGeneralOptionsHandler: true,
		TLSConfig:                    h.certificate.config(),
		ReadHeaderTimeout:            readHeaderTimeout,
		ReadTimeout:                  readTimeout,
		WriteTimeout:                 writeTimeout,
		IdleTimeout:                  idleTimeout,
		MaxHeaderBytes:               maxHeaderBytes,
		ErrorLog:                     slog.NewLogLogger(log.Handler(), slog.LevelDebug), // broken clients are no news
	}
}

// runUntil runs the background work and the server until ctx ends, then stops them in order: refuse new work, finish
// what is in hand, write down what is still pending, close the stores. Each stage has what is left of the drain time.
func (h *house) runUntil(ctx context.Context, server *http.Server, listener net.Listener, cfg *config.Config) error {
	background, stopBackground := context.WithCancel(context.WithoutCancel(ctx))
	defer stopBackground()
	group, failed := errgroup.WithContext(ctx)
	var work errgroup.Group
	for _, role := range h.roles {
		work.Go(func() error { return role(background) })
	}
	group.Go(func() error { return listenOn(server, listener) })
	<-failed.Done()

	h.log.Info("draining", "within", cfg.Server.DrainTimeout.String())
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), cfg.Server.DrainTimeout)
	defer cancel()
	h.gateway.Drain()
	if ctx.Err() != nil && !cfg.Sandbox() {
		pause(drain, drainNotice)
	}
	errs := []error{server.Shutdown(drain), group.Wait()}
	stopBackground()
	errs = append(errs, work.Wait(), h.audit.Close(drain), h.close())
	if err := errors.Join(errs...); err != nil {
		return err
	}
	h.log.Info("stopped")
	return nil
}

// listenOn serves until Shutdown, which is no error.
func listenOn(server *http.Server, listener net.Listener) error {
	err := error(nil)
	if server.TLSConfig != nil {
		err = server.ServeTLS(listener, "", "")
	} else {
		err = server.Serve(gateway.WholeWrites(listener))
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
