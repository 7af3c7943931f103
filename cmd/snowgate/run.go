package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"snowgate/cmd/snowgate/config"
	"snowgate/gateway"
	"snowgate/sql"
)

// Exit codes: 0 is success, 1 a failure on the way, 2 a mistake in how snowgate was called or configured.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

const usage = `snowgate is a gateway between a WeChat mini-program and a company's ERP.

Usage:
  snowgate [-c FILE] [COMMAND]

Commands:
  serve          answer requests until interrupted (the default)
  check-config   print the configuration in force, secrets masked, or every complaint about it
  codes          list every error a client can be told
  migrate        bring the database's schema up to date
  version        print the version
  help           print this text

Options:
  -c FILE        YAML configuration; each key is also an environment variable:
                 erp.origin is SNOWGATE_ERP__ORIGIN, and the environment wins

Without any configuration snowgate runs a sandbox on 127.0.0.1:8080 with everything embedded.
`

// command is one thing snowgate can be told to do.
type command func(ctx context.Context, cfg *config.Config, stdout, stderr io.Writer) error

var commands = map[string]command{
	"serve":        serve,
	"check-config": checkConfig,
	"migrate":      migrate,
}

// run is the whole program: everything it needs comes in as arguments, so that a test can start it.
func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
	file, name, err := parse(args, stderr)
	if err != nil {
		return exitUsage
	}
	switch name {
	case "help":
		_, _ = io.WriteString(stdout, usage)
		return exitOK
	case "codes":
		if err := gateway.PrintCatalogue(stdout); err != nil {
			return exitFailure
		}
		return exitOK
	case "version":
		_, _ = fmt.Fprintf(stdout, "snowgate %s %s %s/%s\n", buildVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
		return exitOK
	}
	do, ok := commands[name]
	if !ok {
		_, _ = fmt.Fprintf(stderr, "snowgate: there is no command %q; see snowgate help\n", name)
		return exitUsage
	}
	cfg, warnings, err := config.Load(file, environ)
	for _, w := range warnings {
		_, _ = fmt.Fprintln(stderr, "warning:", w)
	}
	if err != nil {
		_, _ = fmt.Fprintln(stderr, err)
		return exitUsage
	}
	if err := do(ctx, cfg, stdout, stderr); err != nil {
		_, _ = fmt.Fprintln(stderr, "snowgate:", err)
		return exitFailure
	}
	return exitOK
}

// parse reads the options, which may stand before or behind the command.
func parse(args []string, stderr io.Writer) (file, name string, err error) {
	flags := flag.NewFlagSet("snowgate", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&file, "c", "", "")
	showVersion := flags.Bool("version", false, "")
	err = flags.Parse(args)
	if err == nil && flags.NArg() > 1 {
		name = flags.Arg(0)
		err = flags.Parse(flags.Args()[1:])
	} else if flags.NArg() == 1 {
		return file, flags.Arg(0), err
	}
	switch {
	case errors.Is(err, flag.ErrHelp):
		return file, "help", nil
	case err == nil && flags.NArg() > 0:
		err = fmt.Errorf("too many arguments: %s", strings.Join(flags.Args(), " "))
	case *showVersion:
		name = "version"
	case name == "":
		name = "serve"
	}
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "snowgate: %v\n\n%s", err, usage)
	}
	return file, name, err
}

// buildVersion is the linker's, else that of the module, else "dev".
func buildVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok && version == "dev" && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return version
}

func checkConfig(_ context.Context, cfg *config.Config, stdout, _ io.Writer) error {
	return cfg.Print(stdout)
}

// migrateTimeout bounds the command; an ALTER TABLE on a log of millions of rows takes minutes.
const migrateTimeout = time.Hour

func migrate(ctx context.Context, cfg *config.Config, stdout, _ io.Writer) error {
	if cfg.SQL.DSN == "" {
		return errors.New("migrate: sql.dsn is not set")
	}
	db, err := sql.Open(string(cfg.SQL.DSN))
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	ctx, cancel := context.WithTimeout(ctx, migrateTimeout)
	defer cancel()
	applied, err := db.Migrate(ctx)
	for _, name := range applied {
		_, _ = fmt.Fprintln(stdout, "applied", name)
	}
	if err == nil && len(applied) == 0 {
		_, _ = fmt.Fprintln(stdout, "the schema is up to date")
	}
	return err
}
