package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"snowgate/sandbox"
)

// adminToken opens /metrics of a gateway that lives for a minute on 127.0.0.1.
const adminToken = "bench-faults-admin-token-1" //nolint:gosec // not a secret

// world is one gateway with everything around it. Each scenario has its own: breakers, budget and sessions start fresh.
type world struct {
	*gate
	primary *erpStandIn
	standby *erpStandIn // nil: there is none
	closers []func() error
}

// options of a world.
type options struct {
	standby bool
	environ []string
}

// open starts a world; the caller closes it.
func (l *lab) open(ctx context.Context, o options) (_ *world, err error) {
	w := &world{}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	environ, err := w.surround(o)
	if err != nil {
		return nil, err
	}
	w.gate, err = startGate(ctx, l.bin, append(environ, o.environ...))
	if err != nil {
		return nil, err
	}
	w.later(w.stop)
	return w, nil
}

// in runs a measurement in a world of its own.
func (l *lab) in(ctx context.Context, o options, run func(*world) ([]figure, error)) (figures []figure, err error) {
	w, err := l.open(ctx, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	figures, err = run(w)
	return append(figures, w.log.defectFigures()...), err
}

func (w *world) later(end func() error) { w.closers = append(w.closers, end) }

// close ends everything, last first.
func (w *world) close() error {
	var errs []error
	for i := len(w.closers) - 1; i >= 0; i-- {
		errs = append(errs, w.closers[i]())
	}
	w.closers = nil
	return errors.Join(errs...)
}

// surround starts what is outside the gateway and returns the variables that name it.
func (w *world) surround(o options) (environ []string, err error) {
	dir, err := os.MkdirTemp("", "snowgate-faults-world-")
	if err != nil {
		return nil, err
	}
	w.later(func() error { return os.RemoveAll(dir) })
	redis, stop, err := startRedis()
	if err != nil {
		return nil, err
	}
	w.later(stop)
	wechat, origin, err := w.startWeChat()
	if err != nil {
		return nil, err
	}
	if err := w.startERPs(o); err != nil {
		return nil, err
	}
	environ = append(w.secrets(),
		"SNOWGATE_SERVER__BEHIND_PROXY=true",
		"SNOWGATE_LIMITS__REQUESTS_PER_OPENID=0", "SNOWGATE_LIMITS__REQUESTS_PER_IP=0", "SNOWGATE_LIMITS__LOGINS_PER_IP=0",
		"SNOWGATE_REDIS__URL="+redis,
		"SNOWGATE_SQL__DSN=sqlite://"+filepath.Join(dir, "log.db"),
		"SNOWGATE_AUDIT__SPOOL_DIR="+filepath.Join(dir, "spool"),
		"SNOWGATE_WECHAT__BASE_URL="+origin,
		"SNOWGATE_WECHAT__APP_ID="+wechat.AppID(),
		"SNOWGATE_WECHAT__APP_SECRET="+wechat.AppSecret(),
		"SNOWGATE_ERP__ORIGIN="+w.primary.origin(),
		"SNOWGATE_ERP__SNOWBEASTS__APP_ID="+w.primary.AppID(),
		// All callers come from one address here, and few people ask much: the limits are not what is measured.
		"SNOWGATE_LIMITS__BINDS=0", "SNOWGATE_LIMITS__LOGINS_PER_IP=0",
		"SNOWGATE_LIMITS__REQUESTS_PER_IP=0", "SNOWGATE_LIMITS__REQUESTS_PER_OPENID=0",
	)
	if w.standby != nil {
		environ = append(environ, "SNOWGATE_ERP__STANDBY_ORIGIN="+w.standby.origin())
	}
	return environ, nil
}

// secrets are made up for this world; production refuses the sandbox's own.
func (w *world) secrets() []string {
	var key [32]byte
	_, _ = rand.Read(key[:]) // never fails, by its documentation
	return []string{
		"SNOWGATE_SEAL__KEYS=bench:" + base64.StdEncoding.EncodeToString(key[:]),
		"SNOWGATE_ADMIN__TOKENS=" + adminToken,
		"SNOWGATE_ERP__SNOWBEASTS__SERVICE_ACCOUNT=staff.li",
		"SNOWGATE_ERP__SNOWBEASTS__SERVICE_PASSWORD=snow-staff-1",
	}
}

func (w *world) startWeChat() (wechat *sandbox.WeChat, origin string, err error) {
	wechat = sandbox.NewWeChat(sandbox.WeChatOptions{AppID: "wx0123456789abcdef", AppSecret: "an-app-secret-of-the-bench"})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", fmt.Errorf("wechat: %w", err)
	}
	server := newServer(wechat)
	go func() { _ = server.Serve(listener) }() // ends with the server's Close
	w.later(server.Close)
	w.later(wechat.Close)
	return wechat, "http://" + listener.Addr().String(), nil
}

func (w *world) startERPs(o options) (err error) {
	if w.primary, err = startERP(); err != nil {
		return fmt.Errorf("erp: %w", err)
	}
	w.later(w.primary.close)
	if !o.standby {
		return nil
	}
	if w.standby, err = startERP(); err != nil {
		return fmt.Errorf("standby erp: %w", err)
	}
	w.later(w.standby.close)
	return nil
}
