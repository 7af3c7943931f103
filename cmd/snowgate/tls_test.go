package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptrace"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"snowgate/cmd/snowgate/config"
)

// The certificate's end is known; other files take its place, and broken ones do not.
func TestCertificateInUse(t *testing.T) {
	first, second := time.Now().Add(24*time.Hour).Truncate(time.Second), time.Now().Add(48*time.Hour).Truncate(time.Second)
	c, err := openCertificate(selfSigned(t, first), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if !c.ends().Equal(first) || c.config() == nil {
		t.Errorf("ends %s, want %s", c.ends(), first)
	}
	c.use(config.TLS{Cert: filepath.Join(t.TempDir(), "none.crt"), Key: "none.key"})
	if !c.ends().Equal(first) {
		t.Error("a broken pair is in use")
	}
	c.use(selfSigned(t, second))
	if !c.ends().Equal(second) {
		t.Errorf("ends %s, want %s", c.ends(), second)
	}
	if none, err := openCertificate(config.TLS{}, nil); none != nil || err != nil || none.config() != nil {
		t.Errorf("without files: %v, %v", none, err)
	}
}

// selfSigned writes a certificate that ends at a moment, and its key.
func selfSigned(t *testing.T, ends time.Time) config.TLS {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: ends}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	files := config.TLS{Cert: filepath.Join(dir, "tls.crt"), Key: filepath.Join(dir, "tls.key")}
	for name, block := range map[string]*pem.Block{files.Cert: {Type: "CERTIFICATE", Bytes: der}, files.Key: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// caller is a client of the gateway's own TLS. What it believes does not matter here: which certificate it is shown does.
func caller(t *testing.T) *http.Client {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}} //nolint:gosec // see above
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// shown is what a client is shown: when the certificate of its connection ends, and whether it has used that before.
type shown struct {
	status int
	ends   time.Time
	reused bool
	body   string
}

func look(t *testing.T, client *http.Client, url string) (s shown) {
	t.Helper()
	trace := &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) { s.reused = info.Reused }}
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+testAdminToken)
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	s.status, s.ends, s.body = res.StatusCode, res.TLS.PeerCertificates[0].NotAfter, string(body)
	return s
}

// replace puts one pair of files in the place of another.
func replace(t *testing.T, old, fresh config.TLS) {
	t.Helper()
	for to, from := range map[string]string{old.Cert: fresh.Cert, old.Key: fresh.Key} {
		content, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, content, 0o600); err != nil { //nolint:gosec // the test's own files
			t.Fatal(err)
		}
	}
}

// A renewed certificate is shown to new connections at a SIGHUP, and nobody who is connected notices. A pair that does not fit
// together is complained of, and the last good one stays.
func TestACertificateIsRenewedWhileConnectionsLive(t *testing.T) {
	first, second := time.Now().Add(24*time.Hour).Truncate(time.Second), time.Now().Add(48*time.Hour).Truncate(time.Second)
	files := selfSigned(t, first)
	w := outside(t, "SNOWGATE_SERVER__BEHIND_PROXY=false", "SNOWGATE_SERVER__TLS__CERT="+files.Cert, "SNOWGATE_SERVER__TLS__KEY="+files.Key)
	w.gate = listens(t, nil, w.environ...)
	url, staying := strings.Replace(w.url, "http://", "https://", 1), caller(t)
	eventually(t, "the program is ready", func() bool { return look(t, staying, url+"/readyz").status == http.StatusOK })
	gauge := func(ends time.Time) bool {
		want := fmt.Sprintf("\nsnowgate_tls_certificate_not_after_timestamp_seconds %v\n", float64(ends.Unix()))
		return strings.Contains(look(t, staying, url+"/metrics").body, want)
	}
	if at := look(t, staying, url+"/livez"); !at.ends.Equal(first) || !at.reused || !gauge(first) {
		t.Fatalf("at first %+v, want the certificate that ends at %s, there and in the figures", at, first)
	}

	replace(t, files, selfSigned(t, second))
	hangUp(t)
	eventually(t, "new connections are shown the new certificate", func() bool { return look(t, caller(t), url+"/livez").ends.Equal(second) })
	if at := look(t, staying, url+"/livez"); at.status != http.StatusOK || !at.reused || !at.ends.Equal(first) {
		t.Errorf("the connection from before: %+v", at)
	}
	eventually(t, "the figures have the new certificate", func() bool { return gauge(second) })

	other := selfSigned(t, first)
	replace(t, files, config.TLS{Cert: other.Cert, Key: selfSigned(t, first).Key})
	hangUp(t)
	eventually(t, "the complaint is logged", func() bool {
		_, line, found := strings.Cut(w.stderr.String(), "configuration not reloaded, the last good one stays in force")
		return found && strings.Contains(line, "server.tls")
	})
	if at := look(t, caller(t), url+"/livez"); at.status != http.StatusOK || !at.ends.Equal(second) || !gauge(second) {
		t.Errorf("after a pair that does not fit: %+v, want the last good one", at)
	}
	if strings.Contains(w.stderr.String(), "PRIVATE KEY") {
		t.Error("the log has a key")
	}
}
