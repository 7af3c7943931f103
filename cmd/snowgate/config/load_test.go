package config

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"snowgate/sandbox"
	"snowgate/session"
	"snowgate/sql"
)

const (
	originForm  = "must be an origin such as https://erp.example.com, without path, query or user; plain http is for loopback hosts only"
	baseURLForm = "must be a URL such as https://api.weixin.qq.com, without query or user; plain http is for loopback hosts only"
	ownSecret   = "is the sandbox's own, which everybody knows; production needs one of yours"
	modeHint    = "(a configuration was given, so the mode is production; mode: sandbox, or no configuration, runs the sandbox)"
)

func durationForm(lowest, highest string) string {
	return "must be a duration such as 500ms, 2.5s, 15m or 90d, from " + lowest + " to " + highest
}

// The texts after a colon below belong to the packages that dial and seal; what matters here is that they are passed on.
func redisComplaint() string {
	_, err := session.Dial("127.0.0.1:6379?password=redis-pass")
	return wantRedis + ": " + err.Error()
}

func sqlComplaint() string {
	_, err := sql.Open("mysql://gate:sql#pass@127.0.0.1/snowgate")
	return wantDSN + ": " + err.Error()
}

func sealComplaint(keys ...string) string {
	_, err := session.ParseKeys(keys)
	return "must be id:key entries, each key base64 of 32 bytes (openssl rand -base64 32): " + err.Error()
}

