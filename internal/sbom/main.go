// Command sbom writes the bill of materials of a Go binary: every module that was linked into it, with its version, its
// checksum and its licence, as CycloneDX 1.5 JSON.
//
//	sbom -binary bin/snowgate -version v1.2.3 -o bin/snowgate.cdx.json
//
// The modules are those that the binary itself names, not those of go.mod, which has tests and tools in it. Licences are
// read from the module cache. The same binary gives the same bytes: there is no date in them. It asks nobody anything.
package main

import (
	"debug/buildinfo"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("sbom", flag.ContinueOnError)
	binary := flags.String("binary", "bin/snowgate", "the binary to look into")
	version := flags.String("version", "", "its version; default what the binary says")
	out := flags.String("o", "", "file to write; default standard output")
	if err := flags.Parse(args); err != nil {
		return err
	}
	info, err := buildinfo.ReadFile(*binary)
	if err != nil {
		return err
	}
	if *version != "" {
		info.Main.Version = *version
	}
	text, err := json.MarshalIndent(billOf(info, licencesIn(moduleCache())), "", "  ")
	if err != nil {
		return err
	}
	text = append(text, '\n')
	if *out == "" {
		_, err = stdout.Write(text)
		return err
	}
	return os.WriteFile(*out, text, 0o600)
}
