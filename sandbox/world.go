package sandbox

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

// World is everything outside the gateway, running on free ports of 127.0.0.1.
type World struct {
	ERP    *ERP
	PSI    *PSI
	WeChat *WeChat
	Redis  *Redis

	ERPURL    string // http://127.0.0.1:port, without a slash at the end
	PSIURL    string
	WeChatURL string
	RedisURL  string // redis://127.0.0.1:port/0

	servers []*standInServer
}

// Start starts a World with default options, but for a PSI that finds records again. The
// caller closes it.
func Start() (*World, error) { return StartOn(seedDay) }

// StartOn starts a World whose ERP has orders up to that day; today makes the figures of
// recent weeks worth looking at. The caller closes it.
func StartOn(lastDay time.Time) (*World, error) {
	redis, err := StartRedis("")
	if err != nil {
		return nil, err
	}
	w := &World{
		ERP: NewERP(ERPOptions{LastDay: lastDay}), PSI: NewPSI(PSIOptions{Lookup: true}), WeChat: NewWeChat(WeChatOptions{}),
		Redis: redis, RedisURL: redis.URL(),
	}
	if err := w.openAll(); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

// Close ends held requests, servers and Redis, and waits for all of them. Calling it
// again does nothing.
func (w *World) Close() error {
	err := errors.Join(w.ERP.Close(), w.PSI.Close(), w.WeChat.Close())
	for _, s := range w.servers {
		err = errors.Join(err, s.close())
	}
	w.servers = nil
	w.Redis.Close()
	return err
}

func (w *World) openAll() (err error) {
	for h, url := range map[http.Handler]*string{w.ERP: &w.ERPURL, w.PSI: &w.PSIURL, w.WeChat: &w.WeChatURL} {
		if *url, err = w.open(h); err != nil {
			return err
		}
	}
	return nil
}

func (w *World) open(h http.Handler) (url string, err error) {
	s, err := serveStandIn(h)
	if err != nil {
		return "", err
	}
	w.servers = append(w.servers, s)
	return s.url, nil
}

// standInServer is an HTTP server that knows when its last connection has ended.
type standInServer struct {
	url    string
	http   *http.Server
	served chan error
	conns  sync.WaitGroup
}

func serveStandIn(h http.Handler) (*standInServer, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("sandbox: listen: %w", err)
	}
	s := &standInServer{url: "http://" + listener.Addr().String(), served: make(chan error, 1)}
	s.http = &http.Server{
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          log.New(io.Discard, "", 0), // broken connections are on purpose here
		ConnState:         s.count,
		Handler:           h,
	}
	go func() { s.served <- s.http.Serve(listener) }()
	return s, nil
}

func (s *standInServer) count(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.conns.Add(1)
	case http.StateClosed, http.StateHijacked: // a handler hijacks only to cut the connection
		s.conns.Done()
	case http.StateActive, http.StateIdle:
	}
}

// close cuts all connections and waits for the handlers behind them.
func (s *standInServer) close() error {
	err := s.http.Close()
	if served := <-s.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	s.conns.Wait()
	return err
}
