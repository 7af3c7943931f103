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

// tlsConfigFor is the server's TLS configuration, or nil where a proxy in front ends TLS.
func tlsConfigFor(files config.TLS, log *slog.Logger) (*tls.Config, error) {
	if files.Cert == "" {
		return nil, nil
	}
	c := &certificate{files: files, log: log}
	if err := c.load(); err != nil {
		return nil, err
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get, NextProtos: []string{"h2", "http/1.1"}}, nil
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
