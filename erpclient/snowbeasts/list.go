package snowbeasts

import (
	"context"

	"snowgate/erpclient"
	"snowgate/erpclient/wire"
)

// How many rows are asked for at once, and how many pages at most. An order with more than a thousand lines, or a
// search that matches more than five hundred deliveries, is cut there and reported as drift.
const (
	pageSize         = 100
	maxLinePages     = 10
	maxDeliveryPages = 5
)

// listRequest is the body of getBusinessPageList. Its pages count from 0.
type listRequest struct {
	AppName   string         `json:"appName"`
	FormID    any            `json:"formId"`
	Condition map[string]any `json:"condition"`
	Columns   []string       `json:"columns"`
	Page      int            `json:"page"`
	PageSize  int            `json:"pageSize"`
	Filters   map[string]any `json:"filters"`
	Orderby   string         `json:"orderby"`
}

// fulltext is the filter that finds a text in any field.
const fulltext = "systemFulltext"

func (d *Driver) listRequest(f *form) listRequest {
	return listRequest{
		AppName: d.appName, FormID: f.id, Columns: f.asked, PageSize: pageSize,
		Condition: map[string]any{}, Filters: map[string]any{},
	}
}

// narrow adds the filter that keeps the answer to one customer; customerId under condition was seen not to narrow.
func (r listRequest) narrow(column, customerID string) {
	if customerID != "" {
		r.Filters[column] = customerID
	}
}

// page is a list's answer, its shape checked, its rows unread.
type page struct {
	q     question
	rows  []record
	total *int // nil when the ERP did not tell
	drift *driftLog
	slab  *fields // that the rows are made of; nil: of nothing that is used again
}

func (d *Driver) list(ctx context.Context, s erpclient.Session, q question, req listRequest) (*page, error) {
	return d.listFrom(ctx, s, q, "getBusinessPageList", req)
}

func (d *Driver) listFrom(ctx context.Context, s erpclient.Session, q question, path string, body any) (*page, error) {
	got, err := ask(ctx, d, s, q, path, body, decodeList)
	if err != nil {
		return nil, err
	}
	return newPage(got, q, d.drift(q))
}

// newPage checks that there is a list. Null in its place is taken for an empty one only when the count is 0.
func newPage(got *answer[listData], q question, drift *driftLog) (*page, error) {
	p := &page{q: q, rows: got.Data.List, drift: drift, slab: got.Data.slab}
	if n, ok := got.Data.Count.integer(); ok && n >= 0 {
		total := int(n)
		p.total = &total
	} else if !got.Data.Count.empty() {
		drift.report("_count", wire.Number, got.Data.Count.kind)
	}
	if p.rows == nil && (p.total == nil || *p.total != 0) {
		drift.report("_dataList", wire.Array, "missing")
		return nil, erpclient.Errorf(q.op, erpclient.KindBadAnswer, "the answer has no list")
	}
	p.reportMissing()
	return p, nil
}

// enoughRows is from how many rows on the absence of a column in all of them means something: a row may leave out
// what it has no value for, and so may a few.
const enoughRows = 10

// reportMissing names the columns that were asked for and that no row has.
func (p *page) reportMissing() {
	if len(p.rows) < enoughRows {
		return
	}
	for _, column := range p.q.form.asked {
		if !p.anyHas(column) {
			p.drift.report(column, "present", "missing")
		}
	}
}

func (p *page) anyHas(column string) bool {
	for _, r := range p.rows {
		if r.fields.get(column).present() {
			return true
		}
	}
	return false
}

