package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// secretEnviron gives every secret there is, each with the word hush in the part that must not be seen.
func secretEnviron() []string {
	const sealed = "2026a:aHVzaGh1c2hodXNoaHVzaGh1c2hodXNoaHVzaGh1c2g=" // base64 of hushhush...
	return append(productionEnviron(),
		"SNOWGATE_REDIS__URL=redis://reader:hush-redis@127.0.0.1:6379/0?sentinel_password=hush-sentinel",
		"SNOWGATE_SQL__DSN=mysql://gate:hush-sql@127.0.0.1:3306/snowgate",
		"SNOWGATE_WECHAT__APP_SECRET=hush-app-secret",
		"SNOWGATE_WECHAT__CALLBACK_TOKEN=hush-callback",
		"SNOWGATE_WECHAT__CALLBACK_AES_KEY="+strings.Repeat("hush", 10)+"abc",
		"SNOWGATE_ERP__SNOWBEASTS__SERVICE_ACCOUNT=gateway",
		"SNOWGATE_ERP__SNOWBEASTS__SERVICE_PASSWORD=hush-service",
		"SNOWGATE_STOCK__DRIVER=psi", "SNOWGATE_STOCK__ORIGIN=https://stock.example.com", "SNOWGATE_STOCK__API_KEY=hush-stock",
		"SNOWGATE_ERP__PSI__API_KEY=hush-psi",
		"SNOWGATE_ERP__TRYTON__SERVICE_ACCOUNT=gateway", "SNOWGATE_ERP__TRYTON__SERVICE_PASSWORD=hush-tryton",
		"SNOWGATE_SEAL__KEYS="+sealed,
		"SNOWGATE_ADMIN__TOKENS=hush-admin-token-0123456789,hush-second-admin-token-0123",
		"SNOWGATE_SERVICE__KEYS=hush-service-key-0123456789",
		"SNOWGATE_ALERTS__WEBHOOKS=dingtalk:https://hooks.example.com/robot?access_token=hush#hush,json:https://a.example.com/hush",
	)
}

