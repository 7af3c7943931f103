package consoletest

import (
	"os"
	"path/filepath"
	"testing"
)

// keep writes a file into artifacts/console at the repository's root.
func keep(t testing.TB, name string, content []byte) {
	t.Helper()
	folder := filepath.Join(root(t), "artifacts", "console")
	if err := os.MkdirAll(folder, 0o750); err != nil {
		t.Fatalf("keep %s: %v", name, err)
	}
	if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
		t.Fatalf("keep %s: %v", name, err)
	}
}

// root is the folder of go.mod.
func root(t testing.TB) string {
	t.Helper()
	folder, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			return folder
		}
		up := filepath.Dir(folder)
		if up == folder {
			t.Fatal("no go.mod above the tests")
		}
		folder = up
	}
}
