package tryton

import (
	"context"

	"snowgate/erpclient"
)

const (
	purchaseModel = "purchase.purchase"
	// approvalKind is what kind of document a purchase is.
	approvalKind = "purchase"
)

var purchaseFields = []string{
	"number", "state", "party.name", "description", "purchase_date", "create_date", "create_uid.name", "total_amount", "currency.code",
}

// approvalStates are where a purchase stands, in Tryton's words. A draft is not up for approval yet.
var approvalStates = map[erpclient.ApprovalState][]string{
	erpclient.ApprovalPending:  {"quotation"},
	erpclient.ApprovalApproved: {"confirmed", "processing", "done"},
	erpclient.ApprovalRejected: {"cancelled"},
}

// purchases begins a question about purchases, which are the company's own: no customer's.
func (d *Driver) purchases(ctx context.Context, a erpclient.Auth, op string) (*caller, error) {
	if a.Scope.CustomerID != "" {
		return nil, erpclient.Errorf(op, erpclient.KindForbidden, "a customer does not see purchases")
	}
	return d.on(ctx, a.Session, op)
}

// Approvals lists one page of purchases in a state, or in any of the three.
func (d *Driver) Approvals(ctx context.Context, a erpclient.Auth, q erpclient.ApprovalQuery) (erpclient.ApprovalPage, error) {
	c, err := d.purchases(ctx, a, opApprovals)
	if err != nil {
		return erpclient.ApprovalPage{}, err
	}
	wanted, ok := wantedStates(q.State)
	if !ok {
		return erpclient.ApprovalPage{}, erpclient.Errorf(opApprovals, erpclient.KindInvalid, "Tryton cannot narrow by state %q", q.State)
	}
	rows, total, err := c.page(ctx, query{
		model: purchaseModel, where: domain{oneOf("state", wanted)}, fields: purchaseFields,
	}.paged(q.Page, q.PageSize))
	if err != nil {
		return erpclient.ApprovalPage{}, err
	}
	list := make([]erpclient.Approval, 0, len(rows))
	for _, r := range rows {
		list = append(list, d.approvalOf(r))
	}
	return erpclient.ApprovalPage{Approvals: list, Total: &total}, nil
}

func wantedStates(state erpclient.ApprovalState) (raw []string, ok bool) {
	if state != "" {
		raw, ok = approvalStates[state]
		return raw, ok
	}
	for _, words := range approvalStates {
		raw = append(raw, words...)
	}
	return raw, true
}

// Approval asks for one purchase by id.
func (d *Driver) Approval(ctx context.Context, a erpclient.Auth, id string) (erpclient.Approval, error) {
	none := erpclient.Errorf(opApproval, erpclient.KindNotFound, "no such document")
	c, err := d.purchases(ctx, a, opApproval)
	if err != nil {
		return erpclient.Approval{}, err
	}
	n, ok := recordID(id)
	if !ok {
		return erpclient.Approval{}, none
	}
	wanted, _ := wantedStates("")
	found, err := c.one(ctx, query{model: purchaseModel, where: domain{is("id", n), oneOf("state", wanted)}, fields: purchaseFields})
	if err != nil {
		return erpclient.Approval{}, err
	}
	if found == nil {
		return erpclient.Approval{}, none
	}
	return d.approvalOf(*found), nil
}

// approvalOf is a document whose title is its description, or else whom it buys from.
func (d *Driver) approvalOf(r row) erpclient.Approval {
	found := erpclient.Approval{
		ID: r.id("id"), Kind: approvalKind, No: numberOf(r), Title: r.text("description"), Applicant: r.to("create_uid").text("name"),
		Amount: r.decimal("total_amount"), Currency: r.to("currency").text("code"), Date: r.day("purchase_date"), RawState: r.text("state"),
	}
	if found.Title == "" {
		found.Title = r.to("party").text("name")
	}
	if found.Date == "" { // Tryton sets it with the confirmation
		found.Date = r.moment("create_date", d.zone).Day()
	}
	for state, words := range approvalStates {
		for _, word := range words {
			if word == found.RawState {
				found.State = state
			}
		}
	}
	return found
}

// Decide presses confirm or cancel, once. In another state than quotation either does nothing, and says so to nobody;
// pressed at the same time by several, measured, confirm made four deliveries of one. Both are why the caller holds a lock
// on the document and reads it again.
func (d *Driver) Decide(ctx context.Context, a erpclient.Auth, id string, approve bool) error {
	c, err := d.purchases(ctx, a, opDecide)
	if err != nil {
		return untouched(err)
	}
	n, ok := recordID(id)
	if !ok {
		return erpclient.Errorf(opDecide, erpclient.KindNotFound, "no such document")
	}
	button := "cancel"
	if approve {
		button = "confirm"
	}
	_, err = c.press(ctx, purchaseModel, button, n)
	return err
}
