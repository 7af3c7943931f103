package config

import (
	"reflect"
	"strings"
)

// Again reads the configuration anew, as Load did: the same file, the files that hold secrets, and the environment of the
// process, which stays as it was. c is not changed. The warnings and the error are Load's.
func (c *Config) Again() (*Config, []string, error) { return c.again() }

// Changed lists the keys in which two configurations differ, in the order in which they are printed.
func Changed(from, to *Config) (paths []string) {
	before := from.keys()
	for i, k := range to.keys() {
		if !equal(before[i].value.raw(), k.value.raw()) {
			paths = append(paths, k.path)
		}
	}
	return paths
}

// equal takes a list without entries for one that is not there.
func equal(a, b any) bool {
	va, vb := reflect.ValueOf(a), reflect.ValueOf(b)
	if va.Kind() == reflect.Slice && va.Len() == 0 && vb.Len() == 0 {
		return true
	}
	return reflect.DeepEqual(a, b)
}

// Entry is one key with what is in force.
type Entry struct {
	Key    string
	Value  string // of a list, the entries with commas between them; secrets are masked
	Origin string // "default", "file:12" (the line) or "environment"
}

// Entries are all keys, in the order in which Print writes them.
func (c *Config) Entries() []Entry {
	var list []Entry
	for _, k := range c.keys() {
		list = append(list, Entry{k.path, strings.Join(k.value.show(), ", "), c.sources[k.path].origin()})
	}
	return list
}

// origin is the source without the file's name and the variable's: the key tells both.
func (s source) origin() string {
	switch _, line, numbered := strings.Cut(s.name, ":"); {
	case !s.isSet():
		return "default"
	case strings.HasPrefix(s.name, "environment "):
		return "environment"
	case numbered:
		return "file:" + line
	default:
		return "file"
	}
}
