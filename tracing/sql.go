package tracing

import (
	"context"
	"database/sql"
	"database/sql/driver"

	"github.com/XSAM/otelsql"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric/noop"
)

// SQL opens databases whose statements are seen as spans of the requests they belong to: the text with its placeholders,
// without what is put into them. system is the kind of database, such as mysql. Of a nil Provider it is nil.
func (p *Provider) SQL() func(system string, c driver.Connector) *sql.DB {
	if p == nil {
		return nil
	}
	spans := otelsql.SpanOptions{
		DisableErrSkip: true, OmitConnResetSession: true, OmitConnPrepare: true, OmitRows: true,
		SpanFilter: func(ctx context.Context, _ otelsql.Method, _ string, _ []driver.NamedValue) bool {
			return recording(ctx)
		},
	}
	return func(system string, c driver.Connector) *sql.DB {
		return otelsql.OpenDB(c, otelsql.WithTracerProvider(p.sdk), otelsql.WithMeterProvider(noop.NewMeterProvider()),
			otelsql.WithSpanOptions(spans), otelsql.WithAttributes(attribute.String("db.system.name", system)))
	}
}
