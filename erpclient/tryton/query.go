package tryton

import (
	"context"
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"snowgate/erpclient"
	"snowgate/erpclient/wire"
)

// domain is Tryton's way to say which records are meant: clauses that all have to hold.
type domain []any

func clause(field, operator string, v any) []any { return []any{field, operator, v} }

func is(field string, v any) []any { return clause(field, "=", v) }

func oneOf[T any](field string, values []T) []any { return clause(field, "in", values) }

// either holds where one of the clauses does.
func either(clauses ...any) []any { return append([]any{"OR"}, clauses...) }

// ofLine is a clause about a record whose origin is a line of an order; path goes on from the line.
func ofLine(path string, v any) []any { return []any{path, "=", v, "sale.line"} }

// like has text found anywhere, whatever its case. What the operator takes for wildcards is meant as it is.
func like(field, text string) []any {
	return clause(field, "ilike", "%"+strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text)+"%")
}

// narrowed is the domain within a scope; field is whose the record is.
func (d domain) narrowed(scope erpclient.Scope, field string, target ...any) domain {
	if scope.CustomerID == "" {
		return d
	}
	party, _ := recordID(scope.CustomerID) // 0 is nobody's, so that a scope that names no party finds nothing
	return append(d[:len(d):len(d)], append([]any{field, "=", party}, target...))
}

// recordID reads an id. Tryton's are 32-bit: it fails inside over larger ones.
func recordID(id string) (int64, bool) {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil || n <= 0 || n > math.MaxInt32 {
		return 0, false
	}
	return n, true
}

// formatID writes an id as the rest of the house knows it.
func formatID(n int64) string { return strconv.FormatInt(n, 10) }

// query is a search for records.
type query struct {
	model         string
	where         domain
	order         []any // the id comes last by itself: without it equal dates change places between pages
	fields        []string
	offset, limit int // limit is required: without one Tryton sends everything
	extra         map[string]any
}

func by(field, direction string) []any { return []any{field, direction} }

// rows are the records that a query finds.
func (c *caller) rows(ctx context.Context, q query) ([]row, error) {
	order := append(q.order[:len(q.order):len(q.order)], by("id", "DESC"))
	result, err := c.search(ctx, "model."+q.model+".search_read", q.domain(), q.offset, q.limit, order, q.fields, c.contextOf(q))
	if err != nil {
		return nil, err
	}
	rows, ok := rowsOf(result, q.model, c.drift)
	if !ok {
		c.drift.report(q.model, wire.Array, wire.TypeOf(result))
		return nil, erpclient.Errorf(c.op, erpclient.KindBadAnswer, "the answer has no list")
	}
	return rows, nil
}

// one is the only record that a query can find, nil where it finds none.
func (c *caller) one(ctx context.Context, q query) (*row, error) {
	q.limit = 1
	rows, err := c.rows(ctx, q)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return &rows[0], nil
}

// count is how many records a query would find without its limit.
func (c *caller) count(ctx context.Context, q query) (int, error) {
	result, err := c.search(ctx, "model."+q.model+".search_count", q.domain(), c.contextOf(q))
	if err != nil {
		return 0, err
	}
	var n int
	if wire.TypeOf(result) != wire.Number || json.Unmarshal(result, &n) != nil {
		c.drift.report(q.model+".count", wire.Number, wire.TypeOf(result))
		return 0, erpclient.Errorf(c.op, erpclient.KindBadAnswer, "the answer has no number")
	}
	return n, nil
}

// page is a query's rows and how many there are on all pages, asked for side by side.
func (c *caller) page(ctx context.Context, q query) (rows []row, total int, err error) {
	err = sideBySide(ctx,
		func(ctx context.Context) (err error) { rows, err = c.rows(ctx, q); return err },
		func(ctx context.Context) (err error) { total, err = c.count(ctx, q); return err },
	)
	return rows, total, err
}

// sideBySide asks at the same time; the first failure is the one that is told.
func sideBySide(ctx context.Context, parts ...func(context.Context) error) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, part := range parts {
		group.Go(func() error { return part(ctx) })
	}
	return group.Wait()
}

// domain is never null in JSON.
func (q query) domain() domain {
	if q.where == nil {
		return domain{}
	}
	return q.where
}

func (c *caller) contextOf(q query) map[string]any {
	all := c.context()
	for key, v := range q.extra {
		all[key] = v
	}
	return all
}

// Pages of lists.
const (
	defaultPageSize = 20
	maxPageSize     = 1000
)

// paged is a page that counts from 1, as offset and limit.
func (q query) paged(page, size int) query {
	if size <= 0 {
		size = defaultPageSize
	}
	q.limit = min(size, maxPageSize)
	q.offset = (max(page, 1) - 1) * q.limit
	return q
}
