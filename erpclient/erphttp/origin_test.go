package erphttp

import (
	"strings"
	"testing"
)

func TestOriginIsBare(t *testing.T) {
	for origin, want := range map[string]string{
		"https://erp.example":        "https://erp.example",
		"https://erp.example/":       "https://erp.example",
		"http://127.0.0.1:8069":      "http://127.0.0.1:8069",
		"":                           "",
		"erp.example":                "",
		"ftp://erp.example":          "",
		"https://":                   "",
		"https://erp.example/path":   "",
		"https://erp.example?a=b":    "",
		"https://erp.example/#x":     "",
		"https://u:hunter2@erp.host": "",
		"https://u:hunter2@erp host": "",
	} {
		c, err := New(Config{Origin: origin})
		got := ""
		if err == nil {
			got = c.Origin().String()
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the complaint quotes a password: %v", err)
		}
		if got != want {
			t.Errorf("%q: got %q, %v, want %q", origin, got, err, want)
		}
	}
}
