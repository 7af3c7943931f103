package main

import "syscall"

// tiedToUs lets the gateway die with us even when we are killed, and keeps a terminal's Ctrl-C from it: we end it.
func tiedToUs() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
