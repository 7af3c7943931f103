package sql

import (
	"regexp"
	"strings"
)

// Rows of sessions, bindings, messages and writes are states, and states of one key come from several replicas in any order.
// Merging keeps the same one whatever the order: an end outlives everything, among equals the later change counts. A
// row without a time of change, from a version that did not know it, counts as later than what is there.

// offered finds @column, the offered value, in an assignment.
var offered = regexp.MustCompile(`@(\w+)`)

// later holds when the offered state is not older than the one that is there.
const later = `(updated_at IS NULL OR @updated_at IS NULL OR @updated_at >= updated_at)`

// supersedes holds when the offered state takes the place of the one that is there; flag is the column that an end
// sets to 0 for good.
func supersedes(flag string) string {
	return strings.ReplaceAll(`(FLAG > @FLAG OR FLAG = @FLAG AND `+later+`)`, "FLAG", flag)
}

// when is the assignment of a value under a condition.
func when(condition, column, value string) string {
	return column + " = CASE WHEN " + condition + " THEN " + value + " ELSE " + column + " END"
}

// touch moves the time of change with the state.
func touch(condition string) string {
	return when(condition, "updated_at", "COALESCE(@updated_at, updated_at)")
}

// end lets a flag go from 1 to 0 only.
func end(flag string) string { return flag + " = (" + flag + " AND @" + flag + ")" }

// fill gives a text that was not known its value, once.
func fill(column string) string { return when(column+" = ''", column, "@"+column) }
