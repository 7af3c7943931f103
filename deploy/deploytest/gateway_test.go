package deploytest

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"snowgate/sandbox"
)

const adminToken = "an-admin-token-of-the-deploytest" //nolint:gosec // of a gateway that lives for one test

// binary is the gateway's, built once for all tests.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "snowgate-deploytest-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	binary = filepath.Join(dir, "snowgate")
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(dir)
		os.Exit(code)
	}))
}

// build makes the binary when the first test needs it.
func build(t *testing.T) string {
	t.Helper()
	if _, err := os.Stat(binary); err == nil {
		return binary
	}
	if out, err := output(t, "", []string{"CGO_ENABLED=0"}, "go", "build", "-o", binary, "snowgate/cmd/snowgate"); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return binary
}

// gateway is the real binary, in the sandbox but for its ERP, which has two channels that a test may break.
type gateway struct {
	t                *testing.T
	addr             string
	primary, standby *sandbox.ERP

	// Where it ends TLS itself: who believes its certificate, and the file of it.
	client    *http.Client
	authority string
}

func (g *gateway) url(path string) string {
	if g.authority != "" {
		return "https://" + g.addr + path
	}
	return "http://" + g.addr + path
}

var listening = regexp.MustCompile(`"msg":"listening","listen":"([0-9.:]+)"`)

func startGateway(t *testing.T, more ...string) *gateway {
	t.Helper()
	g := &gateway{t: t, client: http.DefaultClient}
	g.start(more...)
	return g
}

// startSecureGateway starts one that ends TLS itself.
func startSecureGateway(t *testing.T) *gateway {
	t.Helper()
	cert, key, roots := certify(t, t.TempDir(), serverName)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	t.Cleanup(transport.CloseIdleConnections)
	g := &gateway{t: t, client: &http.Client{Transport: transport}, authority: cert}
	g.start("SNOWGATE_SERVER__BEHIND_PROXY=false", "SNOWGATE_SERVER__TLS__CERT="+cert, "SNOWGATE_SERVER__TLS__KEY="+key)
	return g
}

func (g *gateway) start(more ...string) {
	t := g.t
	t.Helper()
	g.primary, g.standby = sandbox.NewERP(sandbox.ERPOptions{}), sandbox.NewERP(sandbox.ERPOptions{})
	account, password := g.primary.ServiceAccount()
	environ := append([]string{
		"SNOWGATE_MODE=sandbox", "SNOWGATE_SERVER__LISTEN=127.0.0.1:0", "SNOWGATE_LOG__FORMAT=json",
		"SNOWGATE_SERVER__BEHIND_PROXY=true", "SNOWGATE_SERVER__TRUSTED_PROXIES=127.0.0.1",
		"SNOWGATE_ADMIN__TOKENS=" + adminToken, "SNOWGATE_HEALTH__INTERVAL=5s",
		"SNOWGATE_ERP__ORIGIN=" + standIn(t, g.primary), "SNOWGATE_ERP__STANDBY_ORIGIN=" + standIn(t, g.standby),
		"SNOWGATE_ERP__SNOWBEASTS__APP_ID=" + g.primary.AppID(),
		"SNOWGATE_ERP__SNOWBEASTS__SERVICE_ACCOUNT=" + account, "SNOWGATE_ERP__SNOWBEASTS__SERVICE_PASSWORD=" + password,
	}, more...)
	p := launch(t, t.TempDir(), environ, build(t))
	if !p.up(t, "the gateway listens", func() bool {
		found := listening.FindStringSubmatch(p.said())
		if found != nil {
			g.addr = found[1]
		}
		return found != nil
	}) {
		t.Fatal("the gateway ended")
	}
	eventually(t, "the gateway is ready", func() bool { return g.get("/readyz", "").status == http.StatusOK })
}

// standIn serves an ERP, which has to let go of held requests before its server can close.
func standIn(t *testing.T, erp *sandbox.ERP) string {
	t.Helper()
	server := httptest.NewServer(erp)
	t.Cleanup(func() {
		_ = erp.Close()
		server.Close()
	})
	return server.URL
}

// answer is what came back; Code and what follows are filled where the body is an envelope.
type answer struct {
	status int
	proto  int
	header http.Header
	body   string

	Code       int            `json:"code"`
	Message    string         `json:"message"`
	Error      string         `json:"error"`
	Hint       string         `json:"hint"`
	RetryAfter int            `json:"retryAfter"`
	RequestID  string         `json:"requestId"`
	Data       map[string]any `json:"data"`
}

// ask sends one request and reads an envelope, where one comes.
func ask(t *testing.T, client *http.Client, method, url string, body io.Reader, headers ...string) answer {
	t.Helper()
	a := fetch(t, client, method, url, body, headers...)
	if strings.HasPrefix(a.body, "{") {
		if err := json.Unmarshal([]byte(a.body), &a); err != nil {
			t.Fatalf("%s %s answers no envelope: %s", method, url, a.body)
		}
	}
	return a
}

// fetch sends one request; status 0 is no answer, and the body tells why.
func fetch(t *testing.T, client *http.Client, method, url string, body io.Reader, headers ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	res, err := client.Do(req)
	if err != nil {
		return answer{body: err.Error()}
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return answer{body: err.Error()}
	}
	return answer{status: res.StatusCode, proto: res.ProtoMajor, header: res.Header, body: string(raw)}
}

func (g *gateway) get(path, token string) answer {
	g.t.Helper()
	return ask(g.t, g.client, http.MethodGet, g.url(path), nil, authorization(token)...)
}

func (g *gateway) post(path, token, body string) answer {
	g.t.Helper()
	headers := append(authorization(token), "Content-Type", "application/json")
	return ask(g.t, g.client, http.MethodPost, g.url(path), strings.NewReader(body), headers...)
}

func authorization(token string) []string {
	if token == "" {
		return nil
	}
	return []string{"Authorization", "Bearer " + token}
}

var logins atomic.Int64

// customer logs in and is bound; the token may ask for orders. On a machine that is busy enough the embedded Redis is
// late, and the gateway says so: then the next one tries.
func (g *gateway) customer() (token string) {
	g.t.Helper()
	eventually(g.t, "a customer logs in and is bound", func() bool {
		a := g.post("/api/auth/wx-login", "", fmt.Sprintf(`{"code":"test-alice-%d"}`, logins.Add(1)))
		token, _ = a.Data["token"].(string)
		return token != "" && g.post("/api/auth/erp-bind", token, `{"inviteCode":"SNOW-2026-A"}`).Code == 0
	})
	return token
}