func printed(t *testing.T, c *Config) string {
	t.Helper()
	var out bytes.Buffer
	if err := c.Print(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestNoWayOfPrintingShowsASecret(t *testing.T) {
	c, warnings := mustLoad(t, "", secretEnviron()...)
	given := 0
	for _, k := range c.keys() {
		if k.value.secret() && !c.Given(k.path) {
			t.Errorf("%s is secret and not part of this test", k.path)
		}
		if k.value.secret() {
			given++
		}
	}
	if given == 0 {
		t.Fatal("no key is secret")
	}
	asJSON, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var logged bytes.Buffer
	slog.New(slog.NewTextHandler(&logged, nil)).Info("x", "secret", c.WeChat.AppSecret, "keys", c.Seal.Keys, "config", c)
	shown := map[string]string{
		"Print":    printed(t, c),
		"warnings": strings.Join(warnings, "\n"),
		"%v":       fmt.Sprintf("%v", c),
		"%+v":      fmt.Sprintf("%+v", *c),
		"%#v":      fmt.Sprintf("%#v", *c),
		"JSON":     string(asJSON),
		"slog":     logged.String(),
	}
	for way, text := range shown {
		if strings.Contains(text, "hush") || strings.Contains(text, "aHVzaG") {
			t.Errorf("%s shows a secret:\n%s", way, text)
		}
	}
}

func TestNoComplaintShowsASecret(t *testing.T) {
	const hush = "hush%zz:/ /hush"
	for _, k := range Default().keys() {
		if !k.value.secret() {
			continue
		}
		_, warnings, err := Load("", []string{"SNOWGATE_MODE=production", k.variable() + "=" + hush})
		if err == nil || strings.Contains(err.Error(), "hush") || strings.Contains(strings.Join(warnings, "\n"), "hush") {
			t.Errorf("%s: got %v and %q, want complaints without the value", k.path, err, warnings)
		}
	}
}

func TestPrintNamesWhereEachValueCameFrom(t *testing.T) {
	c, _ := good(t, "SNOWGATE_LOG__LEVEL=debug", "SNOWGATE_WECHAT__APP_SECRET_FILE=testdata/secret.txt")
	out := printed(t, c)
	for _, line := range []string{
		"mode: production  # default",
		"  listen: 127.0.0.1:8080  # default",
		"  trusted_proxies: [10.0.0.0/8]  # good.yaml:1",
		`  url: "redis://:***@127.0.0.1:6379/0"  # good.yaml:2`,
		`  dsn: "mysql://gate:***@127.0.0.1:3306/snowgate"  # good.yaml:3`,
		`  app_secret: "***"  # environment SNOWGATE_WECHAT__APP_SECRET_FILE`,
		"          inviteCode: 邀请码  # good.yaml:12",
		`  keys: ["2026a:***"]  # good.yaml:13`,
		"  level: debug  # environment SNOWGATE_LOG__LEVEL",
	} {
		if !strings.Contains(out, "\n"+line+"\n") && !strings.HasPrefix(out, line+"\n") {
			t.Errorf("no line %q in\n%s", line, out)
		}
	}
}

// What is printed can be read again: same keys, and the same values wherever nothing is masked.
func TestPrintedConfigurationIsYAML(t *testing.T) {
	c, _ := good(t, "SNOWGATE_MODE=sandbox")
	path := filepath.Join(t.TempDir(), "printed.yaml")
	if err := os.WriteFile(path, []byte(printed(t, c)), 0o600); err != nil {
		t.Fatal(err)
	}
	complaints := &Complaints{}
	read, readable := readFile(path, complaints)
	if !readable || len(complaints.List) > 0 {
		t.Fatalf("not readable: %v", complaints)
	}
	for _, k := range c.keys() {
		got, want := strings.Join(read[k.path].texts, "|"), strings.Join(k.value.show(), "|")
		if got != want {
			t.Errorf("%s: got %q back, want %q", k.path, got, want)
		}
	}
}

type brokenWriter struct{}

var errBroken = errors.New("broken pipe")

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestPrintReportsTheWritersError(t *testing.T) {
	if err := Default().Print(brokenWriter{}); !errors.Is(err, errBroken) {
		t.Errorf("got %v, want %v", err, errBroken)
	}
}

var commentedKey = regexp.MustCompile(`(?m)^(\s*)#([a-z_]+:)`)

func TestExampleFileLoadsAndKnowsEveryKey(t *testing.T) {
	const example = "../../../snowgate.example.yaml"
	c, warnings := mustLoad(t, example,
		"SNOWGATE_REDIS__URL=redis://127.0.0.1:6379/0", "SNOWGATE_SQL__DSN=mysql://u:test@127.0.0.1:3306/snowgate",
		"SNOWGATE_WECHAT__APP_SECRET=app-secret", "SNOWGATE_SEAL__KEYS="+sealKeyOne,
		"SNOWGATE_ADMIN__TOKENS=admin-token-0123456789abcdef")
	if len(warnings) > 0 || c.Sandbox() {
		t.Errorf("got mode %s and warnings %q, want production without a warning", c.Mode, warnings)
	}
	content, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "all.yaml")
	if err := os.WriteFile(path, commentedKey.ReplaceAll(content, []byte("$1$2")), 0o600); err != nil { //nolint:gosec // a folder of the test's own
		t.Fatal(err)
	}
	all, _ := readFile(path, &Complaints{})
	complaints := &Complaints{}
	d := Default()
	refuseUnknown(all, d.keys(), complaints)
	for _, k := range d.keys() {
		given, found := all[k.path]
		if !found {
			t.Errorf("%s is missing in the example", k.path)
		} else if err := k.value.set(given.items(k.value.list())); err != nil {
			t.Errorf("%s: the example's value is refused: %v", k.path, err)
		}
	}
	if len(complaints.List) > 0 {
		t.Error(complaints)
	}
}
