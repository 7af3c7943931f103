// Command allocs runs the benchmarks that are named in a table and fails where one makes more objects per operation than
// the table allows. Times depend on the machine and its neighbours; objects do not, so that CI can hold on to them.
//
//	go run ./bench/allocs [-table bench/allocs.txt] [-update]
//
// A line of the table is a package, a benchmark and how many objects it may make.
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// bounds are how many objects each benchmark may make, by package and name.
type bounds map[string]map[string]int

func main() {
	table := flag.String("table", "bench/allocs.txt", "the table")
	update := flag.Bool("update", false, "write what was measured into the table: say why in the commit")
	flag.Parse()
	if err := run(*table, *update); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(path string, update bool) error {
	allowed, err := load(path)
	if err != nil {
		return err
	}
	measured := bounds{}
	for _, pkg := range slices.Sorted(maps.Keys(allowed)) {
		if measured[pkg], err = measure(pkg, allowed[pkg]); err != nil {
			return err
		}
	}
	if update {
		return save(path, measured)
	}
	return compare(allowed, measured)
}

// load reads the table; what is behind a # is for people.
func load(path string) (bounds, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	b := bounds{}
	for lines := bufio.NewScanner(strings.NewReader(string(text))); lines.Scan(); {
		line, _, _ := strings.Cut(lines.Text(), "#")
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if len(fields) != 3 {
			return nil, fmt.Errorf("%s: %q is not package, benchmark and number", path, line)
		}
		n, err := strconv.Atoi(fields[2])
		if err != nil {
			return nil, fmt.Errorf("%s: %q: %w", path, line, err)
		}
		if b[fields[0]] == nil {
			b[fields[0]] = map[string]int{}
		}
		b[fields[0]][fields[1]] = n
	}
	return b, nil
}

// result is a benchmark's line: the name without the number of processors, and its objects.
var result = regexp.MustCompile(`(?m)^(Benchmark\S+?)(?:-\d+)?\s.*?(\d+) allocs/op`)

const (
	// iterations are enough for what is made once, such as a pool's first buffer, not to show.
	iterations = "2000x"
	// runs are how often each benchmark runs; the least counts, because a collection in the middle of a run empties pools.
	runs = "5"
)

// measure runs a package's benchmarks by their names. The race detector and coverage would count differently.
func measure(pkg string, wanted map[string]int) (map[string]int, error) {
	var patterns []string
	for name := range wanted {
		top, _, _ := strings.Cut(name, "/")
		patterns = append(patterns, "^"+top+"$")
	}
	cmd := exec.Command("go", "test", "-run", "^$", "-bench", strings.Join(patterns, "|"), "-benchmem", "-benchtime", iterations, "-count", runs, pkg) //nolint:gosec // packages of ours
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", pkg, err, out)
	}
	got := map[string]int{}
	for _, m := range result.FindAllStringSubmatch(string(out), -1) {
		if _, isWanted := wanted[m[1]]; isWanted {
			n, _ := strconv.Atoi(m[2]) // digits, says the pattern
			if least, again := got[m[1]]; !again || n < least {
				got[m[1]] = n
			}
		}
	}
	return got, nil
}

// compare tells every rise, and every benchmark that is gone. A fall is told, so that the table can follow it.
func compare(allowed, measured bounds) error {
	var errs []error
	for _, pkg := range slices.Sorted(maps.Keys(allowed)) {
		for _, name := range slices.Sorted(maps.Keys(allowed[pkg])) {
			most := allowed[pkg][name]
			switch n, ran := measured[pkg][name]; {
			case !ran:
				errs = append(errs, fmt.Errorf("%s %s: did not run", pkg, name))
			case n > most:
				errs = append(errs, fmt.Errorf("%s %s: %d objects per operation, %d are allowed", pkg, name, n, most))
			case n < most:
				fmt.Printf("%s %s: %d objects per operation, fewer than %d: go run ./bench/allocs -update\n", pkg, name, n, most)
			}
		}
	}
	return errors.Join(errs...)
}

func save(path string, measured bounds) error {
	var text strings.Builder
	text.WriteString("# Objects per operation that a benchmark may make. `make bench-allocs` fails on a rise; after a change on purpose:\n# go run ./bench/allocs -update\n")
	for _, pkg := range slices.Sorted(maps.Keys(measured)) {
		for _, name := range slices.Sorted(maps.Keys(measured[pkg])) {
			fmt.Fprintf(&text, "%s %s %d\n", pkg, name, measured[pkg][name])
		}
	}
	return os.WriteFile(path, []byte(text.String()), 0o644) //nolint:gosec // a file of the repository
}
