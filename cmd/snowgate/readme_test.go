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
