package main

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"snowgate/cmd/snowgate/config"
)

// certificateCheck is how often the files' times are looked at: a renewed certificate is in use within it.
const certificateCheck = 10 * time.Second

// openCertificate reads the server's certificate; nil where a proxy in front ends TLS.
func openCertificate(files config.TLS, log *slog.Logger) (*certificate, error) {
	if files.Cert == "" {
		return nil, nil
	}
	c := &certificate{files: files, log: log}
	return c, c.load()
}

// config is the server's TLS configuration, nil without a certificate.
func (c *certificate) config() *tls.Config {
	if c == nil {
		return nil
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get, NextProtos: []string{"h2", "http/1.1"}}
}

// use serves from other files, or from the same ones as they are now. What cannot be read leaves the last good pair.
func (c *certificate) use(files config.TLS) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := c.files
	c.files = files
	if err := c.load(); err != nil {
		c.files = before
		c.log.Error("certificate not reloaded", "error", err)
	}
}

// ends is when the certificate in use does.
func (c *certificate) ends() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.current.Leaf.NotAfter
}

// certificate serves the newest readable state of two files. A broken renewal keeps the last good one.
type certificate struct {
	files config.TLS
	log   *slog.Logger

	mu      sync.Mutex
	current *tls.Certificate
	changed time.Time // newest modification time of what is in use
	checked time.Time
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.checked) >= certificateCheck {
		c.checked = now
		if newest, err := c.modified(); err == nil && newest.After(c.changed) {
			if err := c.load(); err != nil {
				c.log.Error("certificate not reloaded", "error", err)
			}
		}
	}
	return c.current, nil
}

func (c *certificate) load() error {
	newest, err := c.modified()
	if err != nil {
		return fmt.Errorf("server.tls: %w", err)
	}
	pair, err := tls.LoadX509KeyPair(c.files.Cert, c.files.Key)
	if err != nil {
		return fmt.Errorf("server.tls: %w", err)
	}
	c.current, c.changed = &pair, newest
	return nil
}

func (c *certificate) modified() (newest time.Time, err error) {
	for _, name := range []string{c.files.Cert, c.files.Key} {
		info, err := os.Stat(name)
		if err != nil {
			return newest, err
		}
		if info.ModTime().After(newest) {
			newest = info.ModTime()
		}
	}
	return newest, nil
}
