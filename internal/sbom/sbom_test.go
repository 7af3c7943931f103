package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime/debug"
	"strings"
	"testing"
)

// This test's own binary names the modules it was made of, as any does.
func TestABinaryTellsItsModules(t *testing.T) {
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var first, second bytes.Buffer
	for _, out := range []*bytes.Buffer{&first, &second} {
		if err := run([]string{"-binary", binary, "-version", "v1.2.3"}, out); err != nil {
			t.Fatal(err)
		}
	}
	if first.String() != second.String() {
		t.Error("the same binary has two bills")
	}
	var b bill
	if err := json.Unmarshal(first.Bytes(), &b); err != nil {
		t.Fatal(err)
	}
	if b.Format != "CycloneDX" || b.Spec != "1.5" || !strings.HasPrefix(b.SerialNumber, "urn:uuid:") ||
		b.Metadata.Component.PURL != "pkg:golang/snowgate@v1.2.3" {
		t.Errorf("the head is %+v", b)
	}
	var refs []string
	licences := map[string]string{}
	for _, c := range b.Components {
		refs = append(refs, c.Ref)
		for _, l := range c.Licences {
			licences[c.Name] = l.Expression
		}
	}
	if want := map[string]string{"std": "BSD-3-Clause", "github.com/google/uuid": "BSD-3-Clause"}; !reflect.DeepEqual(licences, want) {
		t.Errorf("made of %v, want %v", licences, want)
	}
	if !reflect.DeepEqual(b.Dependencies[0].DependsOn, refs) {
		t.Errorf("depends on %v, lists %v", b.Dependencies[0].DependsOn, refs)
	}
}

func TestWhatIsNoGoBinaryIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := run([]string{"-binary", path}, &out); err == nil || out.Len() > 0 {
		t.Errorf("got %v and %q", err, out.String())
	}
}

func TestAReplacedModuleIsListedAsWhatReplacesIt(t *testing.T) {
	info := &debug.BuildInfo{GoVersion: "go1.26.8", Main: debug.Module{Path: "snowgate"}, Deps: []*debug.Module{
		{Path: "example.com/A", Version: "v1.0.0", Replace: &debug.Module{Path: "example.com/B", Version: "v2.0.0", Sum: "h1:x"}},
	}}
	asked := ""
	b := billOf(info, func(path, version string) string { asked = path + " " + version; return "" })
	got := b.Components[0]
	want := component{Type: "library", Ref: "pkg:golang/example.com/B@v2.0.0", Name: "example.com/B", Version: "v2.0.0",
		PURL: "pkg:golang/example.com/B@v2.0.0", Properties: []property{{"go.sum", "h1:x"}}}
	if !reflect.DeepEqual(got, want) || asked != "example.com/B v2.0.0" {
		t.Errorf("got %+v, asked for %s", got, asked)
	}
	if b.Components[1].Ref != "pkg:golang/std@1.26.8" || b.Metadata.Component.Version != "unknown" {
		t.Errorf("got %+v", b)
	}
}

func TestIdentify(t *testing.T) {
	for text, want := range map[string]string{
		"Permission is hereby granted, free of charge,\nto any person obtaining a copy of this software and associated documentation files (the": "MIT",
		"Apache License\n   Version 2.0, January 2004\n":                           "Apache-2.0",
		"Redistributions in binary form must reproduce the above copyright notice": "BSD-2-Clause",
		"redistributions in binary form must reproduce the above copyright notice. the names of its\ncontributors may be used to endorse or promote products derived from this software without": "BSD-3-Clause",
		"All rights reserved.": "", "": "",
	} {
		if got := identify(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
	if got := escaped("github.com/BurntSushi/toml"); got != "github.com/!burnt!sushi/toml" {
		t.Errorf("escaped as %s", got)
	}
}

// Every module in the program has a licence that is known and lets it be shipped as it is.
func TestTheProgramsLicences(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{.Path}} {{.Version}}{{end}}", "snowgate/cmd/snowgate").Output()
	if err != nil {
		t.Fatal(err)
	}
	licenceOf, seen := licencesIn(moduleCache()), map[string]bool{}
	for line := range strings.Lines(string(out)) {
		path, version, _ := strings.Cut(strings.TrimSpace(line), " ")
		if version == "" || seen[path] {
			continue
		}
		seen[path] = true
		for one := range strings.SplitSeq(licenceOf(path, version), " AND ") {
			switch one {
			case "MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MPL-2.0":
			default:
				t.Errorf("%s %s is under %q", path, version, one)
			}
		}
	}
	if len(seen) < 20 {
		t.Errorf("only %d modules were looked at", len(seen))
	}
}
