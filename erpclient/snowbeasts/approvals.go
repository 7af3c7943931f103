package snowbeasts

import (
	"context"
	"maps"
	"slices"

	"snowgate/erpclient"
	"snowgate/erpclient/wire"
)

// approvalKind is what kind of document a purchase order is.
const approvalKind = "purchase"

// mayApprove refuses identities that are narrowed to a customer: purchases are the company's own.
func (d *Driver) mayApprove(op string, a erpclient.Auth) error {
	if err := d.needs(op, erpclient.CapabilityApprovals); err != nil {
		return err
	}
	if a.Scope.CustomerID != "" {
		return erpclient.Errorf(op, erpclient.KindForbidden, "a customer does not see purchases")
	}
	return nil
}

// Approvals lists one page of purchase orders in a state, or in any of the three. Drafts and whatever else there may be
// are not up for approval and left out.
func (d *Driver) Approvals(ctx context.Context, a erpclient.Auth, q erpclient.ApprovalQuery) (erpclient.ApprovalPage, error) {
	if err := d.mayApprove(opApprovals, a); err != nil {
		return erpclient.ApprovalPage{}, err
	}
	req, err := d.approvalRequest(q)
	if err != nil {
		return erpclient.ApprovalPage{}, err
	}
	p, err := d.list(ctx, a.Session, d.purchaseQuestion(opApprovals, erpclient.KindBadAnswer), req)
	if err != nil {
		return erpclient.ApprovalPage{}, err
	}
	others := false
	found, err := readRows(d, p, func(r row) (erpclient.Approval, verdict) {
		found, v := d.readApproval(r)
		if v == keep && q.State != "" && found.State != q.State {
			v = skip
		}
		others = others || v == skip
		return found, v
	})
	switch {
	case err != nil:
		return erpclient.ApprovalPage{}, err
	case others:
		return erpclient.ApprovalPage{Approvals: found}, nil
	}
	return erpclient.ApprovalPage{Approvals: found, Total: p.total}, nil
}

func (d *Driver) purchaseQuestion(op string, otherwise erpclient.Kind) question {
	return question{op: op, form: d.forms.purchases, otherwise: otherwise}
}

func (d *Driver) approvalRequest(q erpclient.ApprovalQuery) (listRequest, error) {
	req := d.listRequest(d.forms.purchases)
	req.Page, req.PageSize = max(q.Page, 1)-1, q.PageSize
	if req.PageSize <= 0 {
		req.PageSize = defaultPageSize
	}
	wanted := slices.Sorted(maps.Values(d.forms.approvals))
	if q.State != "" {
		wanted = []string{d.forms.approvals[q.State]}
	}
	if wanted[0] == "" {
		return req, erpclient.Errorf(opApprovals, erpclient.KindInvalid, "the ERP cannot narrow by state %q", q.State)
	}
	numbers := make([]any, 0, len(wanted))
	for _, v := range wanted {
		numbers = append(numbers, wire.ID(v))
	}
	req.Filters[d.forms.purchases.columns["status"]] = numbers
	return req, nil
}

// readApproval skips what is in none of the three states.
func (d *Driver) readApproval(r row) (erpclient.Approval, verdict) {
	if !r.has("id") {
		return erpclient.Approval{}, broken
	}
	raw := r.value("status").id()
	for state, v := range d.forms.approvals {
		if v == raw {
			return erpclient.Approval{
				ID: r.id("id"), Kind: approvalKind, No: r.text("no"), Title: r.text("title"), Applicant: r.text("applicant"),
				Amount: r.decimal("amount"), Currency: r.text("currency"), Date: r.day("date"), State: state, RawState: raw,
			}, keep
		}
	}
	return erpclient.Approval{}, skip
}

// Approval asks for one purchase order by id.
func (d *Driver) Approval(ctx context.Context, a erpclient.Auth, id string) (erpclient.Approval, error) {
	none := erpclient.Errorf(opApproval, erpclient.KindNotFound, "no such document")
	if err := d.mayApprove(opApproval, a); err != nil {
		return erpclient.Approval{}, err
	}
	if id == "" {
		return erpclient.Approval{}, none
	}
	req := d.listRequest(d.forms.purchases)
	req.Filters[d.forms.purchases.columns["id"]] = []string{id}
	p, err := d.list(ctx, a.Session, d.purchaseQuestion(opApproval, erpclient.KindNotFound), req)
	if err != nil {
		return erpclient.Approval{}, err
	}
	found, err := readRows(d, p, d.readApproval)
	if err != nil {
		return erpclient.Approval{}, err
	}
	for _, f := range found {
		if f.ID == id {
			return f, nil
		}
	}
	return erpclient.Approval{}, none
}

// Decide sets a purchase order's status.
func (d *Driver) Decide(ctx context.Context, a erpclient.Auth, id string, approve bool) error {
	if err := d.mayApprove(opDecide, a); err != nil {
		return err
	}
	state := erpclient.ApprovalRejected
	if approve {
		state = erpclient.ApprovalApproved
	}
	q := d.purchaseQuestion(opDecide, "")
	_, err := d.update(ctx, a.Session, q, updateRequest{
		Action: actionChange, ID: id, Data: q.form.data(values{"status": wire.ID(d.forms.approvals[state])}),
	})
	return err
}
