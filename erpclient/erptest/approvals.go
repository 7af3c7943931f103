package erptest

import (
	"context"

	"snowgate/erpclient"
)

// waiting are the documents that the healthy ERP lists. By id it knows every other as well.
var waiting = []string{"A-1", "A-2", "A-3"}

// AnApproval is a purchase that waits for approval, or has been decided.
func (d *Driver) AnApproval(id string) erpclient.Approval {
	d.mu.Lock()
	defer d.mu.Unlock()
	a := erpclient.Approval{
		ID: id, Kind: "purchase", No: "PO-" + id, Title: "Runners", Applicant: "Zhang", Amount: "1200.00", Currency: "CNY",
		Date: "2026-01-31", State: erpclient.ApprovalPending,
	}
	if state, ok := d.decided[id]; ok {
		a.State = state
	}
	a.RawState = string(a.State)
	return a
}

// Approvals implements erpclient.ApprovalReader.
func (d *Driver) Approvals(ctx context.Context, a erpclient.Auth, q erpclient.ApprovalQuery) (erpclient.ApprovalPage, error) {
	if err := d.open(ctx, OpApprovals, a); err != nil {
		return erpclient.ApprovalPage{}, err
	}
	if d.OnApprovals != nil {
		return d.OnApprovals(ctx, a, q)
	}
	page := erpclient.ApprovalPage{Approvals: []erpclient.Approval{}}
	for _, id := range waiting {
		if doc := d.AnApproval(id); q.Page <= 1 && (q.State == "" || q.State == doc.State) {
			page.Approvals = append(page.Approvals, doc)
		}
	}
	return page, nil
}

// Approval implements erpclient.ApprovalReader.
func (d *Driver) Approval(ctx context.Context, a erpclient.Auth, id string) (erpclient.Approval, error) {
	if err := d.open(ctx, OpApproval, a); err != nil {
		return erpclient.Approval{}, err
	}
	if d.OnApproval != nil {
		return d.OnApproval(ctx, a, id)
	}
	return d.AnApproval(id), d.find(OpApproval, id)
}

// Decide implements erpclient.ApprovalDecider: what is decided stays so, and the button says nothing of it.
func (d *Driver) Decide(ctx context.Context, a erpclient.Auth, id string, approve bool) error {
	if err := d.open(ctx, OpDecide, a); err != nil {
		return err
	}
	if d.OnDecide != nil {
		return d.OnDecide(ctx, a, id, approve)
	}
	state := erpclient.ApprovalRejected
	if approve {
		state = erpclient.ApprovalApproved
	}
	d.SetApproval(id, state)
	return d.end(ctx, OpDecide)
}

// SetApproval decides a document, unless it is decided: for somebody who did so at the ERP itself.
func (d *Driver) SetApproval(id string, state erpclient.ApprovalState) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.decided == nil {
		d.decided = map[string]erpclient.ApprovalState{}
	}
	if _, before := d.decided[id]; !before {
		d.decided[id] = state
	}
}
