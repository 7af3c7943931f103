package config

import (
	"fmt"
	"strings"
)

// Complaint is one thing that is wrong. Its text never repeats the value of a secret.
type Complaint struct {
	Key    string // path of the key, such as erp.timeout; empty when the whole file is meant
	Source string // where the value stands: "snowgate.yaml:12" or "environment SNOWGATE_ERP__TIMEOUT"; may be empty
	Text   string
}

// String reads "erp.timeout (snowgate.yaml:12): must be ...".
func (c Complaint) String() string {
	switch {
	case c.Key == "":
		return c.Source + ": " + c.Text
	case c.Source == "":
		return c.Key + ": " + c.Text
	}
	return fmt.Sprintf("%s (%s): %s", c.Key, c.Source, c.Text)
}

// Complaints is the error of Load: everything that is wrong, at once.
type Complaints struct {
	List []Complaint
	Hint string // one closing line of advice, or empty
}

// Error gives one complaint per line.
func (c *Complaints) Error() string {
	var b strings.Builder
	noun := "complaints"
	if len(c.List) == 1 {
		noun = "complaint"
	}
	fmt.Fprintf(&b, "configuration: %d %s", len(c.List), noun)
	for _, one := range c.List {
		b.WriteString("\n  " + one.String())
	}
	if c.Hint != "" {
		b.WriteString("\n" + c.Hint)
	}
	return b.String()
}

// add notes a complaint about a key.
func (c *Complaints) add(key string, from source, format string, args ...any) {
	c.List = append(c.List, Complaint{Key: key, Source: from.name, Text: fmt.Sprintf(format, args...)})
}

// about says whether a key is complained about already, so that it is not called missing as well.
func (c *Complaints) about(key string) bool {
	for _, one := range c.List {
		if one.Key == key || one.Key == key+fileSuffix {
			return true
		}
	}
	return false
}

// oneLine flattens joined errors of another package.
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }
