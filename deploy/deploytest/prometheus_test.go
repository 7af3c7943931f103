package deploytest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
)

// prometheus is a real one that scrapes a gateway, with the configuration and the rules of deploy/prometheus.
type prometheus struct {
	t   *testing.T
	url string
}

// startPrometheus replaces addresses, the token's file, and the times: nobody wants to wait 15 s for a scrape.
func startPrometheus(t *testing.T, g *gateway) *prometheus {
	t.Helper()
	path := program(t, "prometheus")
	dir := t.TempDir()
	config := replaced(t, deployed(t, "prometheus/prometheus.yml"),
		"gateway:8080", g.addr, "/run/secrets/metrics_token", write(t, dir, "token", adminToken), "alertmanager:9093", nobody(t),
		"scrape_interval: 15s", "scrape_interval: 1s", "scrape_timeout: 5s", "scrape_timeout: 1s", "evaluation_interval: 15s", "evaluation_interval: 1s")
	if g.authority != "" {
		config = replaced(t, config, "metrics_path: /metrics", "metrics_path: /metrics\n    scheme: https\n    tls_config: {ca_file: "+g.authority+"}")
	}
	write(t, dir, "rules.yml", deployed(t, "prometheus/rules.yml"))
	write(t, dir, "prometheus.yml", config)
	for range launches {
		address := nobody(t)
		p := &prometheus{t: t, url: "http://" + address}
		running := launch(t, dir, nil, path, "--config.file=prometheus.yml", "--storage.tsdb.path=data", "--web.listen-address="+address, "--log.level=warn")
		if running.up(t, "Prometheus is ready", func() bool {
			return fetch(t, http.DefaultClient, http.MethodGet, p.url+"/-/ready", nil).status == http.StatusOK
		}) {
			return p
		}
	}
	t.Fatal("Prometheus ended")
	return nil
}

// api asks Prometheus and reads its answer's data; the text is its complaint.
func (p *prometheus) api(path string, parameters url.Values, data any) (complaint string) {
	p.t.Helper()
	a := fetch(p.t, http.DefaultClient, http.MethodGet, p.url+path+"?"+parameters.Encode(), nil)
	var reply struct {
		Status string
		Error  string
		Data   json.RawMessage
	}
	if err := json.Unmarshal([]byte(a.body), &reply); err != nil {
		return err.Error() + ": " + a.body
	}
	if reply.Status != "success" {
		return reply.Error
	}
	if err := json.Unmarshal(reply.Data, data); err != nil {
		return err.Error()
	}
	return ""
}

// series counts what a query finds now.
func (p *prometheus) series(query string) (found int, complaint string) {
	p.t.Helper()
	var data struct{ Result []json.RawMessage }
	complaint = p.api("/api/v1/query", url.Values{"query": {query}}, &data)
	return len(data.Result), complaint
}

// TestTheRulesAreTested runs promtool on the rules and on their stories.
func TestTheRulesAreTested(t *testing.T) {
	promtool := program(t, "promtool")
	folder := filepath.Join("..", "prometheus")
	for _, arguments := range [][]string{{"check", "rules", "--lint=all", "--lint-fatal", "rules.yml"}, {"test", "rules", "rules_test.yml"}} {
		if out, err := output(t, folder, nil, append([]string{promtool}, arguments...)...); err != nil {
			t.Errorf("promtool %v: %v\n%s", arguments, err, out)
		}
	}
	stories := deployed(t, "prometheus/rules_test.yml")
	for _, r := range rules(t) {
		if !strings.Contains(stories, "alertname: "+r.alert+"\n") {
			t.Errorf("%s has no story", r.alert)
		}
	}
}

type rule struct{ alert, expr string }

func rules(t *testing.T) (list []rule) {
	t.Helper()
	file := documents(t, deployed(t, "prometheus/rules.yml"))[0]
	groups, _ := file.at("groups").([]any)
	for _, g := range groups {
		all, _ := object(g.(map[string]any)).at("rules").([]any)
		for _, r := range all {
			o := object(r.(map[string]any))
			alert, _ := o.at("alert").(string)
			expr, _ := o.at("expr").(string)
			list = append(list, rule{alert, expr})
			if summary, _ := o.at("annotations", "summary").(string); !bilingual(summary) {
				t.Errorf("%s: the summary %q is not in both languages", alert, summary)
			}
		}
	}
	if len(list) == 0 {
		t.Fatal("no rules")
	}
	return list
}
