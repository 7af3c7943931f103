package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// readFile reads the YAML file into a layer. It walks the nodes rather than decoding into a map, because the nodes
// keep the text as written and the line, and show a key that is given twice. It says false when the file as a whole
// cannot be read.
func readFile(path string, complaints *Complaints) (layer, bool) {
	f := fileReader{name: filepath.Base(path), layer: layer{}, complaints: complaints}
	content, err := os.ReadFile(path)
	if err != nil {
		complaints.add("", source{path}, "cannot read the file: %s", reason(err))
		return nil, false
	}
	root, err := parseYAML(content)
	if err != nil {
		complaints.add("", source{f.name}, "%s", err)
		return nil, false
	}
	if root != nil {
		f.section("", root)
	}
	return f.layer, root == nil || root.Kind == yaml.MappingNode
}

// parseYAML returns the root of the only document, nil when there is none.
func parseYAML(content []byte) (*yaml.Node, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	var document, second yaml.Node
	err := decoder.Decode(&document)
	if errors.Is(err, io.EOF) {
		return nil, nil // an empty file is no mistake and has no root
	}
	if err != nil {
		return nil, yamlError(err)
	}
	if err := decoder.Decode(&second); !errors.Is(err, io.EOF) {
		return nil, errors.New("holds more than one YAML document, or something that is not YAML after the first")
	}
	return document.Content[0], nil
}

var yamlLine = regexp.MustCompile(`line (\d+)`)

// yamlError keeps only the line of a YAML error: its text may quote a piece of a secret.
func yamlError(err error) error {
	if strings.Contains(err.Error(), "unknown anchor") {
		return errors.New("is not YAML: a value begins with *; put it in quotes")
	}
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		return fmt.Errorf("is not YAML, see line %s", m[1])
	}
	return errors.New("is not YAML")
}

// reason is the system's word for a failed file operation, without the path, which the complaint shows already.
func reason(err error) string {
	var failed *fs.PathError
	if errors.As(err, &failed) {
		return failed.Err.Error()
	}
	return err.Error()
}

type fileReader struct {
	name       string
	layer      layer
	complaints *Complaints
}

func (f fileReader) at(n *yaml.Node) source { return source{f.name + ":" + strconv.Itoa(n.Line)} }

// section reads the keys of one mapping.
func (f fileReader) section(path string, n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		f.complaints.add(path, f.at(n), "must be a section of keys, not %s", kindName(n))
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, child := n.Content[i].Value, n.Content[i+1]
		if path != "" {
			name = path + "." + name
		}
		f.entry(name, child)
	}
}

// entry reads one key: a section, a list or a text. A key without a value counts as not given.
func (f fileReader) entry(path string, n *yaml.Node) {
	switch {
	case n.Kind == yaml.AliasNode:
		f.complaints.add(path, f.at(n), "is a YAML alias (*name); write the value out, or in quotes if it begins with *")
	case n.Kind == yaml.MappingNode:
		f.section(path, n)
	case n.Kind == yaml.SequenceNode:
		f.list(path, n)
	case n.ShortTag() != "!!null":
		f.put(path, setting{texts: []string{n.Value}, from: f.at(n)})
	}
}

func (f fileReader) list(path string, n *yaml.Node) {
	texts := make([]string, 0, len(n.Content))
	for _, item := range n.Content {
		if item.Kind != yaml.ScalarNode {
			f.complaints.add(path, f.at(item), "must be a list of texts; put entries that hold ': ' or begin with a sign in quotes")
			return
		}
		texts = append(texts, item.Value)
	}
	f.put(path, setting{texts: texts, isList: true, from: f.at(n)})
}

func (f fileReader) put(path string, s setting) {
	if first, twice := f.layer[path]; twice {
		f.complaints.add(path, s.from, "is given twice, first at %s", first.from)
		return
	}
	f.layer[path] = s
}

func kindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias"
	}
	return "a single value"
}
