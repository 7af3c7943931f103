package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A configuration read again is compared key by key; what is the same in other words is no change.
func TestChangedNamesTheKeys(t *testing.T) {
	file := filepath.Join(t.TempDir(), "snowgate.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte("mode: sandbox\n"+text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("erp: {timeout: 2s}\nadmin: {tokens: [a-token-of-at-least-24-characters]}\n")
	before, _, err := Load(file, []string{"SNOWGATE_LOG__LEVEL=warn"})
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]struct {
		text string
		want []string
	}{
		"nothing":             {"erp: {timeout: 2000ms}\nadmin: {tokens: [a-token-of-at-least-24-characters]}\nlog: {level: info}\n", nil},
		"a secret":            {"erp: {timeout: 2s}\nadmin: {tokens: [another-one-of-at-least-24-characters]}\n", []string{"admin.tokens"}},
		"what follows a key":  {"erp: {timeout: 3s}\nadmin: {tokens: [a-token-of-at-least-24-characters]}\n", []string{"server.request_timeout", "erp.timeout", "erp.write_timeout"}},
		"a list and a column": {"erp: {timeout: 2s, snowbeasts: {forms: {orders: {fields: {amount: sum}}}}}\n", []string{"erp.snowbeasts.forms.orders.fields.amount", "admin.tokens"}},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			write(row.text)
			after, _, err := before.Again()
			if err != nil {
				t.Fatal(err)
			}
			if got := Changed(before, after); !slices.Equal(got, row.want) {
				t.Errorf("changed %v, want %v", got, row.want)
			}
		})
	}
	write("erp: {timeout: soon}\n")
	if after, _, err := before.Again(); err == nil || after != nil {
		t.Error("a broken file is read")
	}
}

// Every key is shown with where it comes from, and no secret.
func TestEntries(t *testing.T) {
	c, _, err := Load("", []string{"SNOWGATE_MODE=sandbox", "SNOWGATE_ADMIN__TOKENS=a-token-of-at-least-24-characters,another-one-of-24-characters"})
	if err != nil {
		t.Fatal(err)
	}
	entries := c.Entries()
	if len(entries) != len(c.keys()) {
		t.Errorf("%d entries of %d keys", len(entries), len(c.keys()))
	}
	found := map[string]Entry{}
	for _, e := range entries {
		found[e.Key] = e
		if strings.Contains(e.Value, "24-characters") {
			t.Errorf("%s shows %q", e.Key, e.Value)
		}
	}
	want := Entry{"admin.tokens", "***, ***", "environment"}
	if found["admin.tokens"] != want || found["erp.timeout"] != (Entry{"erp.timeout", "2.5s", "default"}) {
		t.Errorf("got %+v, %+v", found["admin.tokens"], found["erp.timeout"])
	}
}

// The console is on where only this machine can reach it, or where somebody wants it.
func TestConsoleOn(t *testing.T) {
	for _, row := range []struct {
		listen, enabled string
		on              bool
	}{
		{"127.0.0.1:8080", "auto", true}, {"[::1]:8080", "auto", true}, {"localhost:8080", "auto", true}, {":8080", "auto", false},
		{"0.0.0.0:8080", "auto", false}, {"10.0.0.7:8080", "auto", false}, {":8080", "on", true}, {"127.0.0.1:8080", "off", false},
	} {
		c := Default()
		c.Server.Listen, c.Console.Enabled = row.listen, row.enabled
		if c.ConsoleOn() != row.on {
			t.Errorf("%+v: %v", row, c.ConsoleOn())
		}
	}
}
