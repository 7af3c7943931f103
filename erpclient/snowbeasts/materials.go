package snowbeasts

import (
	"context"

	"snowgate/erpclient"
	"snowgate/erpclient/wire"
)

// formContext is the condition that names the order whose lines are wanted.
const formContext = "form.id"

// Materials asks for all lines of an order. Rows that say they are of another order or another customer are dropped;
// rows that do not say are taken to be what was asked for.
func (d *Driver) Materials(ctx context.Context, a erpclient.Auth, orderID string) ([]erpclient.Material, error) {
	req := d.listRequest(d.forms.lines)
	req.Condition[formContext] = orderID
	read := once(func(m erpclient.Material) string { return m.ID }, func(r row) (erpclient.Material, verdict) {
		m, v := readMaterial(r, a.Scope)
		if v == keep && m.OrderID != "" && m.OrderID != orderID {
			r.mismatch("orderId", "the order asked for", "another")
			return m, skip
		}
		m.OrderID = orderID
		return m, v
	})
	return listAll(ctx, d, a.Session, d.lineQuestion(opMaterials, erpclient.KindBadAnswer), req, maxLinePages, read)
}

func (d *Driver) lineQuestion(op string, otherwise erpclient.Kind) question {
	return question{op: op, form: d.forms.lines, otherwise: otherwise}
}

// Material asks for one line by id. Whether lines can be narrowed by id is not known of every installation, so where
// the list does not have it the record itself is asked for. Another customer's is KindNotFound, and so is, inside a
// scope, a line that tells neither its customer nor its order.
func (d *Driver) Material(ctx context.Context, a erpclient.Auth, id string) (erpclient.Material, error) {
	if id == "" {
		return erpclient.Material{}, noMaterial()
	}
	m, found, err := d.listedMaterial(ctx, a, id)
	if err == nil && !found {
		m, err = d.materialRecord(ctx, a, id)
	}
	if err != nil {
		return erpclient.Material{}, err
	}
	if a.Scope.CustomerID != "" && m.CustomerID == "" && m.OrderID == "" {
		return erpclient.Material{}, noMaterial()
	}
	return m, nil
}

func noMaterial() error {
	return erpclient.Errorf(opMaterial, erpclient.KindNotFound, "no such material")
}

// listedMaterial finds the line in a list narrowed by id. A line that is there but another customer's is NotFound.
func (d *Driver) listedMaterial(ctx context.Context, a erpclient.Auth, id string) (m erpclient.Material, found bool, err error) {
	req := d.listRequest(d.forms.lines)
	req.Filters[d.forms.lines.columns["id"]] = []string{id}
	p, err := d.list(ctx, a.Session, d.lineQuestion(opMaterial, erpclient.KindNotFound), req)
	if err != nil {
		return m, false, err
	}
	foreign := false
	lines, err := readRows(d, p, func(r row) (erpclient.Material, verdict) {
		if r.has("id") && r.id("id") != id {
			return erpclient.Material{}, skip
		}
		line, v := readMaterial(r, a.Scope)
		foreign = foreign || v == skip
		return line, v
	})
	switch {
	case err != nil:
		return m, false, err
	case len(lines) > 0:
		return lines[0], true, nil
	case foreign:
		return m, false, noMaterial()
	default:
		return m, false, nil
	}
}

// recordRequest is the body of getBusiness.
type recordRequest struct {
	AppName   string         `json:"appName"`
	FormID    any            `json:"formId"`
	Condition map[string]any `json:"condition"`
	ID        string         `json:"id"`
}

func (d *Driver) materialRecord(ctx context.Context, a erpclient.Auth, id string) (erpclient.Material, error) {
	q := d.lineQuestion(opMaterial, erpclient.KindNotFound)
	got, err := ask(ctx, d, a.Session, q, "getBusiness",
		recordRequest{AppName: d.appName, FormID: d.forms.lines.id, Condition: map[string]any{}, ID: id}, decode[record])
	if err != nil {
		return erpclient.Material{}, err
	}
	if got.Data.kind == wire.Null {
		return erpclient.Material{}, noMaterial()
	}
	return d.readMaterialRecord(got.Data, q, a.Scope, id)
}

// readMaterialRecord believes a record only when it is the one that was asked for.
func (d *Driver) readMaterialRecord(rec record, q question, scope erpclient.Scope, id string) (erpclient.Material, error) {
	p := &page{q: q, rows: []record{rec}, drift: d.drift(q)}
	if rec.kind == "" {
		p.drift.report("data", wire.Object, "missing")
		return erpclient.Material{}, erpclient.Errorf(q.op, erpclient.KindBadAnswer, "the answer has no data")
	}
	lines, err := readRows(d, p, func(r row) (erpclient.Material, verdict) { return readMaterial(r, scope) })
	if err != nil {
		return erpclient.Material{}, err
	}
	if len(lines) == 0 || lines[0].ID != id {
		return erpclient.Material{}, noMaterial()
	}
	return lines[0], nil
}

func readMaterial(r row, scope erpclient.Scope) (erpclient.Material, verdict) {
	if !r.has("id") {
		return erpclient.Material{}, broken
	}
	if owner := r.value("customerId"); !owner.empty() && !r.admitted(scope) {
		return erpclient.Material{}, skip
	}
	status, _ := r.status("status")
	return erpclient.Material{
		ID: r.id("id"), OrderID: r.id("orderId"), CustomerID: r.id("customerId"),
		Code: r.text("code"), Name: r.text("name"), Spec: r.text("spec"), Unit: r.text("unit"),
		Quantity: r.decimal("quantity"), ProducedQuantity: r.decimal("producedQuantity"),
		ProducingQuantity: r.decimal("producingQuantity"), ShippedQuantity: r.decimal("shippedQuantity"),
		Status: status.state, StatusText: status.text, DeliveryDate: r.day("deliveryDate"),
	}, keep
}
