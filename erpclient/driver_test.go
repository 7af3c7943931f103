package erpclient_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"snowgate/erpclient"
)

func TestCredentialsNeverShowTheirSecret(t *testing.T) {
	creds := erpclient.Credentials{Account: "acc-alice", Secret: "hunter2"}
	values := map[string]any{
		"a value": creds, "a pointer": &creds, "a list": []erpclient.Credentials{creds},
		"a map": map[string]erpclient.Credentials{"x": creds}, "a configuration": erpclient.Config{Service: creds},
		"a field": struct{ C erpclient.Credentials }{creds}, "an error": fmt.Errorf("login of %v: %w", creds, errors.New("no")),
	}
	for name, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
			if text := fmt.Sprintf(verb, v); strings.Contains(text, "hunter2") {
				t.Errorf("%s shows it with %s: %s", name, verb, text)
			}
		}
		if name == "a configuration" { // full of functions: no JSON
			continue
		}
		var log bytes.Buffer
		slog.New(slog.NewJSONHandler(&log, nil)).Info("login", "value", v)
		slog.New(slog.NewTextHandler(&log, nil)).Info("login", "value", v)
		if strings.Contains(log.String(), "hunter2") {
			t.Errorf("%s shows it in a log: %s", name, log.String())
		}
	}
}

func TestAScopeAdmitsItsCustomerOnly(t *testing.T) {
	tests := []struct {
		scope, customer string
		want            bool
	}{
		{"", "", true}, {"", "C1", true}, {"C1", "C1", true}, {"C1", "C2", false}, {"C1", "", false}, {"C1", "c1", false},
	}
	for _, tt := range tests {
		if got := (erpclient.Scope{CustomerID: tt.scope}).Admits(tt.customer); got != tt.want {
			t.Errorf("scope %q, customer %q: got %v, want %v", tt.scope, tt.customer, got, tt.want)
		}
	}
}

func TestARequestIDTravelsInTheContext(t *testing.T) {
	if got := erpclient.RequestID(t.Context()); got != "" {
		t.Errorf("got %q, want none", got)
	}
	if got := erpclient.RequestID(erpclient.WithRequestID(t.Context(), "r-1")); got != "r-1" {
		t.Errorf("got %q, want r-1", got)
	}
}
