package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestARiseFailsAndAFallDoesNot(t *testing.T) {
	allowed := bounds{"./a": {"BenchmarkX": 5, "BenchmarkY/z": 0}}
	for name, tt := range map[string]struct {
		measured bounds
		ok       bool
	}{
		"same":    {bounds{"./a": {"BenchmarkX": 5, "BenchmarkY/z": 0}}, true},
		"fall":    {bounds{"./a": {"BenchmarkX": 4, "BenchmarkY/z": 0}}, true},
		"rise":    {bounds{"./a": {"BenchmarkX": 6, "BenchmarkY/z": 0}}, false},
		"missing": {bounds{"./a": {"BenchmarkX": 5}}, false},
	} {
		if err := compare(allowed, tt.measured); (err == nil) != tt.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheTableIsReadAsItWasWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "allocs.txt")
	if err := save(path, bounds{"./a": {"BenchmarkX/y": 3}, "./b": {"BenchmarkZ": 0}}); err != nil {
		t.Fatal(err)
	}
	got, err := load(path)
	if err != nil || len(got) != 2 || got["./a"]["BenchmarkX/y"] != 3 || got["./b"]["BenchmarkZ"] != 0 {
		t.Errorf("%v, %v", got, err)
	}
	for _, text := range []string{"./a BenchmarkX", "./a BenchmarkX many"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := load(path); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

func TestABenchmarksLineIsUnderstood(t *testing.T) {
	m := result.FindStringSubmatch("BenchmarkDecode/fast-2         \t   36136\t     50356 ns/op\t 111.01 MB/s\t   20816 B/op\t       5 allocs/op")
	if m == nil || m[1] != "BenchmarkDecode/fast" || m[2] != "5" {
		t.Errorf("%q", m)
	}
}
