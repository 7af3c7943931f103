package config

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// explained holds an error of Load to be a list of complaints, each on one line about something.
func explained(t *testing.T, err error) *Complaints {
	t.Helper()
	var c *Complaints
	if !errors.As(err, &c) || len(c.List) == 0 {
		t.Fatalf("%v is no list of complaints", err)
	}
	return c
}

// Whatever stands in the file, it is a configuration that can be printed and read again as the same, or a list of
// complaints, and these tell no secret.
func FuzzFile(f *testing.F) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		f.Fatalf("%v, %v", files, err)
	}
	for _, name := range append(files, "../../../snowgate.example.yaml") {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	for _, text := range []string{
		"", "---\n...\n", "mode: sandbox\n", "log: {level: debug, format: !!str text}\n", "a: &a [*a]\n", "? {x: y}\n: z\n", "server: {listen: \"\\u2028:1\"}\n",
		"wechat: {app_secret: hush-1, timeout: hush}\nredis: {url: 'redis://u:hush-2@h/hush'}\n", "%YAML 9.9\n--- hush\n", "server:\n\tlisten: x\n", "<<: {mode: sandbox}\n",
		"erp: {snowbeasts: {forms: {orders: {id: '0010', fields: {remark: \"a: b # c\"}}}}}\nmode: sandbox\n",
	} {
		f.Add([]byte(text))
	}
	path := filepath.Join(f.TempDir(), "fuzz.yaml")
	f.Fuzz(func(t *testing.T, text []byte) {
		if bytes.Contains(text, []byte("_file")) || bytes.Contains(text, []byte("tls")) {
			return // they would have it read this machine's files
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		c, _, err := Load(path, nil)
		if err != nil {
			tellNothing(t, text, explained(t, err))
			return
		}
		var printed bytes.Buffer
		if err := c.Print(&printed); err != nil {
			t.Fatal(err)
		}
		readsBack(t, c, printed.Bytes())
	})
}

// tellNothing wants complaints about secret keys to be without their values.
func tellNothing(t *testing.T, text []byte, complaints *Complaints) {
	t.Helper()
	secret := map[string]bool{}
	for _, k := range Default().keys() {
		secret[k.path] = k.value.secret()
	}
	for _, one := range complaints.List {
		if secret[one.Key] && (strings.Contains(one.Text, "hush") || strings.Contains(one.Text, "(got")) {
			t.Errorf("%q is complained of with %s", text, one)
		}
	}
}

// readsBack reads what was printed and compares everything that was given and is not secret.
func readsBack(t *testing.T, c *Config, printed []byte) {
	t.Helper()
	file := layer{}
	complaints := &Complaints{}
	root, err := parseYAML(printed)
	if err != nil {
		t.Fatalf("printed %v:\n%s", err, printed)
	}
	fileReader{name: "printed", layer: file, complaints: complaints}.section("", root)
	again := Default()
	for i, k := range again.keys() {
		was := c.keys()[i].value
		if was.secret() || !c.Given(k.path) {
			continue
		}
		again.apply(k, file, layer{}, complaints)
		if got, want := strings.Join(k.value.show(), "\n"), strings.Join(was.show(), "\n"); got != want {
			t.Errorf("%s is %q and was printed as %q", k.path, want, got)
		}
	}
	if len(complaints.List) > 0 {
		t.Errorf("%v about what was printed:\n%s", complaints, printed)
	}
}

// Whatever a variable says, it is taken or complained of under its own name; what is secret is in no complaint and on no
// page.
func FuzzEnvironment(f *testing.F) {
	for _, row := range [][2]string{
		{"REDIS__URL", "redis://u:hush@h:1/0"}, {"SQL__DSN", "mysql://u:hush@h/d"}, {"SEAL__KEYS", "a:hush,+b:hush"}, {"ALERTS__WEBHOOKS", "json:https://x/hush\nwecom:hush"},
		{"LIMITS__BINDS", "5/15m"}, {"LIMITS__BINDS", "99999999999/1e3d"}, {"AUDIT__RETENTION", "106751d23h59m"}, {"AUDIT__SPOOL_MAX_BYTES", "1048576GiB"},
		{"SERVER__LISTEN", "[::1%25x]:080"}, {"SERVER__TRUSTED_PROXIES", "10.0.0.0/8,::/0,1.2.3.4"}, {"SERVER__CORS_ORIGINS", "https://a,https://*"}, {"ERP__TIMEZONE", "../../etc/passwd"},
		{"WECHAT__EVENTS__SHIPPED__FIELDS", "thing1={x},=,a=b=c"}, {"ADMIN__TOKENS", "hush-hush-hush-hush-hush-1"}, {"NONSENSE", "hush"}, {"ERP__ORIGIN", "https://u:hush@x"},
	} {
		f.Add(row[0], row[1])
	}
	allSecret := map[string]bool{} // of URLs and sealing keys a part is shown
	for _, k := range Default().keys() {
		allSecret[k.variable()] = k.value.secret() && !strings.Contains("redis.url sql.dsn alerts.webhooks seal.keys", k.path)
	}
	f.Fuzz(func(t *testing.T, name, text string) {
		if strings.HasSuffix(name, "_FILE") || strings.Contains(name, "TLS") || strings.ContainsAny(name, "=\x00") {
			return // they would have it read this machine's files
		}
		c, warnings, err := Load("", []string{"SNOWGATE_MODE=sandbox", prefix + name + "=" + text})
		shown := strings.Join(warnings, "\n")
		if err != nil {
			shown += explained(t, err).Error()
		} else {
			var page bytes.Buffer
			if err := c.Print(&page); err != nil {
				t.Fatal(err)
			}
			shown += page.String()
		}
		if allSecret[prefix+name] && strings.Contains(shown, "hush") {
			t.Errorf("%s=%q shows\n%s", name, text, shown)
		}
	})
}

// Amounts with units are read back as they are shown.
func FuzzAmounts(f *testing.F) {
	for _, text := range []string{"1d12h", "90d", "2.5s", "0", "-1s", "1e3s", "5/15m", "20/s", "1/1d", "1GiB", "1024KiB", "0KiB", "9223372036854775807ns", "106752d", "1d-1h", "1d24h", "d"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if d, err := parseDuration(text); err == nil && d >= 0 {
			if again, err := parseDuration(formatDuration(d)); err != nil || again != d {
				t.Errorf("%q is %s, shown as %s, which is %s (%v)", text, d, formatDuration(d), again, err)
			}
		}
		if r, err := parseRate(text); err == nil {
			if again, err := parseRate(r.String()); err != nil || again != r || r.Count < 0 || r.Count > 0 && r.Per <= 0 {
				t.Errorf("%q is %+v, shown as %s, which is %+v (%v)", text, r, r, again, err)
			}
		}
		if n, err := parseSize(text); err == nil {
			if again, err := parseSize(formatSize(n)); err != nil || again != n || n <= 0 || n > maxSize {
				t.Errorf("%q is %d, shown as %s (%v)", text, n, formatSize(n), err)
			}
		}
	})
}
