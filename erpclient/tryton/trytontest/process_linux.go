package trytontest

import "syscall"

// tiedToUs lets trytond die with us even when we are killed, and keeps Ctrl-C at a terminal from it.
func tiedToUs() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
