package config

import (
	"os"
	"strings"
)

// fileSuffix turns a secret's key into the key of a file that holds the secret.
const fileSuffix = "_file"

// source is where a value came from; the zero value stands for the default.
type source struct{ name string }

func (s source) isSet() bool { return s.name != "" }

func (s source) String() string {
	if !s.isSet() {
		return "default"
	}
	return s.name
}

// setting is what one layer says about one key: the texts as they were written, so that 0010 stays 0010 and a
// password of digits stays itself.
type setting struct {
	texts  []string
	isList bool // written as a list; otherwise texts holds one text, which may hold a list separated by commas
	from   source
}

// layer is the file or the environment: settings by key path, <key>_file included.
type layer map[string]setting

// find returns what the layer says about a key, by itself or through <key>_file.
func (l layer) find(k key, complaints *Complaints) (setting, bool) {
	direct, given := l[k.path]
	indirect, byFile := setting{}, false
	if k.value.secret() {
		indirect, byFile = l[k.path+fileSuffix]
	}
	switch {
	case given && byFile:
		complaints.add(k.path, direct.from, "is given twice, also as %s%s (%s)", k.path, fileSuffix, indirect.from)
		return setting{}, false
	case byFile:
		return indirect.read(k.path, complaints)
	}
	return direct, given
}

// read replaces the name of a file by its trimmed content.
func (s setting) read(path string, complaints *Complaints) (setting, bool) {
	if s.isList {
		complaints.add(path+fileSuffix, s.from, "must be the name of one file")
		return setting{}, false
	}
	content, err := os.ReadFile(s.texts[0])
	if err != nil {
		complaints.add(path+fileSuffix, s.from, "cannot read the file: %s", reason(err))
		return setting{}, false
	}
	return setting{texts: []string{strings.TrimSpace(string(content))}, from: s.from}, true
}

// items splits a single text at commas and line ends when a list is wanted; a written list is taken as it is.
func (s setting) items(list bool) []string {
	if !list || s.isList {
		return s.texts
	}
	var items []string
	for _, item := range strings.FieldsFunc(s.texts[0], func(r rune) bool { return r == ',' || r == '\n' || r == '\r' }) {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}
