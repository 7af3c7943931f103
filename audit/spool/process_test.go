package spool

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// The test binary, started again with a role, is another process with a spool.
const (
	roleVariable = "SNOWGATE_SPOOL_TEST_ROLE"
	dirVariable  = "SNOWGATE_SPOOL_TEST_DIR"
	fromVariable = "SNOWGATE_SPOOL_TEST_FROM"
)

func process(t *testing.T, role, dir string, from int) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self) //nolint:gosec // this very program
	cmd.Env = append(os.Environ(), roleVariable+"="+role, dirVariable+"="+dir, fromVariable+"="+strconv.Itoa(from),
		"GORACE=atexit_sleep_ms=0") // the race detector's pause at the end is of no use here
	cmd.Stderr = os.Stderr
	return cmd
}

// play is main in the other process.
func play(role string) int {
	s, err := Open(Config{Dir: os.Getenv(dirVariable), SegmentBytes: 16 << 10, SyncEvery: time.Millisecond})
	if errors.Is(err, ErrLocked) {
		fmt.Println("locked")
		return 0
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	from, _ := strconv.Atoi(os.Getenv(fromVariable))
	switch role {
	case "append":
		appendForever(s, from)
	case "both":
		go consumeForever(s)
		appendForever(s, from)
	}
	return 1
}

// appendForever prints "+ n" after record n was appended.
func appendForever(s *Spool, from int) {
	const workers = 4
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			for n := from + w; ; n += workers {
				if err := s.Append(1, text(n), digestOf(text(n))); err != nil {
					fmt.Fprintln(os.Stderr, err)
					return
				}
				fmt.Printf("+ %d\n", n)
			}
		})
	}
	all.Wait()
}

// consumeForever prints "- seq n" for each record it got, before it commits.
func consumeForever(s *Spool) {
	for {
		b, err := s.Next(context.Background(), 20, time.Millisecond)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return
		}
		var lines strings.Builder
		for _, r := range b.Records() {
			fmt.Fprintf(&lines, "- %d %s\n", r.Seq, strings.TrimPrefix(string(r.Payload), "record "))
		}
		_, _ = io.WriteString(os.Stdout, lines.String())
		if err := s.Commit(b); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return
		}
	}
}

// killed runs a process and ends it with SIGKILL once it has printed a random number of lines. It returns all lines
// that came out whole.
func killed(t *testing.T, role, dir string, from int) []string {
	t.Helper()
	cmd := process(t, role, dir, from)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var lines []string
	reader := bufio.NewReader(out)
	for left := rand.IntN(500); ; left-- { //nolint:gosec // any moment will do
		if left == 0 {
			_ = cmd.Process.Kill() // it cannot have ended by itself
		}
		line, err := reader.ReadString('\n')
		if err != nil {
			break
		}
		lines = append(lines, strings.TrimSpace(line))
	}
	_ = cmd.Wait() // "signal: killed"
	if len(lines) == 0 && cmd.ProcessState.ExitCode() != -1 {
		t.Fatalf("the process ended by itself: %v", cmd.ProcessState)
	}
	return lines
}

func TestKill9LosesNothingThatWasAppended(t *testing.T) {
	dir := t.TempDir()
	printed, got := map[string]bool{}, map[string]bool{}
	var last link
	for round := range 15 {
		for _, line := range killed(t, "append", dir, round*1_000_000) {
			printed[strings.TrimPrefix(line, "+ ")] = true
		}
		s := open(t, Config{Dir: dir, SegmentBytes: 16 << 10})
		part := next(t, s, 1+rand.IntN(300)) //nolint:gosec // any part will do; the rest is left for the next round
		if round == 14 {
			part = next(t, s, 1<<30)
		}
		mustChain(t, s, last, part.Records())
		for _, r := range part.Records() {
			n := strings.TrimPrefix(string(r.Payload), "record ")
			if got[n] {
				t.Fatalf("record %s came twice", n)
			}
			got[n] = true
		}
		last = part.end.link
		commit(t, s, part)
		shut(t, s)
	}
	for n := range printed {
		if !got[n] {
			t.Errorf("record %s was appended and is lost", n)
		}
	}
	t.Logf("%d appended and told, %d found", len(printed), len(got))
}

func TestKill9OfAConsumerRepeatsButLosesNothing(t *testing.T) {
	dir := t.TempDir()
	printed, bySeq := map[string]bool{}, map[uint64]string{}
	arrive := func(seq uint64, n string) {
		if before, again := bySeq[seq]; again && before != n {
			t.Fatalf("number %d of the chain was %s and is %s", seq, before, n)
		}
		bySeq[seq] = n
	}
	for round := range 8 {
		for _, line := range killed(t, "both", dir, round*1_000_000) {
			var seq uint64
			var n string
			if _, err := fmt.Sscanf(line, "- %d %s", &seq, &n); err == nil {
				arrive(seq, n)
			} else {
				printed[strings.TrimPrefix(line, "+ ")] = true
			}
		}
	}
	s := open(t, Config{Dir: dir, SegmentBytes: 16 << 10})
	for _, r := range drain(t, s) {
		arrive(r.Seq, strings.TrimPrefix(string(r.Payload), "record "))
	}
	arrived := slices.Collect(maps.Values(bySeq))
	slices.Sort(arrived)
	if unique := slices.Compact(slices.Clone(arrived)); len(unique) != len(arrived) {
		t.Errorf("%d records have two places in the chain", len(arrived)-len(unique))
	}
	for n := range printed {
		if _, ok := slices.BinarySearch(arrived, n); !ok {
			t.Errorf("record %s was appended and is lost", n)
		}
	}
	for seq := range uint64(len(bySeq)) {
		if _, ok := bySeq[seq+1]; !ok {
			t.Fatalf("number %d of the chain is missing", seq+1)
		}
	}
}

func TestASecondProcessIsLockedOut(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Config{Dir: dir})
	if _, err := Open(Config{Dir: dir}); !errors.Is(err, ErrLocked) {
		t.Errorf("from this process: %v", err)
	}
	out, err := process(t, "append", dir, 0).Output()
	if err != nil || string(out) != "locked\n" {
		t.Errorf("from another process: %q, %v", out, err)
	}
	shut(t, s)
	put(t, open(t, Config{Dir: dir}), 0, 1)
}
