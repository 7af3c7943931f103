package deploytest

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// serverName is the name in the file.
const serverName = "gateway.example.com"

// wrapper is the nginx.conf around the file under test, as a distribution brings it, reduced to what one process needs.
const wrapper = `
daemon off;
master_process off; # one process to end
worker_processes 1;
pid nginx.pid;
events { worker_connections 512; }
http {
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
    access_log off;
    include snowgate.conf;
}
`

// nginx is a real one, with the file under test.
type nginx struct {
	t         *testing.T
	dir       string
	plain     string // host:port of its HTTP
	secure    string // host:port of its HTTPS
	roots     *x509.CertPool
	accessLog string
}

var ipv6 = regexp.MustCompile(`(?m)^\s*listen \[::\].*\n`)

// startNginx runs the file in front of upstream. Only addresses and paths are replaced, and what the caller names.
func startNginx(t *testing.T, upstream string, replacements ...string) *nginx {
	t.Helper()
	path := program(t, "nginx")
	for range launches {
		n := prepareNginx(t, upstream, replacements...)
		argv := []string{path, "-p", n.dir, "-e", filepath.Join(n.dir, "error.log"), "-c", "nginx.conf"}
		if out, err := output(t, n.dir, nil, append(argv, "-t")...); err != nil || strings.Contains(out, "[warn]") && !strings.Contains(out, "http2") {
			t.Fatalf("nginx -t: %v\n%s", err, out)
		}
		p := launch(t, n.dir, nil, argv...)
		t.Cleanup(func() {
			if t.Failed() {
				t.Logf("nginx's error log:\n%s", errorLog(n.dir))
			}
		})
		if p.up(t, "nginx listens", func() bool { return answers(n.plain) && answers(n.secure) }) {
			return n
		}
	}
	t.Fatal("nginx ended")
	return nil
}

func prepareNginx(t *testing.T, upstream string, replacements ...string) *nginx {
	t.Helper()
	ports := freePorts(t, 2)
	n := &nginx{t: t, dir: t.TempDir(), plain: "127.0.0.1:" + ports[0], secure: "127.0.0.1:" + ports[1]}
	n.accessLog = filepath.Join(n.dir, "access.log")
	cert, key, roots := certify(t, n.dir, serverName)
	n.roots = roots
	conf := replaced(t, ipv6.ReplaceAllString(deployed(t, "nginx/snowgate.conf"), ""),
		"listen 80", "listen "+n.plain, "listen 443", "listen "+n.secure, "server 127.0.0.1:8080", "server "+upstream,
		"/etc/nginx/tls/snowgate.crt", cert, "/etc/nginx/tls/snowgate.key", key, "/var/log/nginx/snowgate.log", n.accessLog,
		"/var/www/acme", n.dir)
	write(t, n.dir, "snowgate.conf", replaced(t, conf, replacements...))
	write(t, n.dir, "nginx.conf", wrapper)
	return n
}

func errorLog(dir string) string {
	return tail((&process{log: filepath.Join(dir, "error.log")}).said())
}

// from is a client at an address of 127.0.0.0/8: nginx sees that address.
func (n *nginx) from(address string, change ...func(*tls.Config)) *http.Client {
	n.t.Helper()
	config := &tls.Config{RootCAs: n.roots, ServerName: serverName, MinVersion: tls.VersionTLS12}
	for _, c := range change {
		c(config)
	}
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	transport := &http.Transport{DialContext: dialer.DialContext, TLSClientConfig: config, ForceAttemptHTTP2: len(config.NextProtos) == 0}
	n.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
}

// ask sends a request for the name in the file.
func (n *nginx) ask(client *http.Client, method, path, body string, headers ...string) answer {
	n.t.Helper()
	named := &http.Client{Transport: withHost{client.Transport}, Timeout: client.Timeout, CheckRedirect: client.CheckRedirect}
	return ask(n.t, named, method, "https://"+n.secure+path, strings.NewReader(body), headers...)
}

func (n *nginx) get(path string, headers ...string) answer {
	n.t.Helper()
	return n.ask(n.from("127.0.0.1"), http.MethodGet, path, "", headers...)
}

// withHost asks for the name, wherever the connection goes.
type withHost struct{ http.RoundTripper }

func (w withHost) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Host = serverName
	return w.RoundTripper.RoundTrip(r)
}
