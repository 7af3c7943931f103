package config

import (
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"
)

// The keys that the design page promises, by hand, so that renaming one here breaks something.
var promised = strings.Fields(`
	mode server.listen server.behind_proxy server.tls.cert server.tls.key server.http_status redis.url sql.dsn
	audit.spool_dir wechat.base_url wechat.app_id wechat.app_secret erp.driver erp.origin erp.standby_origin erp.timeout
	erp.max_retries erp.snowbeasts.app_id erp.snowbeasts.password_digest erp.snowbeasts.service_account
	erp.snowbeasts.service_password erp.snowbeasts.forms.orders.id erp.max_in_flight stock.driver stock.origin
	stock.api_key wechat.templates wechat.callback_token wechat.callback_aes_key wechat.send_rate
	limits.requests_per_openid limits.requests_per_ip limits.logins_per_ip limits.binds server.trusted_proxies
	audit.retention audit.spool_max_bytes seal.keys admin.tokens service.keys alerts.webhooks health.interval`)

func TestEveryPromisedKeyIsKnown(t *testing.T) {
	known := pathsOf(Default().keys())
	for _, path := range promised {
		if !slices.Contains(known, path) {
			t.Errorf("%s is unknown", path)
		}
	}
}

func TestKeysAreTwoWayDistinct(t *testing.T) {
	paths, variables := map[string]bool{}, map[string]bool{}
	for _, path := range pathsOf(Default().keys()) {
		if paths[path] || variables[variableOf(path)] {
			t.Errorf("%s (%s) is there twice", path, variableOf(path))
		}
		paths[path], variables[variableOf(path)] = true, true
	}
}

func TestDefaultsObeyTheirOwnRules(t *testing.T) {
	c := Default()
	for _, k := range c.keys() {
		shown := k.value.show()
		empty := !k.value.list() && shown[0] == ""
		if k.value.secret() || empty {
			continue
		}
		if err := k.value.set(shown); err != nil {
			t.Errorf("%s: the default %q is refused: %v", k.path, shown, err)
		}
		if again := k.value.show(); !slices.Equal(again, shown) {
			t.Errorf("%s: %q reads back as %q", k.path, shown, again)
		}
	}
	complaints := &Complaints{}
	if c.check(complaints); len(complaints.List) > 0 {
		t.Error(complaints)
	}
}

func TestDurations(t *testing.T) {
	tests := map[string]time.Duration{
		"90d": 90 * day, "1d12h": 36 * time.Hour, "2.5s": 2500 * time.Millisecond, "168h": 7 * day, "0s": 0,
		"15m": 15 * time.Minute, "1h30m": 90 * time.Minute,
		"": -1, "30": -1, "d": -1, "1.5d": -1, "-1d": -1, "1d25h": -1, "1d-1h": -1, "99999999999d": -1, "200000d": -1, "soon": -1,
	}
	for text, want := range tests {
		got, err := parseDuration(text)
		switch {
		case want < 0 && err == nil:
			t.Errorf("%q: got %s, want an error", text, got)
		case want >= 0 && (err != nil || got != want):
			t.Errorf("%q: got %s, %v, want %s", text, got, err, want)
		case want >= 0:
			if again, err := parseDuration(formatDuration(got)); err != nil || again != got {
				t.Errorf("%q: %s reads back as %s, %v", text, formatDuration(got), again, err)
			}
		}
	}
}

func TestRates(t *testing.T) {
	tests := map[string]struct {
		want  Rate
		shown string
		ok    bool
	}{
		"20/s":    {Rate{20, time.Second}, "20/s", true},
		"30/1m":   {Rate{30, time.Minute}, "30/m", true},
		"5/15m":   {Rate{5, 15 * time.Minute}, "5/15m", true},
		"3/d":     {Rate{3, day}, "3/d", true},
		"2/500ms": {Rate{2, 500 * time.Millisecond}, "2/500ms", true},
		"7/10s":   {Rate{7, 10 * time.Second}, "7/10s", true},
		"0":       {Rate{}, "0", true},
		"0/s":     {}, "20": {}, "/s": {}, "20/": {}, "-1/s": {}, "20/0s": {}, "20/60": {}, "": {}, "5000000000/s": {},
	}
	for text, tt := range tests {
		got, err := parseRate(text)
		if (err == nil) != tt.ok || got != tt.want {
			t.Errorf("%q: got %v, %v, want %v", text, got, err, tt.want)
		}
		if tt.ok && got.String() != tt.shown {
			t.Errorf("%q: shown as %q, want %q", text, got, tt.shown)
		}
	}
}

