package deploytest

import "syscall"

// tiedToUs lets a program die with the test run, however that ends.
func tiedToUs() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
