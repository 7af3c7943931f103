package snowbeasts

import (
	"context"

	"snowgate/erpclient"
)

// findByReference finds the record with a reference of ours. NotFound is taken for proof that nothing was written, so it
// is said only of an empty list: one with other records in it was not narrowed, and hides who knows what.
func findByReference[T any](ctx context.Context, d *Driver, a erpclient.Auth, q question, reference string, read func(row) (T, verdict)) (T, error) {
	var none T
	if reference == "" {
		return none, erpclient.Errorf(q.op, erpclient.KindInvalid, "no reference")
	}
	req := d.listRequest(q.form)
	req.Filters[q.form.columns["reference"]] = reference
	p, err := d.list(ctx, a.Session, q, req)
	if erpclient.KindOf(err) == erpclient.KindNotFound { // of a form or a column, not of a record
		return none, erpclient.Errorf(q.op, erpclient.KindBadAnswer, "the list was refused: %w", err)
	}
	if err != nil {
		return none, err
	}
	found, err := readRows(d, p, func(r row) (T, verdict) {
		if r.value("reference").text() != reference {
			r.mismatch("reference", "the one asked for", "another")
			return none, skip
		}
		return read(r)
	})
	switch {
	case err != nil:
		return none, err
	case len(found) > 0:
		return found[0], nil
	case len(p.rows) > 0 || p.total != nil && *p.total > 0:
		return none, erpclient.Errorf(q.op, erpclient.KindBadAnswer, "the list is not narrowed to the reference")
	default:
		return none, erpclient.Errorf(q.op, erpclient.KindNotFound, "nothing has this reference")
	}
}
