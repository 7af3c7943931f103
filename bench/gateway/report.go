package main

import (
	"fmt"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"

	"snowgate/bench/host"
)

// figures are what one program showed in one round, or their medians.
type figures struct {
	PerSecond float64 `json:"perSecond"`
	P50       float64 `json:"p50ms"`
	P99       float64 `json:"p99ms"`
	CPU       float64 `json:"cpuMsPer1000"`
	Upstream  float64 `json:"upstreamPer1000"`
	RSS       float64 `json:"rssMiB"`
	Allocs    float64 `json:"allocs"` // per request; 0 where nobody tells
	Failed    float64 `json:"failed"`
	Requests  float64 `json:"requests"`
}

func (f figures) String() string {
	return fmt.Sprintf("%7.0f/s  p50 %6.2f ms  p99 %6.2f ms  cpu %6.1f ms/1000  erp %5.0f/1000  rss %4.0f MiB  allocs %4.0f  failed %.0f",
		f.PerSecond, f.P50, f.P99, f.CPU, f.Upstream, f.RSS, f.Allocs, f.Failed)
}

// row is one program's rounds.
type row struct {
	Name   string    `json:"name"`
	Does   string    `json:"does"`
	Rounds []figures `json:"rounds"`
}

// median of the rounds, each figure by itself.
func (r row) median() figures {
	of := func(pick func(figures) float64) float64 {
		values := make([]float64, len(r.Rounds))
		for i, f := range r.Rounds {
			values[i] = pick(f)
		}
		slices.Sort(values)
		return values[len(values)/2]
	}
	return figures{
		PerSecond: of(func(f figures) float64 { return f.PerSecond }), P50: of(func(f figures) float64 { return f.P50 }),
		P99: of(func(f figures) float64 { return f.P99 }), CPU: of(func(f figures) float64 { return f.CPU }),
		Upstream: of(func(f figures) float64 { return f.Upstream }), RSS: of(func(f figures) float64 { return f.RSS }),
		Allocs: of(func(f figures) float64 { return f.Allocs }), Failed: of(func(f figures) float64 { return f.Failed }),
		Requests: of(func(f figures) float64 { return f.Requests }),
	}
}

// table is one work's rows.
type table struct {
	Title string `json:"title"`
	Rows  []row  `json:"rows"`
}

func (t *table) add(i int, name, does string, f figures) {
	for len(t.Rows) <= i {
		t.Rows = append(t.Rows, row{})
	}
	t.Rows[i].Name, t.Rows[i].Does = name, does
	t.Rows[i].Rounds = append(t.Rows[i].Rounds, f)
}

func (t *table) of(name string) (figures, bool) {
	for _, r := range t.Rows {
		if r.Name == name && len(r.Rounds) > 0 {
			return r.median(), true
		}
	}
	return figures{}, false
}

// report is everything that was measured.
type report struct {
	Tables []*table          `json:"tables"`
	Single map[string]string `json:"single"`
}

// say notes a figure that stands by itself.
func (r *report) say(what, figure string) {
	if r.Single == nil {
		r.Single = map[string]string{}
	}
	r.Single[what] = figure
	fmt.Printf("\n%s: %s\n", what, figure)
}

// show prints a work's table, cheapest first, with ratios to Go's bare proxy of CPU and of the median of the rounds' own.
func (r *report) show(t *table) {
	r.Tables = append(r.Tables, t)
	base, hasBase := t.of(nameProxy)
	rows := slices.Clone(t.Rows)
	slices.SortStableFunc(rows, func(a, b row) int { return int(1000 * (a.median().CPU - b.median().CPU)) })
	fmt.Printf("\n### %s\n\n| what | does | CPU ms / 1,000 | × bare Go proxy | req/s | p50 ms | p99 ms | ERP calls / 1,000 | RSS MiB | allocations | failed |\n|---|---|---|---|---|---|---|---|---|---|---|\n", t.Title)
	for _, row := range rows {
		f := row.median()
		ratio, allocs := "", ""
		if hasBase && base.CPU > 0 {
			ratio = fmt.Sprintf("%.2f", f.CPU/base.CPU)
		}
		if f.Allocs > 0 {
			allocs = fmt.Sprintf("%.0f", f.Allocs)
		}
		fmt.Printf("| %s | %s | %.1f | %s | %.0f | %.2f | %.2f | %.0f | %.0f | %s | %.0f |\n",
			row.Name, row.Does, f.CPU, ratio, f.PerSecond, f.P50, f.P99, f.Upstream, f.RSS, allocs, f.Failed)
	}
}

// machine is one line that says where the figures were measured.
func machine(w *world) string {
	version, err := exec.Command(w.bin, "version").Output() //nolint:gosec // the program under measurement
	if err != nil {
		version = []byte("unknown version")
	}
	return fmt.Sprintf("%s · %s · %s · %d cores (%s), shared with the load and the stand-ins%s · %s",
		time.Now().Format(time.DateOnly), strings.TrimSpace(string(version)), runtime.Version(), runtime.NumCPU(), host.Processor(), host.Busy(), versions())
}

// versions of what stands beside the gateway, where it says.
func versions() string {
	var all []string
	for _, argv := range [][]string{{"redis-server", "--version"}, {"mariadbd", "--version"}, {"nginx", "-v"}, {"haproxy", "-v"}} {
		path, err := find(argv[0])
		if err != nil {
			continue
		}
		said, _ := exec.Command(path, argv[1:]...).CombinedOutput() //nolint:gosec // one of the four above
		first, _, _ := strings.Cut(string(said), "\n")
		fields := strings.FieldsFunc(first, func(r rune) bool { return r == ' ' || r == '/' || r == '=' })
		if i := slices.IndexFunc(fields, func(f string) bool { return f != "" && f[0] >= '0' && f[0] <= '9' }); i >= 0 {
			all = append(all, argv[0]+" "+fields[i])
		}
	}
	return strings.Join(all, ", ")
}
