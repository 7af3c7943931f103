package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-resty/resty/v2"
	"github.com/labstack/echo/v4"
	"github.com/redis/go-redis/v9"
)

// The floors are the programs that ours is held against: Go's own reverse proxy, and Echo, go-redis and resty with
// nothing between them. This program starts itself again to be one of them, so that each has a process of its own.
const (
	roleProxy     = "proxy"
	roleEchoBytes = "echo-bytes"
	roleEchoJSON  = "echo-json"
)

// serveFloor is one of them, until it is killed.
func serveFloor(role, listen, erp, redisAddr string) error {
	var handler http.Handler
	switch role {
	case roleProxy:
		handler = bareProxy(erp)
	case roleEchoBytes, roleEchoJSON:
		handler = naive(erp, redisAddr, role == roleEchoJSON)
	default:
		return fmt.Errorf("no floor is called %q", role)
	}
	return (&http.Server{Addr: listen, Handler: handler, ReadHeaderTimeout: 5 * time.Second}).ListenAndServe()
}

func newTransport() *http.Transport {
	return &http.Transport{
		DialContext:  (&net.Dialer{Timeout: 2 * time.Second}).DialContext,
		MaxIdleConns: 512, MaxIdleConnsPerHost: 512, IdleConnTimeout: 90 * time.Second, DisableCompression: true,
	}
}

type buffers struct{ pool sync.Pool }

func (b *buffers) Get() []byte  { return *b.pool.Get().(*[]byte) } //nolint:forcetypeassert // its own New made it
func (b *buffers) Put(x []byte) { b.pool.Put(&x) }

// bareProxy forwards, and nothing else: the floor of net/http.
func bareProxy(erp string) http.Handler {
	return &httputil.ReverseProxy{
		Transport:  newTransport(),
		BufferPool: &buffers{sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}},
		Rewrite:    func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: "http", Host: erp}) },
		ErrorLog:   log.Default(),
	}
}

// naive is one look-up of a session and one call, its answer handed on unread or decoded and encoded again. It has no
// retry, no breaker, no limit, no row and no figure.
func naive(erp, redisAddr string, decode bool) http.Handler {
	rdb := redis.NewClient(&redis.Options{Addr: redisAddr, PoolSize: 64, MinIdleConns: 8})
	client := resty.New().SetBaseURL("http://" + erp).SetTransport(newTransport()).SetTimeout(5 * time.Second)
	e := echo.New()
	e.GET("/*", func(c echo.Context) error {
		company, status := companyOf(c, rdb)
		if status != 0 {
			return c.NoContent(status)
		}
		res, err := client.R().SetContext(c.Request().Context()).SetHeader("X-Company-Id", company).
			SetQueryString(c.QueryString()).Get(c.Request().URL.Path)
		if err != nil {
			return c.NoContent(http.StatusBadGateway)
		}
		if !decode {
			return c.Blob(res.StatusCode(), res.Header().Get("Content-Type"), res.Body())
		}
		var v any
		if err := json.Unmarshal(res.Body(), &v); err != nil {
			return c.NoContent(http.StatusBadGateway)
		}
		return c.JSON(res.StatusCode(), v)
	})
	return e
}

// companyOf looks the session up; the status is 0 where there is one.
func companyOf(c echo.Context, rdb *redis.Client) (company string, status int) {
	token, ok := strings.CutPrefix(c.Request().Header.Get(echo.HeaderAuthorization), "Bearer ")
	if !ok {
		return "", http.StatusUnauthorized
	}
	raw, err := rdb.Get(c.Request().Context(), "session:"+token).Bytes()
	if errors.Is(err, redis.Nil) {
		return "", http.StatusUnauthorized
	}
	if err != nil {
		return "", http.StatusServiceUnavailable
	}
	var s struct {
		CompanyID string `json:"company_id"`
	}
	if json.Unmarshal(raw, &s) != nil {
		return "", http.StatusUnauthorized
	}
	return s.CompanyID, 0
}
