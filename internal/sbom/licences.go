package main

import (
	"go/build"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
)

// sign is a sentence that only one licence has.
type sign struct{ id, sentence string }

// signs know the licences that Go modules have. The texts are compared without line breaks and letter case. Of the BSD
// licences the third clause tells which it is.
var signs = []sign{
	{"Apache-2.0", "apache license version 2.0, january 2004"},
	{"MPL-2.0", "mozilla public license version 2.0"},
	{"MIT", "permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files"},
	{"ISC", "permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted"},
	{"BSD-3-Clause", "contributors may be used to endorse or promote products derived from this software without"},
	{"BSD-2-Clause", "redistributions in binary form must reproduce the above copyright notice"},
	{"Unlicense", "this is free and unencumbered software released into the public domain"},
	{"CC0-1.0", "cc0 1.0 universal"},
}

// identify gives the SPDX expression of a licence's text, "" for one that is not known. A file with several licences in it
// is under all of them.
func identify(text string) string {
	plain := strings.Join(strings.FieldsFunc(strings.ToLower(text), unicode.IsSpace), " ")
	plain = strings.ReplaceAll(plain, "apache license, version 2.0, january 2004", "apache license version 2.0, january 2004")
	var found []string
	for _, s := range signs {
		if strings.Contains(plain, s.sentence) && (s.id != "BSD-2-Clause" || !slices.Contains(found, "BSD-3-Clause")) {
			found = append(found, s.id)
		}
	}
	slices.Sort(found)
	return strings.Join(found, " AND ")
}

// licencesIn finds licences in a module cache.
func licencesIn(cache string) func(path, version string) string {
	return func(path, version string) string {
		return licenceAt(filepath.Join(cache, escaped(path)+"@"+escaped(version)))
	}
}

// licenceAt looks through a module's own licence file; those beside it, for what it has in a folder or took from elsewhere,
// are named differently.
func licenceAt(dir string) string {
	for _, name := range []string{"LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE", "COPYING", "COPYING.md", "UNLICENSE"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err == nil {
			return identify(string(text))
		}
	}
	return ""
}

// escaped is a path as the module cache has it: on some systems a file's name has no letter case (Go: module cache).
func escaped(path string) string {
	var b strings.Builder
	for _, r := range path {
		if unicode.IsUpper(r) {
			b.WriteByte('!')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

func moduleCache() string {
	if dir := os.Getenv("GOMODCACHE"); dir != "" {
		return dir
	}
	return filepath.Join(build.Default.GOPATH, "pkg", "mod")
}
