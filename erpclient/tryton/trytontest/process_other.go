//go:build !linux

package trytontest

import "syscall"

// tiedToUs keeps Ctrl-C at a terminal from trytond. Only Linux can tie its life to ours.
func tiedToUs() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
