package erpclient

import (
	"context"
	"strconv"
)

// Approvals lists documents that need approval, as far as the identity's own account may see them. The service account
// does not ask for anybody: what it sees is the whole company's.
func (c *Client) Approvals(ctx context.Context, id Identity, q ApprovalQuery) (ApprovalPage, error) {
	return read(ctx, c, question[ApprovalPage]{
		op: "approvals", class: ClassRead, needs: CapabilityApprovals, reach: reachPerson, id: id,
		params: params(string(q.State), strconv.Itoa(q.Page), strconv.Itoa(q.PageSize)),
		ask: able("approvals", func(ctx context.Context, r ApprovalReader, a Auth) (ApprovalPage, error) {
			page, err := r.Approvals(ctx, a, q)
			page.Approvals = listed(page.Approvals)
			return page, err
		}),
	})
}

// Approval reads one document that needs approval; see Approvals for whom.
func (c *Client) Approval(ctx context.Context, id Identity, approvalID string) (Approval, error) {
	return read(ctx, c, approvalQuestion(id, approvalID, false))
}

func approvalQuestion(id Identity, approvalID string, settles bool) question[Approval] {
	return question[Approval]{
		op: "approval", class: ClassRead, needs: CapabilityApprovals, reach: reachPerson, settles: settles, id: id,
		params: params(approvalID),
		ask: able("approval", func(ctx context.Context, r ApprovalReader, a Auth) (Approval, error) {
			return r.Approval(ctx, a, approvalID)
		}),
	}
}
