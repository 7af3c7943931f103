package config

import (
	"fmt"
	"slices"
	"strings"
)

// prefix opens the name of every environment variable of ours; two underscores stand between levels.
const prefix = "SNOWGATE_"

// readEnvironment reads the variables of environ ("NAME=value") that name a key. An unknown SNOWGATE_ variable is only
// a warning: Kubernetes injects such names for a service called snowgate. An empty variable counts as not given, as
// compose files pass empty ones for whatever the operator left out.
func readEnvironment(environ []string, keys []key) (layer, []string) {
	paths := variablePaths(keys)
	found := layer{}
	var warnings []string
	for _, assignment := range environ {
		name, text, _ := strings.Cut(assignment, "=")
		if !strings.HasPrefix(name, prefix) {
			continue
		}
		path, known := paths[name]
		switch {
		case !known:
			warnings = append(warnings, unknownVariable(name, paths))
		case text != "":
			found[path] = setting{texts: []string{text}, from: source{"environment " + name}}
		}
	}
	slices.Sort(warnings)
	return found, warnings
}

// variablePaths maps the name of each variable to the path of its key.
func variablePaths(keys []key) map[string]string {
	paths := map[string]string{}
	for _, path := range pathsOf(keys) {
		paths[variableOf(path)] = path
	}
	return paths
}

// pathsOf lists every path that may be given, <key>_file included.
func pathsOf(keys []key) []string {
	var paths []string
	for _, k := range keys {
		paths = append(paths, k.path)
		if k.value.secret() {
			paths = append(paths, k.path+fileSuffix)
		}
	}
	return paths
}

func unknownVariable(name string, paths map[string]string) string {
	names := make([]string, 0, len(paths))
	for known := range paths {
		names = append(names, known)
	}
	slices.Sort(names)
	return fmt.Sprintf("environment %s: unknown, ignored; the nearest known one is %s", name, nearest(name, names))
}
