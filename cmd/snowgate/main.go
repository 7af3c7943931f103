// Command snowgate is a stateless gateway between a WeChat mini-program and a company's ERP.
//
// This package parses, wires and waits; it holds no logic of its own. Started without configuration it runs a sandbox
// with everything embedded.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // the static image has no zone files
)

// version is set by the linker: -ldflags "-X main.version=…".
var version = "dev"

func main() {
	useMemory()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
