package main

import (
	"os"
	"regexp"
	"slices"
	"testing"
)

var (
	codeBlock = regexp.MustCompile("(?s)```.*?```")
	heading   = regexp.MustCompile(`(?m)^#+ `)
)

// TestTheChineseReadmeKeepsStep keeps: README.zh-CN.md has the same headings, level by level, and the same commands.
func TestTheChineseReadmeKeepsStep(t *testing.T) {
	read := func(name string) (headings, blocks []string) {
		text, err := os.ReadFile("../../" + name)
		if err != nil {
			t.Fatal(err)
		}
		return heading.FindAllString(codeBlock.ReplaceAllString(string(text), ""), -1), codeBlock.FindAllString(string(text), -1)
	}
	headings, blocks := read("README.md")
	chinese, theirs := read("README.zh-CN.md")
	if !slices.Equal(headings, chinese) {
		t.Errorf("headings %q and %q", headings, chinese)
	}
	if !slices.Equal(blocks, theirs) {
		t.Error("the commands differ")
	}
}

var picture = regexp.MustCompile(`!\[[^\]]+\]\(([^)]+)\)`)

// TestTheReadmesShowTheConsole keeps: both show the same pictures, which are there, and small enough for a slow line.
func TestTheReadmesShowTheConsole(t *testing.T) {
	const most = 200 << 10
	shown := func(name string) (files []string) {
		text, err := os.ReadFile("../../" + name)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range picture.FindAllStringSubmatch(string(text), -1) {
			files = append(files, found[1])
		}
		slices.Sort(files)
		return files
	}
	ours, theirs := shown("README.md"), shown("README.zh-CN.md")
	if len(ours) < 2 || !slices.Equal(ours, theirs) {
		t.Fatalf("pictures %q and %q", ours, theirs)
	}
	for _, name := range ours {
		info, err := os.Stat("../../" + name)
		if err != nil {
			t.Error(err)
		} else if info.Size() >= most {
			t.Errorf("%s has %d bytes, want less than %d", name, info.Size(), most)
		}
	}
}
