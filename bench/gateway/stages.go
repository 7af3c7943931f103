package main

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
)

// stage is a part of a request's way through the house, and the functions whose samples, with those of all that they
// call, belong to it. Of two stages a sample could belong to, the one named first has it.
type stage struct {
	name      string
	functions []string // parts of their full names
}

var stages = []stage{
	{"collecting garbage", []string{"runtime.gcBgMarkWorker", "runtime.gcAssistAlloc", "runtime.bgsweep", "runtime.gcStart", "runtime.bgscavenge"}},
	{"scheduling", []string{"runtime.schedule", "runtime.mcall", "runtime.park_m", "runtime.findRunnable"}},
	{"last good answer, kept in Redis", []string{"erpclient.(*lastGood)"}},
	{"audit: rows sent to the database", []string{"audit.(*Log).ship"}},
	{"audit: put on disk", []string{"audit.(*Log).", "audit/spool."}},
	{"audit: the row, masked", []string{"gateway.(*Server).rowOf", "audit/mask."}},
	{"session, binding and limits, asked of Redis", []string{
		"session.(*Limiter)", "session.(*Store).Arrive", "session.(*gatherer)", "gateway.(*Server).limit", "gateway.(*Server).wanted",
	}},
	{"asking the ERP: reading the answer", []string{"snowbeasts.decode", "snowbeasts.readRows", "snowbeasts.(*Driver).orderPage"}},
	{"asking the ERP: HTTP", []string{"erphttp.", "net/http.(*persistConn)", "net/http.(*Transport)"}},
	{"asking the ERP: deadline, retry, breaker, bulkhead, merging", []string{"snowgate/erpclient"}},
	{"answering: bytes", []string{"echo/v4.(*context).", "net/http.(*response).finishRequest", "gateway.(*wholeConn).Write"}},
	{"reading the request, net/http and Echo", []string{"gateway.(*wholeConn).Read"}},
	{"answering: JSON", []string{"gateway.(*call).ok", "gateway.(*call).write"}},
	{"counting and logging", []string{"gateway.(*Server).tell"}},
	{"the gateway's other rules", []string{"snowgate/gateway."}},
	{"reading the request, net/http and Echo", []string{"net/http.", "echo/v4."}},
}

// elsewhere is where everything belongs that no stage names.
const elsewhere = "other"

// stageOf tells whose a stack is.
func stageOf(stack []string) string {
	for _, s := range stages {
		for _, function := range stack {
			if slices.ContainsFunc(s.functions, func(part string) bool { return strings.Contains(function, part) }) {
				return s.name
			}
		}
	}
	return elsewhere
}

// byStage adds a profile's samples up, in the unit that read gives.
func byStage(bin, profile, index string, read func(string) float64) (map[string]float64, error) {
	told, err := exec.Command("go", "tool", "pprof", "-traces", "-sample_index="+index, bin, profile).Output() //nolint:gosec // our own program's profile
	if err != nil {
		return nil, fmt.Errorf("go tool pprof %s: %w", profile, err)
	}
	all := map[string]float64{}
	var stack []string
	var value float64
	end := func() {
		if len(stack) > 0 {
			all[stageOf(stack)] += value
		}
		stack = stack[:0]
	}
	for lines := bufio.NewScanner(bytes.NewReader(told)); lines.Scan(); {
		line := lines.Text()
		if strings.HasPrefix(line, "-----") {
			end()
			continue
		}
		fields := strings.Fields(line)
		switch {
		case len(fields) == 0 || !strings.HasPrefix(line, " ") || fields[0] == "bytes:": // the profile's head, a sample's label
		case len(stack) == 0 && len(fields) > 1:
			value, stack = read(fields[0]), append(stack, strings.Join(fields[1:], " "))
		default:
			stack = append(stack, strings.Join(fields, " "))
		}
	}
	end()
	return all, nil
}

func microseconds(s string) float64 {
	d, _ := time.ParseDuration(s)
	return float64(d.Microseconds())
}

func count(s string) float64 {
	n, _ := strconv.ParseFloat(s, 64)
	return n
}

// stageTable shows where the time of a request goes, dearest first.
func stageTable(bin, cpu, allocs string, requests float64) error {
	took, err := byStage(bin, cpu, "cpu", microseconds)
	if err != nil {
		return err
	}
	made, err := byStage(bin, allocs, "alloc_objects", count)
	if err != nil {
		return err
	}
	names := []string{elsewhere}
	for _, s := range stages {
		if !slices.Contains(names, s.name) {
			names = append(names, s.name)
		}
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(took[b], took[a]) })
	fmt.Println("\n| stage | µs per request | objects per request |\n|---|---|---|")
	var all, objects float64
	for _, name := range names {
		fmt.Printf("| %s | %.1f | %.0f |\n", name, took[name]/requests, made[name]/requests)
		all, objects = all+took[name], objects+made[name]
	}
	fmt.Printf("| **all** | **%.1f** | **%.0f** |\n", all/requests, objects/requests)
	return nil
}
