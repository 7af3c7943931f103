package deploytest

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// unit is the service file by section and key; a key may stand there more than once.
func unit(t *testing.T) map[string]map[string][]string {
	t.Helper()
	sections, current := map[string]map[string][]string{}, ""
	for i, line := range strings.Split(deployed(t, "systemd/snowgate.service"), "\n") {
		switch line = strings.TrimSpace(line); {
		case line == "" || line[0] == '#':
		case line[0] == '[':
			current = strings.Trim(line, "[]")
			sections[current] = map[string][]string{}
		default:
			key, value, found := strings.Cut(line, "=")
			if !found || current == "" {
				t.Fatalf("line %d is no setting: %s", i+1, line)
			}
			sections[current][key] = append(sections[current][key], value)
		}
	}
	return sections
}

func TestTheServiceFileIsOneSystemdTakes(t *testing.T) {
	sections := unit(t)
	if got := slices.Sorted(maps.Keys(sections)); !slices.Equal(got, []string{"Install", "Service", "Unit"}) {
		t.Errorf("sections %q", got)
	}
	analyze, found := installed("systemd-analyze")
	if !found {
		t.Log("systemd-analyze is not installed: the file was only read")
		return
	}
	dir := t.TempDir()
	text := replaced(t, deployed(t, "systemd/snowgate.service"), "/usr/local/bin/snowgate", build(t))
	path := write(t, dir, "snowgate.service", text)
	if out, err := output(t, dir, nil, analyze, "verify", "--man=no", path); err != nil || strings.Contains(out, "snowgate.service:") {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
	// Of 10.0 (everything open); an unhardened service has 9.6. The threshold is in tenths.
	if out, err := output(t, dir, nil, analyze, "security", "--offline=true", "--threshold=20", "--no-pager", path); err != nil {
		t.Errorf("systemd-analyze security: %v\n%s", err, tail(out))
	}
}

// TestTheServiceFileFitsTheGateway keeps what systemd cannot know: paths, exit codes and times are those of the program.
func TestTheServiceFileFitsTheGateway(t *testing.T) {
	service := unit(t)["Service"]
	for key, want := range map[string]string{
		"ExecReload":               "/bin/kill -HUP $MAINPID",
		"StateDirectory":           "snowgate", // audit.spool_dir is /var/lib/snowgate/spool
		"KillSignal":               "SIGTERM",
		"RestartPreventExitStatus": "2",
		"SystemCallErrorNumber":    "EPERM",
	} {
		if got := service[key]; !slices.Equal(got, []string{want}) {
			t.Errorf("%s is %q, want %s", key, got, want)
		}
	}
	stop, err := time.ParseDuration(strings.Join(service["TimeoutStopSec"], ""))
	if err != nil || stop < 20*time.Second {
		t.Errorf("TimeoutStopSec %q does not leave server.drain_timeout (15 s) its time", service["TimeoutStopSec"])
	}
	if out, err := output(t, t.TempDir(), []string{"SNOWGATE_SERVER__LISTEN=nowhere"}, build(t)); err == nil || !strings.Contains(err.Error(), "exit status 2") {
		t.Errorf("a wrong configuration ends with %v, and the service would be started again and again: %s", err, out)
	}
}
