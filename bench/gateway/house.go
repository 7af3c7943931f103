package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"snowgate/audit"
	"snowgate/audit/mask"
	"snowgate/erpclient"
	"snowgate/erpclient/erphttp"
	"snowgate/erpclient/snowbeasts"
	"snowgate/gateway"
	"snowgate/health"
	"snowgate/session"
)

// The program cannot be told to keep no audit trail. To measure what it costs, this one wires the hot path's rooms by
// itself, once with the trail and once without, and is two of the programs that are compared.
const (
	roleAudited   = "house-audited"
	roleUnaudited = "house-unaudited"
)

func serveRole(role, listen, erp, redisAddr string) error {
	if role == roleAudited || role == roleUnaudited {
		return serveHouse(role == roleAudited, listen, erp, redisAddr)
	}
	return serveFloor(role, listen, erp, redisAddr)
}

// serveHouse is a gateway for orders, until it is killed.
func serveHouse(audited bool, listen, erp, redisAddr string) error {
	p, err := openPeople("redis://" + redisAddr)
	if err != nil {
		return err
	}
	http11, err := erphttp.New(erphttp.Config{Origin: "http://" + erp, MaxInFlight: 256})
	if err != nil {
		return err
	}
	driver, err := snowbeasts.New(snowbeasts.Config{HTTP: http11, AppID: "10001"})
	if err != nil {
		return err
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector())
	client := erpclient.New(erpclient.Config{
		MaxInFlight: 256, Sessions: shared{p.store}, Answers: answers{p.store}, Metrics: registry,
		Service: erpclient.Credentials{Account: "bench", Secret: driver.Secret("bench-password")},
	}, driver, nil)
	go func() { _ = client.Run(context.Background()) }() // until the process ends
	trail, masker, err := memory(audited)
	if err != nil {
		return err
	}
	limiter := session.NewLimiter(p.store)
	high := session.Rate{Count: 1_000_000, Per: time.Second}
	s := gateway.New(gateway.Config{
		AdminTokens: []string{adminToken}, MaxInFlight: 4096, Limits: gateway.Limits{PerOpenID: high, PerIP: high},
		Logger: slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{ReplaceAttr: mask.New(nil).Attr})),
	}, gateway.Deps{
		Sessions: p.store, Arrivals: limiter, Bindings: p.store, Attempts: p.store, Limiter: limiter, ERP: client,
		Log: trail, Masker: masker, Performance: health.NewPerformance(nil), Registry: registry,
	})
	return (&http.Server{Addr: listen, Handler: s, ReadHeaderTimeout: 5 * time.Second}).ListenAndServe()
}

// memory is the real trail with its spool on disk, shipped to nobody, or none.
func memory(audited bool) (gateway.Log, gateway.Masker, error) {
	if !audited {
		return forgetful{}, blind{}, nil
	}
	dir, err := os.MkdirTemp("", "snowgate-bench-house-")
	if err != nil {
		return nil, nil, err
	}
	l, err := audit.Open(audit.Config{Dir: dir, Replica: "bench"}, nowhere{})
	if err != nil {
		return nil, nil, fmt.Errorf("audit: %w", err)
	}
	go func() { _ = l.Run(context.Background()) }() // until the process ends
	return l, mask.New(nil), nil
}

// shared and answers are the session store as the ERP client knows it; nothing is lost here.
type shared struct{ *session.Store }

func (s shared) Load(ctx context.Context, key string) ([]byte, bool, error) {
	blob, err := s.LoadERPLogin(ctx, key)
	return blob, err == nil, nil
}

func (s shared) Save(ctx context.Context, key string, blob []byte, ttl time.Duration) error {
	return s.SaveERPLogin(ctx, key, blob, ttl)
}

func (s shared) Drop(ctx context.Context, key string, blob []byte) error {
	return s.DropERPLogin(ctx, key, blob)
}

func (s shared) Lock(ctx context.Context, name string, lease time.Duration) (func(), error) {
	return s.Store.Lock(ctx, name, lease)
}

type answers struct{ *session.Store }

func (a answers) SaveAnswers(ctx context.Context, list []erpclient.KeptAnswer, ttl time.Duration) error {
	saved := make([]session.Answer, len(list))
	for i, answer := range list {
		saved[i] = session.Answer(answer)
	}
	return a.Store.SaveAnswers(ctx, saved, ttl)
}

func (a answers) LoadAnswer(ctx context.Context, bindingID, question string) ([]byte, bool, error) {
	blob, err := a.Store.LoadAnswer(ctx, bindingID, question)
	return blob, err == nil, nil
}

// nowhere is a database that takes everything at once.
type nowhere struct{}

func (nowhere) WriteCalls(context.Context, []audit.Call) error             { return nil }
func (nowhere) WriteSessions(context.Context, []audit.SessionChange) error { return nil }
func (nowhere) WriteBindings(context.Context, []audit.BindingChange) error { return nil }
func (nowhere) WriteMessages(context.Context, []audit.MessageChange) error { return nil }
func (nowhere) SaveWrites(context.Context, []audit.WriteChange) error      { return nil }
func (nowhere) Forget(context.Context, []audit.Forgotten) error            { return nil }

// forgetful keeps no trail, and blind makes no rows for it.
type forgetful struct{}

func (forgetful) Call(audit.Call)               {}
func (forgetful) Session(audit.SessionChange)   {}
func (forgetful) Binding(audit.BindingChange)   {}
func (forgetful) Write(audit.WriteChange) error { return nil }
func (forgetful) Forget(string) error           { return nil }
func (forgetful) Ready() error                  { return nil }
func (forgetful) Stats() audit.Stats            { return audit.Stats{} }

type blind struct{}

func (blind) Params(map[string]any, ...string) string  { return "" }
func (blind) JSON([]byte, int, ...string) string       { return "" }
func (blind) Pseudonym(_, value string) (alias string) { return value }
