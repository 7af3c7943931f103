package main

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (p *program) addr() string { return strings.TrimPrefix(p.url, "http://") }

// mallocs is how many objects the program has allocated in its life; 0 where it does not say, as only ours does.
func (p *program) mallocs() float64 { return p.metric("go_memstats_mallocs_total") }

// memory is what is in use once it is quiet, in bytes: a collection halves the stack of whoever needed a larger one.
func (p *program) memory() float64 {
	for range 4 {
		_, _, _ = once(p.addr(), get(nil, "/debug/pprof/heap?gc=1", adminToken)) // for its collection alone
	}
	return p.metric("go_memstats_heap_inuse_bytes") + p.metric("go_memstats_stack_inuse_bytes")
}

// metric reads one figure of /metrics.
func (p *program) metric(name string) float64 {
	_, body, err := once(p.addr(), get(nil, "/metrics", adminToken))
	if err != nil {
		return 0
	}
	_, found, ok := bytes.Cut(body, []byte("\n"+name+" "))
	if !ok {
		return 0
	}
	number, _, _ := strings.Cut(string(found[:min(len(found), 40)]), "\n")
	n, _ := strconv.ParseFloat(strings.TrimSpace(number), 64)
	return n
}

// middle is the median.
func middle(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}
