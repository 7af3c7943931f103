package config

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// Print writes the configuration in force as YAML, each key with where it came from: default, file:line or the
// environment variable. Secrets are masked, of URLs only the password. The error is the writer's.
func (c *Config) Print(w io.Writer) error {
	var out bytes.Buffer
	var open []string
	for _, k := range c.keys() {
		levels := strings.Split(k.path, ".")
		sections, name := levels[:len(levels)-1], levels[len(levels)-1]
		for depth, section := range sections {
			if depth >= len(open) || open[depth] != section {
				fmt.Fprintf(&out, "%s%s:\n", indent(depth), section)
				open = append(open[:depth:depth], section)
			}
		}
		open = open[:len(sections):len(sections)]
		fmt.Fprintf(&out, "%s%s: %s  # %s\n", indent(len(sections)), name, yamlText(k.value), c.sources[k.path])
	}
	_, err := w.Write(out.Bytes())
	return err
}

func indent(depth int) string { return strings.Repeat("  ", depth) }

// yamlText writes a value on one line.
func yamlText(v value) string {
	texts := v.show()
	quoted := make([]string, len(texts))
	for i, t := range texts {
		quoted[i] = quote(t)
	}
	if v.list() {
		return "[" + strings.Join(quoted, ", ") + "]"
	}
	return strings.Join(quoted, "")
}

// plainForm is text that means itself in YAML without quotes, wherever it stands.
var plainForm = regexp.MustCompile(`^[\p{L}\p{N}/][\p{L}\p{N}_./:+-]*$`)

func quote(s string) string {
	if plainForm.MatchString(s) && !strings.HasSuffix(s, ":") {
		return s
	}
	return strconv.Quote(s)
}
