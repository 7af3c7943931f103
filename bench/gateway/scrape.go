package main

import (
	"bytes"
	"strconv"
	"strings"
)

func (p *program) addr() string { return strings.TrimPrefix(p.url, "http://") }

// mallocs is how many objects the program has allocated in its life; 0 where it does not say, as only ours does.
func (p *program) mallocs() float64 {
	_, body, err := once(p.addr(), get(nil, "/metrics", adminToken))
	if err != nil {
		return 0
	}
	_, found, ok := bytes.Cut(body, []byte("\ngo_memstats_mallocs_total "))
	if !ok {
		return 0
	}
	number, _, _ := strings.Cut(string(found[:min(len(found), 40)]), "\n")
	n, _ := strconv.ParseFloat(strings.TrimSpace(number), 64)
	return n
}
