package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// scenario is one row of the table: a fault, made for real, and the figures that have to hold meanwhile.
type scenario struct {
	name string
	run  func(ctx context.Context, l *lab) ([]figure, error)
}

var scenarios = []scenario{
	{"hang", runHang},
	{"errors", runErrors},
	{"budget", runBudget},
	{"failover", runFailover},
	{"same", runSame},
	{"flaky", runFlaky},
	{"strangers", runStrangers},
	{"reuse", runReuse},
}

func names(list []scenario) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = s.name
	}
	return out
}

// choose picks the scenarios named in only, all when it is empty.
func choose(list []scenario, only string) ([]scenario, error) {
	if only == "" {
		return list, nil
	}
	var chosen []scenario
	for name := range strings.SplitSeq(only, ",") {
		i := slices.Index(names(list), name)
		if i < 0 {
			return nil, fmt.Errorf("no scenario %q; there are %s", name, strings.Join(names(list), ", "))
		}
		chosen = append(chosen, list[i])
	}
	return chosen, nil
}
