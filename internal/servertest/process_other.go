//go:build !linux

package servertest

import "syscall"

// tiedToUs keeps the server out of our process group. Only Linux can tie its life to ours; elsewhere a killed test
// run leaves its servers behind.
func tiedToUs() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// isStopped takes the signal's word for it.
func isStopped(int) bool { return true }
