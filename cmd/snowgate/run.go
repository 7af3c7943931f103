package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"slices"
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
  alert test     send a test message to every one of alerts.webhooks
  audit verify   walk the call log's hash chains; exit code 1 names the first row that was changed or is missing
  audit export   write the call log as CSV or JSON lines
  check-config   print the configuration in force, secrets masked, or every complaint about it
  codes          list every error a client can be told
  driver test    ask a live ERP what it can do through its driver, and how slow it is; it reads only
  keys new       print a new key for seal.keys
  keys reseal    seal everything kept in Redis by the first of seal.keys, so that older ones can go
  migrate        bring the database's schema up to date
  version        print the version
  help           print this text

Options:
  -c FILE        YAML configuration; each key is also an environment variable:
                 erp.origin is SNOWGATE_ERP__ORIGIN, and the environment wins

Without any configuration snowgate runs a sandbox on 127.0.0.1:8080 with everything embedded.
`

// command is one thing snowgate can be told to do, with the arguments behind its name.
type command func(ctx context.Context, cfg *config.Config, args []string, stdout, stderr io.Writer) error

var commands = map[string]command{
	"serve":        withoutArguments(serve),
	"check-config": withoutArguments(checkConfig),
	"migrate":      withoutArguments(migrate),
	"audit verify": auditVerify,
	"audit export": auditExport,
	"keys reseal":  withoutArguments(resealKeys),
	"alert test":   withoutArguments(testAlerts),
}

// groups are the first words of commands that have two.
var groups = []string{"alert", "audit", "driver", "keys"}

// plain are the commands that need no configuration.
var plain = map[string]func(stdout io.Writer) error{
	"help":     func(w io.Writer) error { _, err := io.WriteString(w, usage); return err },
	"codes":    gateway.PrintCatalogue,
	"keys new": printNewKey,
	"version": func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "snowgate %s %s %s/%s\n", buildVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
		return err
	},
}

// errUsage is what a command's error wraps when it was called wrongly.
var errUsage = errors.New("usage")

func withoutArguments(do func(ctx context.Context, cfg *config.Config, stdout, stderr io.Writer) error) command {
	return func(ctx context.Context, cfg *config.Config, args []string, stdout, stderr io.Writer) error {
		if len(args) > 0 {
			return fmt.Errorf("%w: too many arguments: %s", errUsage, strings.Join(args, " "))
		}
		return do(ctx, cfg, stdout, stderr)
	}
}

// run is the whole program: everything it needs comes in as arguments, so that a test can start it.
func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
	file, name, rest, err := parse(args)
	if err == nil && plain[name] != nil {
		err = plain[name](stdout)
	} else if err == nil && name == "driver test" {
		err = testDriver(ctx, file, rest, environ, stdout)
	} else if err == nil {
		err = runConfigured(ctx, name, file, rest, environ, stdout, stderr)
	}
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errUsage):
		_, _ = fmt.Fprintf(stderr, "snowgate: %v; see snowgate help\n", err)
		return exitUsage
	case errors.As(err, new(*config.Complaints)):
		_, _ = fmt.Fprintln(stderr, err)
		return exitUsage
	default:
		_, _ = fmt.Fprintln(stderr, "snowgate:", err)
		return exitFailure
	}
}

func runConfigured(ctx context.Context, name, file string, args, environ []string, stdout, stderr io.Writer) error {
	do, ok := commands[name]
	if !ok {
		return fmt.Errorf("%w: there is no command %q", errUsage, name)
	}
	cfg, warnings, err := config.Load(file, environ)
	for _, w := range warnings {
		_, _ = fmt.Fprintln(stderr, "warning:", w)
	}
	if err != nil {
		return err
	}
	return do(ctx, cfg, args, stdout, stderr)
}

// parse reads the options in front of the command, and the command's name, which may be of two words.
func parse(args []string) (file, name string, rest []string, err error) {
	flags := flag.NewFlagSet("snowgate", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&file, "c", "", "")
	showVersion := flags.Bool("version", false, "")
	switch err = flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return file, "help", nil, nil
	case err != nil:
		return file, "", nil, fmt.Errorf("%w: %w", errUsage, err)
	case *showVersion:
		return file, "version", nil, nil
	case flags.NArg() == 0:
		return file, "serve", nil, nil
	}
	name, rest = flags.Arg(0), flags.Args()[1:]
	if slices.Contains(groups, name) && len(rest) > 0 {
		name, rest = name+" "+rest[0], rest[1:]
	}
	return file, name, rest, nil
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
