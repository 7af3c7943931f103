// Package health is the room where snowgate looks after itself: it asks every dependency how it is (Monitor), holds that
// against how real calls go (Pulse, Verdict), and keeps the rolling performance figures of the gateway's own routes and of
// the calls to the ERP (Performance, Fleet). Its subpackage alert wakes people, its subpackage board lets replicas meet.
//
// A dependency is a name and a func(context.Context) error; the package knows no ERP, no Redis and no database. It reports
// what was seen last and never probes on behalf of a reader: Snapshot and Verdicts are cheap enough for a public route. It
// never decides what a caller of the gateway sees, and never carries the text of an error outside (only its kind, see
// Failure).
//
// With a Board, replicas work together: one looks at each dependency for all, every replica counts the calls of all, and
// availability outlives a restart. Without one, or while it is out of reach, each replica does everything for itself;
// nothing waits for the Board.
package health