// listExact is listAll for questions whose answer must be whole: each record once, and NotSupported where there are more
// than can be read. It ends early when enough says so; nil: never.
func listExact[T any](ctx context.Context, d *Driver, s erpclient.Session, q question, req listRequest, maxPages int,
	read func(row) (T, verdict), enough func() bool,
) ([]T, error) {
	all, seen := []T{}, map[string]bool{}
	read = onceByID(seen, read)
	for ; req.Page < maxPages; req.Page++ {
		p, err := d.list(ctx, s, q, req)
		if err != nil {
			return nil, err
		}
		if enough == nil && p.total != nil && *p.total > maxPages*req.PageSize {
			break
		}
		before := len(seen)
		items, err := readRows(d, p, read)
		if err != nil {
			return nil, err
		}
		all = append(all, items...)
		switch {
		case p.isLast(len(seen)) || enough != nil && enough():
			return all, nil
		case len(seen) == before:
			return nil, erpclient.Errorf(q.op, erpclient.KindBadAnswer, "the same page again")
		}
	}
	return nil, erpclient.Errorf(q.op, erpclient.KindNotSupported, "more than %d rows to look through", maxPages*req.PageSize)
}

// onceByID drops records that were already seen, whatever was made of them.
func onceByID[T any](seen map[string]bool, read func(row) (T, verdict)) func(row) (T, verdict) {
	return func(r row) (T, verdict) {
		id := r.value("id").id()
		if seen[id] {
			var none T
			return none, skip
		}
		seen[id] = true
		return read(r)
	}
}

// verdict is what a row's reader says of it.
type verdict int

const (
	keep   verdict = iota
	skip           // not what was asked for
	broken         // without the fields it cannot do without
)

// readRows reads every row, once: afterwards only their number is known. One broken row is dropped; a list with nothing but
// broken rows is no answer.
func readRows[T any](d *Driver, p *page, read func(row) (T, verdict)) ([]T, error) {
	defer p.forget()
	out, bad := make([]T, 0, len(p.rows)), 0
	places := &places{known: make([]place, 0, 2*len(p.q.form.columns))}
	for i, rec := range p.rows {
		places.row(i > 0 && rec.fields.alike(p.rows[i-1].fields))
		item, v := readRow(d, p, rec, places, read)
		switch v {
		case keep:
			out = append(out, item)
		case broken:
			bad++
		}
	}
	if bad > 0 && bad == len(p.rows) {
		return nil, erpclient.Errorf(p.q.op, erpclient.KindBadAnswer, "none of %d rows can be read", bad)
	}
	return out, nil
}

// forget lets the memory of the rows' fields be used again.
func (p *page) forget() {
	clear(p.rows)
	if p.slab != nil {
		slabs.Put(p.slab)
		p.slab = nil
	}
}

func readRow[T any](d *Driver, p *page, rec record, places *places, read func(row) (T, verdict)) (T, verdict) {
	if rec.kind != wire.Object {
		p.drift.report("", wire.Object, rec.kind)
		var none T
		return none, broken
	}
	return read(row{p.q.form, rec.fields, d.zone, p.drift, places})
}

// listAll asks page after page until the list is complete, and reads it. Where the ERP tells no count, a page that is
// not full is the last.
func listAll[T any](ctx context.Context, d *Driver, s erpclient.Session, q question, req listRequest, maxPages int,
	read func(row) (T, verdict),
) ([]T, error) {
	all, seen := []T{}, 0
	for ; req.Page < maxPages; req.Page++ {
		p, err := d.list(ctx, s, q, req)
		if err != nil {
			return nil, err
		}
		items, err := readRows(d, p, read)
		if err != nil {
			return nil, err
		}
		all, seen = append(all, items...), seen+len(p.rows)
		if p.isLast(seen) {
			return all, nil
		}
	}
	d.drift(q).report("_dataList", "complete within the page limit", "more")
	return all, nil
}

func (p *page) isLast(seen int) bool {
	if len(p.rows) == 0 {
		return true
	}
	if p.total != nil {
		return seen >= *p.total
	}
	return len(p.rows) < pageSize
}

// once drops rows that were already seen: an ERP that ignores the page number sends its first page again, and a list
// may shift between two pages.
func once[T any](key func(T) string, read func(row) (T, verdict)) func(row) (T, verdict) {
	seen := map[string]bool{}
	return func(r row) (T, verdict) {
		item, v := read(r)
		if v == keep && seen[key(item)] {
			return item, skip
		}
		if v == keep {
			seen[key(item)] = true
		}
		return item, v
	}
}