// badFiles has one row per file of testdata that holds a mistake; each want is the whole message.
func badFiles() map[string][]string {
	return map[string][]string{
		"aes_key":              {"wechat.callback_aes_key (aes_key.yaml:2): must be the EncodingAESKey: 43 letters and digits"},
		"alias":                {"alias.yaml: is not YAML: a value begins with *; put it in quotes"},
		"bad_bool":             {`server.behind_proxy (bad_bool.yaml:2): must be true or false (got "maybe")`},
		"bad_column":           {`erp.snowbeasts.forms: snowbeasts: form orders cannot do without the field "orderNo"`},
		"bad_duration":         {`erp.timeout (bad_duration.yaml:2): ` + durationForm("100ms", "1m") + ` (got "30")`},
		"bad_duration_range":   {`health.interval (bad_duration_range.yaml:2): ` + durationForm("1s", "1h") + ` (got "2h")`},
		"bad_level":            {`log.level (bad_level.yaml:2): must be debug, info, warn or error (got "verbose")`},
		"bad_listen":           {`server.listen (bad_listen.yaml:2): must be host:port such as 127.0.0.1:8080 or :8080 (got "8080")`},
		"bad_mode":             {`mode (bad_mode.yaml:1): must be production or sandbox (got "prod")`},
		"bad_network":          {`server.trusted_proxies (bad_network.yaml:2): must be networks such as 10.0.0.0/8 or single addresses (got "10.0.0.0/40")`},
		"bad_number":           {`erp.max_retries (bad_number.yaml:2): must be a whole number from 0 to 10 (got "many")`},
		"bad_rate":             {`limits.binds (bad_rate.yaml:2): must be a rate such as 20/s, 30/m or 5/15m, or 0 for no limit (got "5 per hour")`},
		"bad_size":             {`audit.spool_max_bytes (bad_size.yaml:2): must be a size such as 64KiB, 512MiB or 1GiB (got "1000000")`},
		"bad_timezone":         {`erp.timezone (bad_timezone.yaml:2): must be the name of a time zone such as Asia/Shanghai (got "Asia/Snowville")`},
		"base_url_http":        {`wechat.base_url (base_url_http.yaml:2): ` + baseURLForm + ` (got "http://api.example.com")`},
		"given_twice":          {"log.level (given_twice.yaml:3): is given twice, first at given_twice.yaml:2"},
		"given_twice_as_file":  {"wechat.app_secret (given_twice_as_file.yaml:3): is given twice, also as wechat.app_secret_file (given_twice_as_file.yaml:4)"},
		"list_at_top":          {"list_at_top.yaml:1: must be a section of keys, not a list"},
		"list_for_one":         {`erp.timeout (list_for_one.yaml:2): must be one value, not a list (got "1s,2s")`},
		"map_in_list":          {"alerts.webhooks (map_in_list.yaml:4): must be a list of texts; put entries that hold ': ' or begin with a sign in quotes"},
		"missing_secret_file":  {"wechat.app_secret_file (missing_secret_file.yaml:3): cannot read the file: no such file or directory"},
		"no_such_file":         {filepath.Join("testdata", "no_such_file.yaml") + ": cannot read the file: no such file or directory"},
		"not_yaml":             {"not_yaml.yaml: is not YAML, see line 2"},
		"origin_http":          {`erp.origin (origin_http.yaml:2): ` + originForm + ` (got "http://erp.example.com")`},
		"origin_path":          {`erp.standby_origin (origin_path.yaml:2): ` + originForm + ` (got "https://erp.example.com/business")`},
		"origin_user":          {"erp.origin (origin_user.yaml:2): " + originForm},
		"redis_url":            {"redis.url (redis_url.yaml:2): " + redisComplaint()},
		"seal_repeated":        {"seal.keys (seal_repeated.yaml:4): " + sealComplaint(sealKeyOne, sealKeyOne)},
		"seal_short":           {"seal.keys (seal_short.yaml:2): " + sealComplaint("2026a:c2hvcnQ=")},
		"section_as_value":     {"server (section_as_value.yaml:2): is a section, not a value; its first key is server.listen"},
		"session_ages":         {"session.max_age (session_ages.yaml:2): must not be shorter than session.ttl (7d)"},
		"sql_dsn":              {"sql.dsn (sql_dsn.yaml:2): " + sqlComplaint()},
		"two_documents":        {"two_documents.yaml: holds more than one YAML document, or something that is not YAML after the first"},
		"tracing":              {"tracing.endpoint (tracing.yaml:3): must be the base URL of an OTLP/HTTP collector such as http://127.0.0.1:4318, without query or user", `tracing.sample_ratio (tracing.yaml:4): must be a number from 0 to 1, such as 0.05 (got "1.5")`},
		"unknown_field":        {"erp.snowbeasts.forms.orders.fields.orderNumber (unknown_field.yaml:7): unknown key; the nearest known one is erp.snowbeasts.forms.orders.fields.orderDate"},
		"unknown_key":          {"erp.timeot (unknown_key.yaml:3): unknown key; the nearest known one is erp.timeout"},
		"value_as_section":     {"server.listen.host (value_as_section.yaml:4): unknown key; the nearest known one is server.listen"},
		"webhook":              {"alerts.webhooks (webhook.yaml:2): must each be wecom:URL, dingtalk:URL#SECRET, feishu:URL#SECRET or json:URL; plain http is for loopback hosts only"},
		"token_short":          {"admin.tokens (token_short.yaml:2): must each have at least 24 characters", "service.keys (token_short.yaml:3): must each have at least 24 characters"},
		"tls_unreadable":       {"server.tls.cert (tls_unreadable.yaml:2): cannot read the file: no such file or directory", "server.tls.key (tls_unreadable.yaml:2): cannot read the file: no such file or directory"},
		"half_pairs":           {"server.tls.key: is needed beside server.tls.cert", "erp.snowbeasts.service_password: is needed beside erp.snowbeasts.service_account", "stock.origin: is needed beside stock.driver", "stock.api_key: is needed beside stock.driver"},
		"production_empty":     productionEmpty(),
		"production_sandboxed": productionSandboxed(),
	}
}

func productionEmpty() []string {
	var want []string
	for _, key := range []string{"redis.url", "sql.dsn", "wechat.app_id", "wechat.app_secret", "erp.origin", "erp.snowbeasts.app_id", "seal.keys"} {
		want = append(want, key+": is missing; production needs it (also as "+variableOf(key)+")")
	}
	return append(want, "server.tls.cert: is missing; production needs TLS: give server.tls.cert and server.tls.key, "+
		"or server.behind_proxy: true when a proxy in front ends it")
}