func TestSizes(t *testing.T) {
	tests := map[string]int64{
		"1GiB": 1 << 30, "512MiB": 512 << 20, "64KiB": 64 << 10, "3TiB": 3 << 40,
		"": 0, "1GB": 0, "1": 0, "GiB": 0, "-1KiB": 0, "0KiB": 0, "1.5GiB": 0, "9999999TiB": 0,
	}
	for text, want := range tests {
		got, err := parseSize(text)
		if (err == nil) != (want > 0) || got != want {
			t.Errorf("%q: got %d, %v, want %d", text, got, err, want)
		}
	}
}

func TestPlainHTTPIsForLoopbackOnly(t *testing.T) {
	tests := map[string]bool{
		"https://erp.example.com": true, "https://erp.example.com:8443/": true,
		"http://127.0.0.1:9000": true, "http://127.8.9.1": true, "http://[::1]:80": true, "http://localhost:1": true,
		"http://erp.example.com": false, "http://127.0.0.1.example.com": false, "http://localhost.example.com": false,
		"http://10.0.0.1": false, "http://[::2]": false, "ftp://127.0.0.1": false, "127.0.0.1:9000": false, "https://": false,
		"https://erp.example.com/path": false, "https://erp.example.com?q=1": false, "https://u:p@erp.example.com": false,
		"https://erp.example.com#f": false, "https://erp.example.com:0": false, "https://erp.example.com:99999": false,
	}
	for text, ok := range tests {
		var got string
		if err := origin(&got).set([]string{text}); (err == nil) != ok {
			t.Errorf("%q: got %q, %v, want accepted %t", text, got, err, ok)
		}
	}
}

func TestCollectorsAndShares(t *testing.T) {
	endpoints := map[string]string{
		"": "", "http://127.0.0.1:4318": "http://127.0.0.1:4318", "http://otel-collector:4318/": "http://otel-collector:4318",
		"https://otel.example.com/base": "https://otel.example.com/base",
		"otel-collector:4318":           "-", "http://": "-", "ftp://host": "-", "http://u@host": "-", "http://host?x=1": "-", "http://host#f": "-", "http://host:0": "-",
	}
	for text, want := range endpoints {
		var got string
		if err := collectorURL(&got).set([]string{text}); (err != nil) != (want == "-") || err == nil && got != want {
			t.Errorf("%q: got %q, %v, want %q", text, got, err, want)
		}
	}
	shares := map[string]float64{"0": 0, "1": 1, "0.05": 0.05, "": -1, "-0.1": -1, "1.01": -1, "NaN": -1, "half": -1, "5%": -1}
	for text, want := range shares {
		var got float64
		v := share(&got)
		if err := v.set([]string{text}); (err != nil) != (want < 0) || err == nil && (got != want || v.show()[0] != text) {
			t.Errorf("%q: got %g, shown as %s, %v, want %g", text, got, v.show()[0], err, want)
		}
	}
}

func TestURLsAreMasked(t *testing.T) {
	tests := map[Secret]string{ //nolint:gosec // nobody's passwords
		"redis://127.0.0.1:6379/0":                              "redis://127.0.0.1:6379/0",
		"redis://:pw@a:1,b:2":                                   "redis://:***@a:1,b:2",
		"redis://lone-word@a:1":                                 "redis://***@a:1",
		"redis+sentinel://u:p:w@a:1/m/0?sentinel_password=x&y=": "redis+sentinel://u:***@a:1/m/0?sentinel_password=***&y=",
		"mysql://u:p@w@h:3306/db?tls=true":                      "mysql://u:***@h:3306/db?tls=true",
		"mysql://u@h/db":                                        "mysql://u@h/db",
		"sqlite:///var/lib/log.db":                              "sqlite:///var/lib/log.db",
		"sqlite:log.db":                                         mask,
		"":                                                      "",
	}
	for given, want := range tests {
		if got := maskURL(given); got != want {
			t.Errorf("%s: got %s, want %s", string(given), got, want)
		}
	}
}

func TestNearest(t *testing.T) {
	known := []string{"erp.timeout", "erp.timezone", "wechat.timeout"}
	for name, want := range map[string]string{"erp.timeot": "erp.timeout", "erp.time_zone": "erp.timezone", "wxchat.timout": "wechat.timeout"} {
		if got := nearest(name, known); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

func TestLevelsAreSlogs(t *testing.T) {
	c, _ := mustLoad(t, "", "SNOWGATE_LOG__LEVEL=WARN")
	if c.Log.Level != slog.LevelWarn || !c.Sandbox() {
		t.Errorf("got %s in mode %s, want WARN in the sandbox", c.Log.Level, c.Mode)
	}
}
