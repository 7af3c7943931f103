package snowbeasts

import (
	"context"

	"snowgate/erpclient"
	"snowgate/erpclient/wire"
)

// The actions of updateBusiness. That 1 creates a record is a guess; 2 was seen to change one.
const (
	actionCreate = 1
	actionChange = 2
)

// updateRequest is the body of updateBusiness.
type updateRequest struct {
	AppName   string         `json:"appName"`
	FormID    any            `json:"formId"`
	Condition map[string]any `json:"condition"`
	Action    int            `json:"action"`
	ID        string         `json:"id,omitempty"`
	Data      map[string]any `json:"data"`
}

// values are a record's new values by the gateway's names. Those for which the installation has no column are left out.
type values map[string]any

func (f *form) data(given values) map[string]any {
	data := map[string]any{}
	for field, v := range given {
		if f.has(field) {
			data[f.columns[field]] = v
		}
	}
	return data
}

// create makes a record of q's form, and returns what the ERP tells of it.
func (d *Driver) create(ctx context.Context, s erpclient.Session, q question, given values) (made, error) {
	return d.update(ctx, s, q, updateRequest{Action: actionCreate, Data: q.form.data(given)})
}

func (d *Driver) update(ctx context.Context, s erpclient.Session, q question, req updateRequest) (made, error) {
	req.AppName, req.FormID, req.Condition = d.appName, q.form.id, map[string]any{}
	q.writes, q.otherwise = true, erpclient.KindInvalid
	got, err := ask(ctx, d, s, q, "updateBusiness", req, decode[made])
	if err != nil {
		return made{}, err
	}
	if yes, _ := got.Success.flag(); !yes {
		return made{}, erpclient.Errorf(q.op, erpclient.KindOutcomeUnknown, "the answer does not say that it was done")
	}
	got.Data.row = row{q.form, got.Data.record.fields, d.zone, d.drift(q), nil}
	return got.Data, nil
}

// made is what updateBusiness tells of a record, of which nothing is known: the record, some of its fields, its id alone,
// or nothing.
type made struct {
	record record
	bare   value
	row    row
}

// UnmarshalJSON takes any JSON.
func (m *made) UnmarshalJSON(b []byte) error {
	if err := m.bare.UnmarshalJSON(b); err != nil {
		return err
	}
	return m.record.UnmarshalJSON(b)
}

// id is the record's, "" where the ERP does not tell it.
func (m made) id() string {
	if m.record.kind == wire.Object {
		return m.row.id("id")
	}
	return m.bare.id()
}
