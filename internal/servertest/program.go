package servertest

import (
	"fmt"
	"os/exec"
)

// program finds a server's program. Debian puts servers into /usr/sbin, which is not on every user's PATH. The error
// matches exec.ErrNotFound.
func program(name string) (string, error) {
	for _, candidate := range []string{name, "/usr/sbin/" + name, "/usr/local/sbin/" + name} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("servertest: %s: %w", name, exec.ErrNotFound)
}
