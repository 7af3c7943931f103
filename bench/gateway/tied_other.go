//go:build !linux

package main

import "syscall"

// tiedToUs does nothing where the system cannot tie a process to its parent's life.
func tiedToUs() *syscall.SysProcAttr { return nil }
