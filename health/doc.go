// Package health is the room where snowgate looks after itself: it asks every dependency how it is (Monitor), and it keeps
// the rolling performance figures of the gateway's own routes and of the calls to the ERP (Performance).
//
// A dependency is a name and a func(context.Context) error; the package knows no ERP, no Redis and no database. It reports
// what was seen last and never probes on behalf of a reader: Snapshot is cheap enough for a public route. It never decides
// what a caller of the gateway sees, never carries the text of an error outside (only its kind, see Failure), and
// remembers nothing across a restart.
package health
