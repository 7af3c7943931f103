package config

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Load reads the defaults, over them the YAML file at path (none when path is empty), over that the variables of
// environ (as os.Environ gives them), and checks the result. The warnings are lines for the operator; they never hold a
// secret. The error is always a *Complaints with everything that is wrong; the Config is nil then.
func Load(path string, environ []string) (*Config, []string, error) {
	c := Default()
	c.again = func() (*Config, []string, error) { return Load(path, environ) }
	keys := c.keys()
	complaints := &Complaints{}
	file, readable := layer{}, true
	if path != "" {
		file, readable = readFile(path, complaints)
	}
	if !readable { // what else is wrong cannot be known
		return nil, nil, complaints
	}
	environment, warnings := readEnvironment(environ, keys)
	refuseUnknown(file, keys, complaints)
	for _, k := range keys {
		c.apply(k, file, environment, complaints)
	}
	c.settleMode(path, environment)
	c.settleRequestTimeout()
	c.check(complaints)
	if len(complaints.List) > 0 {
		complaints.Hint = c.hint(complaints)
		return nil, warnings, complaints
	}
	return c, append(warnings, c.warnings()...), nil
}

// refuseUnknown complains about keys of the file that nobody reads: a typing error must not pass for a setting.
func refuseUnknown(file layer, keys []key, complaints *Complaints) {
	known := pathsOf(keys)
	for _, path := range sortedPaths(file) {
		if slices.Contains(known, path) {
			continue
		}
		if inside := firstInside(path, known); inside != "" {
			complaints.add(path, file[path].from, "is a section, not a value; its first key is %s", inside)
			continue
		}
		complaints.add(path, file[path].from, "unknown key; the nearest known one is %s", nearest(path, known))
	}
}

func sortedPaths(l layer) []string {
	paths := make([]string, 0, len(l))
	for path := range l {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	return paths
}

func firstInside(section string, known []string) string {
	for _, path := range known {
		if strings.HasPrefix(path, section+".") {
			return path
		}
	}
	return ""
}

// apply puts what the environment, else the file, says about a key into its place.
func (c *Config) apply(k key, file, environment layer, complaints *Complaints) {
	given, found := environment.find(k, complaints)
	if !found {
		given, found = file.find(k, complaints)
	}
	if !found {
		return
	}
	texts := given.items(k.value.list())
	if err := k.value.set(texts); err != nil {
		complaints.add(k.path, given.from, "%s%s", err, shown(k.value, texts))
		return
	}
	c.sources[k.path] = given.from
}

// maxShown is how much of a wrong value a complaint repeats, in runes.
const maxShown = 60

// shown repeats a wrong value, unless it is a secret or may hold one (user:password@host).
func shown(v value, texts []string) string {
	got := strings.Join(texts, ",")
	if v.secret() || strings.Contains(got, "@") {
		return ""
	}
	if runes := []rune(got); len(runes) > maxShown {
		got = string(runes[:maxShown]) + "…"
	}
	return fmt.Sprintf(" (got %q)", got)
}

// settleMode decides the mode when nobody named it: production as soon as a configuration is given. An address to
// listen on and the log's form are not one, so that the sandbox can be moved to another port.
func (c *Config) settleMode(path string, environment layer) {
	if c.Given("mode") {
		return
	}
	configured := path != ""
	for key := range environment {
		if key != "server.listen" && !strings.HasPrefix(key, "log.") {
			configured = true
		}
	}
	if configured {
		c.Mode = ModeProduction
	}
}

// trytonWrite is the default of erp.write_timeout with Tryton.
const trytonWrite = 8 * time.Second

// settleRequestTimeout lets the request's deadline follow erp.timeout where nobody set it.
func (c *Config) settleRequestTimeout() {
	if !c.Given("erp.write_timeout") {
		c.ERP.WriteTimeout = c.ERP.Timeout
		if c.ERP.Driver == "tryton" { // a stock record is some ten calls there, one after the other
			c.ERP.WriteTimeout = max(c.ERP.Timeout, trytonWrite)
		}
	}
	if !c.Given("server.request_timeout") {
		c.Server.RequestTimeout = c.ERP.Timeout + requestMargin
	}
}

// hint explains production to whoever set one variable and finds half a dozen keys missing.
func (c *Config) hint(complaints *Complaints) string {
	if c.Mode == ModeProduction && !c.Given("mode") && !complaints.about("mode") {
		return "(a configuration was given, so the mode is production; mode: sandbox, or no configuration, runs the sandbox)"
	}
	return ""
}
