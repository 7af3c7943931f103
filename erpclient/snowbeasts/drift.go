package snowbeasts

import "snowgate/erpclient"

// driftLog reports what one answer has different from what was expected, each difference once: a hundred rows with
// the same odd field are one piece of news. It belongs to one call.
type driftLog struct {
	op, form string
	sink     func(erpclient.Drift)
	seen     map[erpclient.Drift]bool
}

func (d *Driver) drift(q question) *driftLog {
	return &driftLog{op: q.op, form: q.form.name, sink: d.onDrift}
}

// report names the ERP's column and the JSON types, never a value.
func (l *driftLog) report(column, want, got string) {
	path := l.form
	if column != "" {
		path += "." + column
	}
	news := erpclient.Drift{Op: l.op, Path: path, Want: want, Got: got}
	if l.sink == nil || l.seen[news] {
		return
	}
	if l.seen == nil {
		l.seen = map[erpclient.Drift]bool{}
	}
	l.seen[news] = true
	l.sink(news)
}
