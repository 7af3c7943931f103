package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// bill is a CycloneDX document, as far as we fill it in (CycloneDX: specification 1.5).
type bill struct {
	Format       string       `json:"bomFormat"`
	Spec         string       `json:"specVersion"`
	SerialNumber string       `json:"serialNumber"`
	Version      int          `json:"version"`
	Metadata     metadata     `json:"metadata"`
	Components   []component  `json:"components"`
	Dependencies []dependency `json:"dependencies"`
}

type metadata struct {
	Component component `json:"component"`
}

// component is the program, a module in it, or Go's standard library.
type component struct {
	Type       string     `json:"type"`
	Ref        string     `json:"bom-ref"`
	Name       string     `json:"name"`
	Version    string     `json:"version"`
	PURL       string     `json:"purl"`
	Licences   []licence  `json:"licenses,omitempty"`
	Properties []property `json:"properties,omitempty"`
}

// licence is an SPDX expression. Where it is not known the component has none, and a reader can see that.
type licence struct {
	Expression string `json:"expression"`
}

type property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type dependency struct {
	Ref       string   `json:"ref"`
	DependsOn []string `json:"dependsOn,omitempty"`
}

// billOf lists what a binary says it was made of; licenceOf finds a module's licence, "" for none that is known.
func billOf(info *debug.BuildInfo, licenceOf func(path, version string) string) bill {
	program := componentOf("application", info.Main, "")
	program.Properties = append(program.Properties, settingsOf(info)...)
	parts := []component{standardLibrary(info.GoVersion)}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		parts = append(parts, componentOf("library", *m, licenceOf(m.Path, m.Version)))
	}
	slices.SortFunc(parts, func(a, b component) int { return strings.Compare(a.Ref, b.Ref) })
	refs := make([]string, len(parts))
	for i, p := range parts {
		refs[i] = p.Ref
	}
	b := bill{
		Format: "CycloneDX", Spec: "1.5", Version: 1, Metadata: metadata{program}, Components: parts,
		Dependencies: []dependency{{program.Ref, refs}},
	}
	b.SerialNumber = serialOf(b)
	return b
}

// componentOf names a module. Its checksum is go.sum's, which is over all its files and no checksum of one: a property, not
// one of CycloneDX' hashes.
func componentOf(kind string, m debug.Module, licenceID string) component {
	version := m.Version
	if version == "" || version == "(devel)" {
		version = "unknown"
	}
	c := component{Type: kind, Name: m.Path, Version: version, PURL: "pkg:golang/" + m.Path + "@" + version}
	c.Ref = c.PURL
	if m.Sum != "" {
		c.Properties = append(c.Properties, property{"go.sum", m.Sum})
	}
	if licenceID != "" {
		c.Licences = []licence{{licenceID}}
	}
	return c
}

func standardLibrary(version string) component {
	return componentOf("library", debug.Module{Path: "std", Version: strings.TrimPrefix(version, "go")}, "BSD-3-Clause")
}

// settingsOf are the conditions of the build that change what is in the binary.
func settingsOf(info *debug.BuildInfo) (list []property) {
	for _, s := range info.Settings {
		switch s.Key {
		case "GOOS", "GOARCH", "CGO_ENABLED", "-tags", "vcs.revision", "vcs.modified":
			list = append(list, property{"build:" + s.Key, s.Value})
		}
	}
	return list
}

// serialOf is a UUID of the content, so that the same content has the same one.
func serialOf(b bill) string {
	text, err := json.Marshal(b)
	if err != nil { // strings and lists of them always marshal
		return ""
	}
	return "urn:uuid:" + uuid.NewHash(sha256.New(), uuid.NameSpaceURL, fmt.Append(nil, string(text)), 5).String()
}
