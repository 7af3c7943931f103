package servertest

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
)

// tiedToUs lets the server die with us even when we are killed, and keeps it out of our process group, so that Ctrl-C
// at a terminal ends the tests first.
func tiedToUs() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// isStopped reads the state of a process, the field after the name in parentheses (proc(5)).
func isStopped(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	_, state, found := bytes.Cut(stat, []byte(") "))
	return found && state[0] == 'T'
}
