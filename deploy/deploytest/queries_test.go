package deploytest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"snowgate/sandbox"
)

// elsewhere are metrics that no gateway shows: Prometheus' own, and the blackbox exporter's.
var elsewhere = []string{"up", "ALERTS", "probe_ssl_earliest_cert_expiry"}

// dashboard is what is looked at in the file for Grafana.
type dashboard struct {
	Title      string
	Templating struct{ List []struct{ Query string } }
	Panels     []panel
}

type panel struct {
	ID      int
	Type    string
	Title   string
	GridPos struct{ X, Y, W, H int }
	Targets []struct{ Expr string }
}

func readDashboard(t *testing.T) (d dashboard) {
	t.Helper()
	if err := json.Unmarshal([]byte(deployed(t, "grafana/snowgate.json")), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// queries are all that the dashboard asks, with Grafana's variables filled in.
func (d dashboard) queries() (list []string) {
	filled := strings.NewReplacer("$job", "snowgate", "$instance", ".+", "$__rate_interval", "1m")
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			list = append(list, filled.Replace(target.Expr))
		}
	}
	return list
}

func bilingual(title string) bool {
	_, _, both := strings.Cut(title, " · ")
	return both && strings.ContainsFunc(title, func(r rune) bool { return unicode.Is(unicode.Han, r) || r == 'E' || r == 'p' })
}

