package trytontest

import (
	"crypto/sha256"
	_ "embed" // the seed
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"snowgate/internal/servertest"
)

//go:embed seed.py
var seed []byte

const (
	python  = "/usr/bin/python3" // Debian's own, which has Tryton's modules
	trytond = "/usr/bin/trytond"
	admin   = "/usr/bin/trytond-admin"
)

// template returns the file of a seeded database, made once per machine, version of Tryton, seed and year (the fiscal
// year that it has books for): making one takes a minute, copying it nothing. Test binaries run at the same time, hence
// the lock. The error matches exec.ErrNotFound where Tryton is not installed.
func template() (string, error) {
	version, err := exec.Command(trytond, "--version").Output()
	if errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("trytontest: %s: %w", trytond, exec.ErrNotFound)
	}
	if err != nil {
		return "", fmt.Errorf("trytontest: trytond --version: %w", err)
	}
	sum := sha256.Sum256(append(append(version, seed...), time.Now().UTC().Format("2006")...))
	path := filepath.Join(os.TempDir(), fmt.Sprintf("snowgate-tryton-%d-%s.sqlite", os.Geteuid(), hex.EncodeToString(sum[:6])))
	unlock, err := servertest.LockFile(path + ".lock")
	if err != nil {
		return "", fmt.Errorf("trytontest: template: %w", err)
	}
	defer unlock()
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	return path, makeTemplate(path)
}

// makeTemplate builds beside path and renames, so that path is never half a database.
func makeTemplate(path string) (err error) {
	dir, err := os.MkdirTemp(inMemory(), "snowgate-tryton-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	file := filepath.Join(dir, Database+".sqlite")
	for name, content := range map[string]string{file: "", filepath.Join(dir, "password"): Passwords["admin"], filepath.Join(dir, "seed.py"): string(seed)} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			return err
		}
	}
	config, err := writeConfig(dir, 0)
	if err != nil {
		return err
	}
	for _, argv := range [][]string{
		{python, admin, "-c", config, "-d", Database, "--all", "--email", "admin@example.test"},
		{python, admin, "-c", config, "-d", Database, "--activate-dependencies", "-u", "sale", "purchase", "production", "stock", "sale_supply_production"},
		{python, "seed.py", Database, config},
	} {
		if err := execute(dir, argv); err != nil {
			return err
		}
	}
	if err := copyFile(file, path+".half"); err != nil {
		return err
	}
	return os.Rename(path+".half", path)
}

// inMemory is a folder in memory where there is one: building makes thousands of small commits.
func inMemory() string {
	const shm = "/dev/shm"
	if info, err := os.Stat(shm); err == nil && info.IsDir() {
		return shm
	}
	return ""
}

func execute(dir string, argv []string) error {
	cmd := exec.Command(argv[0], argv[1:]...) //nolint:gosec // our own command lines
	cmd.Dir, cmd.Env = dir, append(environment(dir), "TRYTONPASSFILE="+filepath.Join(dir, "password"))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("trytontest: %s: %w:\n%s", strings.Join(argv, " "), err, out[max(0, len(out)-2000):])
	}
	return nil
}

// writeConfig has trytond listen on loopback only, on its database in dir.
func writeConfig(dir string, port int) (string, error) {
	path := filepath.Join(dir, "trytond.conf")
	text := fmt.Sprintf("[web]\nlisten = 127.0.0.1:%d\nroot =\n[database]\nuri = sqlite://\npath = %s\n", port, dir)
	return path, os.WriteFile(path, []byte(text), 0o600)
}

func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, content, 0o600) //nolint:gosec // our own files
}

// environment is all that Tryton gets to see: a Python of the user's own would not find Debian's modules.
func environment(home string) []string {
	return []string{"PATH=/usr/bin:/bin:/usr/sbin:/sbin", "HOME=" + home, "LANG=C.UTF-8", "PYTHONWARNINGS=ignore"}
}
