package audit

import (
	"context"
	"errors"
)

// ErrRefused is what a Sink's error wraps when repeating the same batch is pointless: the database is there and one
// of the rows is bad. Any other error means "later", and the batch is kept.
var ErrRefused = errors.New("audit: rows refused")

// Sink takes batches to where they stay. Writing a record a second time must change nothing, for a batch whose answer
// was lost is written again. Batches of one spool come one at a time, and within one kind in the order the records were made; those that
// another process left behind may come beside them. A Sink neither changes the slice nor keeps it, and it obeys its
// context, or Close cannot keep its deadline.
type Sink interface {
	WriteCalls(ctx context.Context, calls []Call) error
	WriteSessions(ctx context.Context, changes []SessionChange) error
	WriteBindings(ctx context.Context, changes []BindingChange) error
	WriteMessages(ctx context.Context, changes []MessageChange) error
	SaveWrites(ctx context.Context, changes []WriteChange) error
	// Forget takes away what links rows to these persons.
	Forget(ctx context.Context, persons []Forgotten) error
}
