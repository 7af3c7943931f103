package sql

import (
	"strings"
	"time"
)

// conditions collects what must hold in a WHERE. Columns are written here in the code; values go in as arguments.
type conditions struct {
	parts []string
	args  []any
}

func (c *conditions) add(condition string, args ...any) {
	c.parts = append(c.parts, condition)
	c.args = append(c.args, args...)
}

// equal asks for a value; an empty one asks for nothing.
func (c *conditions) equal(column, value string) {
	if value != "" {
		c.add(column+" = ?", value)
	}
}

// oneOf asks for one of the values; none ask for nothing.
func (c *conditions) oneOf(column string, values []string) {
	if len(values) == 0 {
		return
	}
	args := make([]any, len(values))
	for i, v := range values {
		args[i] = v
	}
	c.add(column+" IN (?"+strings.Repeat(",?", len(values)-1)+")", args...)
}

// between asks for from <= column < to; a zero time leaves its side open.
func (c *conditions) between(column string, from, to time.Time) {
	if !from.IsZero() {
		c.add(column+" >= ?", ceiling(from))
	}
	if !to.IsZero() {
		c.add(column+" < ?", ceiling(to))
	}
}

func (c *conditions) where() string {
	if len(c.parts) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(c.parts, " AND ")
}

// ceiling is the first whole millisecond not before t: columns keep no less, and a bound between two must not move
// down onto a row it excludes.
func ceiling(t time.Time) time.Time {
	return stamp(t.Add(time.Millisecond - 1))
}