func productionSandboxed() []string {
	return []string{
		"wechat.app_id (production_sandboxed.yaml:4): " + ownSecret,
		"wechat.app_secret (production_sandboxed.yaml:4): " + ownSecret,
		"erp.snowbeasts.service_password (production_sandboxed.yaml:7): " + ownSecret,
		"seal.keys (production_sandboxed.yaml:8): " + ownSecret,
		"admin.tokens (production_sandboxed.yaml:9): " + ownSecret,
		"service.keys (production_sandboxed.yaml:10): " + ownSecret,
		modeHint,
	}
}

func TestEveryMistakeHasItsComplaint(t *testing.T) {
	for name, want := range badFiles() {
		t.Run(name, func(t *testing.T) {
			c, _, err := Load(filepath.Join("testdata", name+".yaml"), nil)
			if c != nil {
				t.Error("a Config came back beside the complaints")
			}
			var complaints *Complaints
			if !errors.As(err, &complaints) {
				t.Fatalf("got %v, want *Complaints", err)
			}
			head, got, _ := strings.Cut(err.Error(), "\n")
			if !strings.HasPrefix(head, "configuration: ") {
				t.Errorf("head: got %q", head)
			}
			wanted := "  " + strings.ReplaceAll(strings.Join(want, "\n  "), "\n  (", "\n(")
			if got != wanted {
				t.Errorf("got\n%s\nwant\n%s", got, wanted)
			}
		})
	}
}

func TestEveryBadFileHasItsRow(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	rows := badFiles()
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		if _, listed := rows[name]; !listed && name != "good" {
			t.Errorf("%s is in no row", file)
		}
	}
}

const sealKeyOne = "2026a:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="

func mustLoad(t *testing.T, path string, environ ...string) (*Config, []string) {
	t.Helper()
	c, warnings, err := Load(path, environ)
	if err != nil {
		t.Fatal(err)
	}
	return c, warnings
}

func good(t *testing.T, environ ...string) (*Config, []string) {
	t.Helper()
	return mustLoad(t, filepath.Join("testdata", "good.yaml"), environ...)
}

func TestFileOverDefaults(t *testing.T) {
	c, warnings := good(t)
	if len(warnings) != 0 {
		t.Errorf("warnings: got %q, want none", warnings)
	}
	got := []any{
		c.Mode, c.ERP.Origin, formatDuration(c.ERP.Timeout), c.ERP.MaxRetries, c.ERP.Timezone.String(),
		formatDuration(c.Server.RequestTimeout), string(c.WeChat.AppSecret), c.Server.TrustedProxies[0].String(),
		c.ERP.Snowbeasts.AppID, string(c.ERP.Snowbeasts.ServicePassword),
		c.ERP.Snowbeasts.Forms.Customers.Fields["inviteCode"], c.ERP.Snowbeasts.Forms.Customers.Fields["name"],
	}
	want := []any{
		"production", "https://erp.example.com", "4s", 3, "Asia/Shanghai",
		"4.3s", "wechat-app-secret", "10.0.0.0/8",
		"0010", "0123", // as written: neither octal nor a number
		"邀请码", "name",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestEnvironmentOverFile(t *testing.T) {
	c, warnings := good(t,
		"PATH=/bin",
		"SNOWGATE_ERP__TIMEOUT=3s",
		"SNOWGATE_ERP__SNOWBEASTS__FORMS__ORDERS__ID=200001",
		"SNOWGATE_ERP__SNOWBEASTS__FORMS__ORDERS__FIELDS__ORDERNO=单号",
		"SNOWGATE_SERVER__TRUSTED_PROXIES=10.1.0.0/16, 192.0.2.7",
		"SNOWGATE_SEAL__KEYS=2026b:AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=,"+sealKeyOne,
		"SNOWGATE_LIMITS__BINDS=0",
		"SNOWGATE_WECHAT__BASE_URL=http://127.0.0.1:9001/wechat/",
		"SNOWGATE_ERP__ORIGIN=http://[::1]:9000",
		"SNOWGATE_ERP__STANDBY_ORIGIN=", // empty counts as not given
	)
	if len(warnings) != 0 {
		t.Errorf("warnings: got %q, want none", warnings)
	}
	orders := c.ERP.Snowbeasts.Forms.Orders
	got := []any{
		formatDuration(c.ERP.Timeout), orders.ID, orders.Fields["orderNo"], len(c.Server.TrustedProxies), c.Server.TrustedProxies[1].String(),
		len(c.Seal.Keys), string(c.Seal.Keys[1]), c.Limits.Binds.None(), c.WeChat.BaseURL, c.ERP.Origin, c.ERP.StandbyOrigin,
	}
	want := []any{"3s", "200001", "单号", 2, "192.0.2.7/32", 2, sealKeyOne, true, "http://127.0.0.1:9001/wechat", "http://[::1]:9000", ""}
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestSecretsFromFiles(t *testing.T) {
	c, _ := good(t,
		"SNOWGATE_WECHAT__APP_SECRET_FILE=testdata/secret.txt",
		"SNOWGATE_SEAL__KEYS_FILE=testdata/seal_keys.txt",
	)
	if got, want := string(c.WeChat.AppSecret), "secret-from-a-file"; got != want {
		t.Errorf("app secret: got %q, want %q", got, want)
	}
	if len(c.Seal.Keys) != 2 || string(c.Seal.Keys[1]) != sealKeyOne {
		t.Errorf("got %d sealing keys, want the two of the file, in order", len(c.Seal.Keys))
	}
}

func TestUnknownVariableIsOnlyAWarning(t *testing.T) {
	_, warnings := good(t, "SNOWGATE_PORT_8080_TCP=tcp://10.0.0.1:8080", "SNOWGATE_ERP__TIMOUT=3s")
	want := []string{
		"environment SNOWGATE_ERP__TIMOUT: unknown, ignored; the nearest known one is SNOWGATE_ERP__TIMEOUT",
		"environment SNOWGATE_PORT_8080_TCP: unknown, ignored; the nearest known one is SNOWGATE_", // which one is of no interest
	}
	if len(warnings) != len(want) || warnings[0] != want[0] || !strings.HasPrefix(warnings[1], want[1]) {
		t.Errorf("got  %q\nwant %q", warnings, want)
	}
}

func TestWhatWasProbablyNotMeantIsAWarning(t *testing.T) {
	tests := map[string]struct {
		environ []string
		want    []string
	}{
		"deadline before the ERP's": {
			[]string{"SNOWGATE_SERVER__REQUEST_TIMEOUT=1s"},
			[]string{"server.request_timeout (environment SNOWGATE_SERVER__REQUEST_TIMEOUT): is shorter than erp.timeout (4s), which can never be used up"},
		},
		"push callback half set": {
			[]string{"SNOWGATE_WECHAT__CALLBACK_AES_KEY=0123456789012345678901234567890123456789012"},
			[]string{"wechat.callback_aes_key (environment SNOWGATE_WECHAT__CALLBACK_AES_KEY): has no effect without wechat.callback_token; the push callback is off"},
		},
		"push callback": {
			[]string{"SNOWGATE_WECHAT__CALLBACK_TOKEN=t0ken", "SNOWGATE_WECHAT__CALLBACK_AES_KEY=0123456789012345678901234567890123456789012"},
			nil,
		},
		"a share of no traces": {
			[]string{"SNOWGATE_TRACING__SAMPLE_RATIO=0.5"},
			[]string{"tracing.sample_ratio (environment SNOWGATE_TRACING__SAMPLE_RATIO): has no effect without tracing.endpoint; there are no traces"},
		},
		"a share of traces": {
			[]string{"SNOWGATE_TRACING__SAMPLE_RATIO=0.5", "SNOWGATE_TRACING__ENDPOINT=http://otel-collector:4318"},
			nil,
		},
		"sandbox in the open": {
			[]string{"SNOWGATE_MODE=sandbox", "SNOWGATE_SERVER__LISTEN=:8080"},
			[]string{"server.listen (environment SNOWGATE_SERVER__LISTEN): opens the sandbox, whose secrets everybody knows, to other machines"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, warnings := good(t, tt.environ...)
			if !slices.Equal(warnings, tt.want) {
				t.Errorf("got  %q\nwant %q", warnings, tt.want)
			}
		})
	}
}

func TestProductionWithoutAdminsIsAllowed(t *testing.T) {
	c, warnings := mustLoad(t, "", productionEnviron()...)
	want := []string{
		"admin.tokens: is empty; the routes for admins refuse everybody",
		"server.trusted_proxies: is empty; every caller seems to come from the proxy's address, and limits per address count them as one",
	}
	if c.Mode != ModeProduction || !slices.Equal(warnings, want) {
		t.Errorf("mode %s, warnings %q, want production and %q", c.Mode, warnings, want)
	}
}

// productionEnviron is the least that production needs, all by environment.
func productionEnviron() []string {
	return []string{
		"SNOWGATE_SERVER__BEHIND_PROXY=true",
		"SNOWGATE_REDIS__URL=redis://127.0.0.1:6379/0",
		"SNOWGATE_SQL__DSN=mysql://u:test@127.0.0.1:3306/snowgate",
		"SNOWGATE_WECHAT__APP_ID=wx0123456789abcdef",
		"SNOWGATE_WECHAT__APP_SECRET=app-secret",
		"SNOWGATE_ERP__ORIGIN=http://127.0.0.1:9000",
		"SNOWGATE_ERP__SNOWBEASTS__APP_ID=10001",
		"SNOWGATE_SEAL__KEYS=" + sealKeyOne,
	}
}

func TestWhichModeWhenNobodyNamesIt(t *testing.T) {
	tests := map[string]struct {
		environ []string
		sandbox bool
	}{
		"nothing given":                  {nil, true},
		"only where to listen and log":   {[]string{"SNOWGATE_SERVER__LISTEN=127.0.0.1:0", "SNOWGATE_LOG__LEVEL=debug"}, true},
		"only what Kubernetes injects":   {[]string{"SNOWGATE_SERVICE_HOST=10.0.0.1"}, true},
		"only empty variables":           {[]string{"SNOWGATE_REDIS__URL="}, true},
		"a whole configuration":          {productionEnviron(), false},
		"a configuration for a sandbox":  {[]string{"SNOWGATE_MODE=sandbox", "SNOWGATE_ERP__TIMEOUT=1s"}, true},
		"production named over the same": {append(productionEnviron(), "SNOWGATE_MODE=production"), false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c, _ := mustLoad(t, "", tt.environ...)
			if c.Sandbox() != tt.sandbox {
				t.Errorf("sandbox: got %t, want %t", c.Sandbox(), tt.sandbox)
			}
		})
	}
}

func TestOneVariableMakesItProduction(t *testing.T) {
	_, _, err := Load("", []string{"SNOWGATE_ERP__ORIGIN=https://erp.example.com"})
	if err == nil || !strings.HasSuffix(err.Error(), modeHint) {
		t.Errorf("got %v, want complaints that end in the hint about the mode", err)
	}
}

func TestEmptyFileIsAConfigurationWithNothingInIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "empty.yaml")
	if err := os.WriteFile(path, []byte("# nothing yet\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, _, err := Load(path, nil)
	var complaints *Complaints
	if !errors.As(err, &complaints) || len(complaints.List) != len(productionEmpty()) {
		t.Errorf("got %v, want all of production's missing keys", err)
	}
}

// A sandbox that changed its secrets would let the old ones into production unnoticed.
func TestSandboxSecretsAreTheSandboxsOwn(t *testing.T) {
	wechat, erp := sandbox.NewWeChat(sandbox.WeChatOptions{}), sandbox.NewERP(sandbox.ERPOptions{})
	_, password := erp.ServiceAccount()
	got := []string{wechat.AppID(), wechat.AppSecret(), password}
	if want := []string{SandboxAppID, SandboxAppSecret, SandboxServicePassword}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, text := range []string{SandboxAdminToken, SandboxServiceKey} {
		if len(text) < minTokenLength {
			t.Errorf("%s is too short for a token", text)
		}
	}
	if _, err := session.ParseKeys([]string{SandboxSealKey}); err != nil {
		t.Errorf("the sandbox's sealing key: %v", err)
	}
}
