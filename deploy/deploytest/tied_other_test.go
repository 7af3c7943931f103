//go:build !linux

package deploytest

import "syscall"

// tiedToUs can do nothing here: a killed test run leaves its programs behind.
func tiedToUs() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