func TestTheDashboardIsInOrder(t *testing.T) {
	d := readDashboard(t)
	ids, taken := map[int]bool{}, map[[2]int]string{}
	for _, p := range d.Panels {
		if ids[p.ID] || !bilingual(p.Title) || (len(p.Targets) == 0) != (p.Type == "row") {
			t.Errorf("%d %q: its id is used, its title is not in both languages, or it asks nothing", p.ID, p.Title)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" || x >= 24 {
					t.Fatalf("%q lies over %q, or over the edge", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
	}
	if !bilingual(d.Title) || len(ids) < 20 {
		t.Errorf("%q with %d panels", d.Title, len(ids))
	}
}

// The two things a query can be wrong about without Prometheus minding.
var (
	metricName = regexp.MustCompile(`\b(snowgate_\w+|process_\w+|go_\w+|probe_\w+|up|ALERTS)\b`)
	selector   = regexp.MustCompile(`(\w+)\{([^}]*)\}`)
	labelName  = regexp.MustCompile(`(\w+)\s*(?:=~|!~|!=|=)`)
	quoted     = regexp.MustCompile(`"[^"]*"`)
)

func namesIn(query string) []string {
	return slices.Compact(slices.Sorted(slices.Values(metricName.FindAllString(quoted.ReplaceAllString(query, `""`), -1))))
}

// exposed is what one reading of /metrics shows: the labels of each name.
func exposed(page string) map[string]map[string]bool {
	all := map[string]map[string]bool{}
	for _, line := range strings.Split(page, "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		name := line[:strings.IndexAny(line, "{ ")]
		if all[name] == nil {
			all[name] = map[string]bool{"job": true, "instance": true} // which Prometheus adds
		}
		if found := selector.FindStringSubmatch(line); found != nil {
			for _, label := range labelName.FindAllStringSubmatch(quoted.ReplaceAllString(found[2], `""`), -1) {
				all[name][label[1]] = true
			}
		}
	}
	return all
}

// makeNews has everything happen once that a figure exists for: answers, refusals, retries, a changed ERP, a lost ERP.
func (g *gateway) makeNews(token string) {
	g.t.Helper()
	erps := []*sandbox.ERP{g.primary, g.standby}
	for i := range 5 {
		g.get(fmt.Sprintf("/api/orders/search?pageSize=%d", i+1), token)
	}
	g.get("/api/orders/search", "no-such-token")
	for _, erp := range erps {
		erp.SetFaults(sandbox.Fault{Kind: "wrong_shape"})
	}
	g.get("/api/orders/search?pageSize=7", token)
	for _, erp := range erps {
		erp.SetFaults(sandbox.Fault{Kind: "status", Status: http.StatusServiceUnavailable})
	}
	g.get("/api/orders/search?pageSize=1", token) // has a last good answer
	g.get("/api/orders/search?pageSize=9", token) // has none
	for _, erp := range erps {
		erp.ClearFaults()
	}
}

// TestEveryQueryAsksForWhatIsThere keeps: each query of the dashboard and of the alerts is one that Prometheus takes, and
// names metrics and labels that the gateway shows; each of the dashboard finds something.
func TestEveryQueryAsksForWhatIsThere(t *testing.T) {
	program(t, "prometheus")   // or there is no need of a gateway
	g := startSecureGateway(t) // whose certificate is a figure too
	p := startPrometheus(t, g)
	asked := readDashboard(t).queries()
	everything := slices.Clone(asked)
	for _, r := range rules(t) {
		everything = append(everything, r.expr)
	}
	token := g.customer()
	page := g.showsAll(everything, token)
	for _, query := range everything {
		checkLabels(t, query, page)
		if _, complaint := p.series(query); complaint != "" {
			t.Errorf("%s\n%s", query, complaint)
		}
	}
	for _, query := range asked {
		eventually(t, "Prometheus finds something for "+query, func() bool {
			found, _ := p.series(query)
			if found == 0 {
				g.makeNews(token)
				settle(t)
			}
			return found > 0
		})
	}
	eventually(t, "Prometheus knows when the certificate ends", func() bool {
		found, _ := p.series(`snowgate_tls_certificate_not_after_timestamp_seconds{job="snowgate"} - time() < 86400`)
		return found == 1
	})
	checkVariables(t, p)
	p.checkRulesRun()
}

// showsAll makes traffic until /metrics shows every name the queries hold.
func (g *gateway) showsAll(queries []string, token string) map[string]map[string]bool {
	g.t.Helper()
	var page map[string]map[string]bool
	var missing []string
	deadline := time.Now().Add(patience)
	for {
		g.makeNews(token)
		page, missing = exposed(g.get("/metrics", adminToken).body), nil
		for _, query := range queries {
			for _, name := range namesIn(query) {
				if page[name] == nil && !slices.Contains(elsewhere, name) {
					missing = append(missing, name)
				}
			}
		}
		if len(missing) == 0 {
			return page
		}
		if time.Now().After(deadline) {
			g.t.Fatalf("/metrics never shows %q; it shows %q", slices.Compact(slices.Sorted(slices.Values(missing))), slices.Sorted(maps.Keys(page)))
		}
		settle(g.t)
	}
}

// settle waits for a scrape's time.
func settle(t *testing.T) {
	t.Helper()
	select {
	case <-time.After(time.Second):
	case <-t.Context().Done():
	}
}

func checkLabels(t *testing.T, query string, page map[string]map[string]bool) {
	t.Helper()
	for _, found := range selector.FindAllStringSubmatch(query, -1) {
		labels := page[found[1]]
		if labels == nil {
			continue // not this gateway's
		}
		for _, label := range labelName.FindAllStringSubmatch(quoted.ReplaceAllString(found[2], `""`), -1) {
			if !labels[label[1]] {
				t.Errorf("%s has no label %s: %s", found[1], label[1], query)
			}
		}
	}
}

var labelValues = regexp.MustCompile(`^label_values\((.*), (\w+)\)$`)

// checkVariables keeps: the lists above the dashboard are not empty.
func checkVariables(t *testing.T, p *prometheus) {
	t.Helper()
	for _, variable := range readDashboard(t).Templating.List {
		found := labelValues.FindStringSubmatch(strings.ReplaceAll(variable.Query, "$job", "snowgate"))
		if found == nil {
			continue
		}
		var values []string
		complaint := p.api("/api/v1/label/"+found[2]+"/values", url.Values{"match[]": {found[1]}}, &values)
		if complaint != "" || len(values) == 0 {
			t.Errorf("%s finds %q: %s", variable.Query, values, complaint)
		}
	}
}

// checkRulesRun keeps: Prometheus has evaluated every rule, and minds none of them.
func (p *prometheus) checkRulesRun() {
	p.t.Helper()
	type state struct{ Name, Health, LastError string }
	var data struct {
		Groups []struct{ Rules []state }
	}
	var unwell []state
	eventually(p.t, "Prometheus evaluates every rule", func() bool {
		if complaint := p.api("/api/v1/rules", nil, &data); complaint != "" {
			p.t.Fatal(complaint)
		}
		unwell = nil
		count := 0
		for _, group := range data.Groups {
			for _, r := range group.Rules {
				count++
				if r.Health != "ok" {
					unwell = append(unwell, r)
				}
			}
		}
		return count == len(rules(p.t)) && len(unwell) == 0
	})
}
