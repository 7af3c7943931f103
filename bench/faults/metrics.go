package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// figuresPage is the gateway's /metrics at one moment: sample name with labels, as written there, to value.
type figuresPage map[string]float64

func (g *gate) figures(ctx context.Context) (figuresPage, error) {
	a := g.get(ctx, adminToken, "/metrics")
	if !a.ok() {
		return nil, fmt.Errorf("/metrics answers %d %s", a.code, a.fault)
	}
	return readPage(string(a.body)), nil
}

// readPage reads Prometheus' text format, of which it needs plain samples only.
func readPage(text string) figuresPage {
	page := figuresPage{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		at := strings.LastIndexByte(line, ' ')
		if at < 0 || strings.HasPrefix(line, "#") {
			continue
		}
		if value, err := strconv.ParseFloat(line[at+1:], 64); err == nil {
			page[line[:at]] = value
		}
	}
	return page
}

// sum adds up the samples of a name that carry all these labels, each written as name="value".
func (p figuresPage) sum(name string, labels ...string) (total float64) {
	for sample, value := range p {
		if base, rest, _ := strings.Cut(sample, "{"); base == name && hasAll(rest, labels) {
			total += value
		}
	}
	return total
}

func hasAll(text string, labels []string) bool {
	for _, label := range labels {
		if !strings.Contains(text, label) {
			return false
		}
	}
	return true
}
