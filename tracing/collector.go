package tracing

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// collector is an otlptrace.Client: OTLP over HTTP with protobuf. OpenTelemetry's own (otlptracehttp) links two megabytes
// of gRPC in, and repeats what a collector did not take; here a batch is tried once.
type collector struct {
	url  string
	http *http.Client
	// ended is closed, as a context, when nobody waits for an answer any more.
	ended  context.Context
	hangUp context.CancelFunc
}

var errEndpoint = errors.New("tracing: the endpoint is not http(s)://host[:port]")

// newCollector takes the base URL. The error quotes nothing of it.
func newCollector(endpoint string) (*collector, error) {
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" {
		return nil, errEndpoint
	}
	c := &collector{
		url: u.Scheme + "://" + u.Host + strings.TrimRight(u.EscapedPath(), "/") + "/v1/traces",
		http: &http.Client{
			Transport: &http.Transport{
				Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: 2 * time.Second}).DialContext,
				TLSHandshakeTimeout: 2 * time.Second, MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	c.ended, c.hangUp = context.WithCancel(context.Background())
	return c, nil
}

// Start implements otlptrace.Client.
func (c *collector) Start(context.Context) error { return nil }

// Stop implements otlptrace.Client.
func (c *collector) Stop(context.Context) error {
	c.http.CloseIdleConnections()
	return nil
}

// UploadTraces implements otlptrace.Client. TracesData is on the wire what a request to export is.
func (c *collector) UploadTraces(ctx context.Context, spans []*tracepb.ResourceSpans) error {
	body, err := proto.Marshal(&tracepb.TracesData{ResourceSpans: spans})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, exportWithin)
	defer cancel()
	defer context.AfterFunc(c.ended, cancel)()
	return c.post(ctx, body)
}

func (c *collector) post(ctx context.Context, body []byte) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-protobuf")
	r.Header.Set("User-Agent", serviceName)
	answer, err := c.http.Do(r)
	if err != nil {
		return reason(err)
	}
	defer func() { _ = answer.Body.Close() }() // all that matters is the status
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10))
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("the collector answers %d", answer.StatusCode)
	}
	return nil
}

// reason is a failure without the URL.
func reason(err error) error {
	var told *url.Error
	if errors.As(err, &told) {
		return told.Err
	}
	return err
}
