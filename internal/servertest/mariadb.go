package servertest

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"

	_ "github.com/go-sql-driver/mysql" // the driver "mysql"
)

// initSQL is run by every start, before the first connection, so a copied data folder needs no set-up run of its own.
const initSQL = `CREATE DATABASE IF NOT EXISTS snowgate CHARACTER SET utf8mb4;
CREATE USER IF NOT EXISTS u@'127.0.0.1' IDENTIFIED BY 'test';
GRANT ALL ON *.* TO u@'127.0.0.1';
`

// smallLog keeps a data folder at 25 MB; with the default log it has 114.
const smallLog = "--innodb-log-file-size=8M"

// LaunchMariaDB starts a mariadbd outside a test; the caller must Close it. The error matches exec.ErrNotFound where
// mariadbd is not installed.
func LaunchMariaDB() (*Process, error) {
	server, err := program("mariadbd")
	if err != nil {
		return nil, err
	}
	template, err := dataTemplate(server)
	if err != nil {
		return nil, err
	}
	return launch("", func(dir string, port int) (*Process, error) { return prepareMariaDB(server, template, dir, port) })
}

func prepareMariaDB(server, template, dir string, port int) (*Process, error) {
	data, start := filepath.Join(dir, "data"), filepath.Join(dir, "init.sql")
	if err := os.CopyFS(data, os.DirFS(template)); err != nil {
		return nil, err
	}
	if err := os.WriteFile(start, []byte(initSQL), 0o600); err != nil {
		return nil, err
	}
	address := fmt.Sprintf("127.0.0.1:%d", port)
	dsn := "u:test@tcp(" + address + ")/snowgate?timeout=1s&readTimeout=1s&writeTimeout=1s"
	return &Process{
		name: "mariadb", dir: dir, port: port,
		argv: append([]string{
			server, "--no-defaults", "--datadir=" + data, "--init-file=" + start, smallLog,
			"--port=" + strconv.Itoa(port), "--bind-address=127.0.0.1", "--skip-name-resolve",
			"--socket=" + filepath.Join(dir, "s.sock"), "--pid-file=" + filepath.Join(dir, "pid"),
		}, asRoot()...),
		url:  "mysql://u:test@" + address + "/snowgate",
		ping: func(ctx context.Context) error { return ping(ctx, dsn) },
	}, nil
}

// ping asks on a connection of its own: one that is kept across Kill would answer for the dead.
func ping(ctx context.Context, dsn string) error {
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		return err
	}
	return errors.Join(db.PingContext(ctx), db.Close())
}

// asRoot is what mariadbd and its installer want to hear before they run as root.
func asRoot() []string {
	if os.Geteuid() == 0 {
		return []string{"--user=root"}
	}
	return nil
}

// dataTemplate returns a folder with the system tables, made once per machine and version of the server: making one
// takes seconds, copying it a tenth of one. Test binaries of several packages run at the same time, hence the lock.
func dataTemplate(server string) (string, error) {
	version, err := exec.Command(server, "--version").Output()
	if err != nil {
		return "", fmt.Errorf("servertest: mariadbd --version: %w", err)
	}
	sum := sha256.Sum256(version)
	path := filepath.Join(os.TempDir(), fmt.Sprintf("snowgate-mariadb-%d-%s", os.Geteuid(), hex.EncodeToString(sum[:6])))
	unlock, err := LockFile(path + ".lock")
	if err != nil {
		return "", fmt.Errorf("servertest: data template: %w", err)
	}
	defer unlock()
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	return path, makeTemplate(path)
}

// makeTemplate fills a folder beside path and renames it, so that path is never half a template.
func makeTemplate(path string) error {
	installer, err := program("mariadb-install-db")
	if err != nil {
		return err
	}
	half := path + ".half"
	if err := os.RemoveAll(half); err != nil {
		return err
	}
	args := append([]string{
		"--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db", "--datadir=" + half, smallLog,
	}, asRoot()...)
	if out, err := exec.Command(installer, args...).CombinedOutput(); err != nil {
		return errors.Join(fmt.Errorf("servertest: mariadb-install-db: %w:\n%s", err, out), os.RemoveAll(half))
	}
	return os.Rename(half, path)
}

// LockFile waits for an exclusive lock between processes; the kernel frees it should we die.
func LockFile(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() { _ = f.Close() }, nil // closing unlocks
}
