package gateway

import (
	"context"
	"net/url"

	"snowgate/audit"
	"snowgate/erpclient"
)

// Approvals is what the gateway asks of the ERP about documents that need approval. Errors: *erpclient.Error, or the
// session store's.
type Approvals interface {
	Approvals(ctx context.Context, id erpclient.Identity, q erpclient.ApprovalQuery) (erpclient.ApprovalPage, error)
	// Decide approves or rejects, and returns the document as the ERP has it afterwards.
	Decide(ctx context.Context, id erpclient.Identity, approvalID string, approve bool) (erpclient.Approval, error)
}

// approvals is GET /api/approvals?state&page&pageSize.
func (s *Server) approvals(c *call) error {
	if err := c.permit(maySeeDocs); err != nil {
		return err
	}
	values, err := c.query()
	if err != nil {
		return err
	}
	q, err := approvalQuery(values)
	if err != nil {
		return err
	}
	page, err := s.deps.Approvals.Approvals(c.Request().Context(), c.identity(), q)
	if err != nil {
		return err
	}
	if page.Approvals == nil {
		page.Approvals = []erpclient.Approval{}
	}
	return c.ok(struct {
		erpclient.ApprovalPage
		Page     int `json:"page"`
		PageSize int `json:"pageSize"`
		provenance
	}{page, q.Page, q.PageSize, c.provenance()})
}

func approvalQuery(values url.Values) (q erpclient.ApprovalQuery, err error) {
	q.State = erpclient.ApprovalState(values.Get("state"))
	if q.State != "" && !q.State.Valid() {
		return q, badField.in("state")
	}
	if q.Page, err = pageNumber(values, "page", 1, maxPage); err != nil {
		return q, err
	}
	q.PageSize, err = pageNumber(values, "pageSize", defaultPageSize, maxPageSize)
	return q, err
}

// approve is POST /api/approvals/{id}/approve.
func (s *Server) approve(c *call) error { return s.decide(c, "approve", true) }

// reject is POST /api/approvals/{id}/reject.
func (s *Server) reject(c *call) error { return s.decide(c, "reject", false) }

// decide needs no Idempotency-Key: a document that is where it is wanted is left alone.
func (s *Server) decide(c *call, op string, approve bool) error {
	if err := c.permit(mayDecide); err != nil {
		return err
	}
	id, err := c.pathID()
	if err != nil {
		return err
	}
	step := audit.WriteChange{
		KeyHash: fingerprint([]string{op, id, c.id}), OpenID: s.deps.Masker.Pseudonym("openid", c.session.OpenID), SessionID: c.session.ID,
		Op: op, Reference: id, Operator: c.binding.ERPUsername, ERPUsername: c.binding.ERPUsername,
		State: "intended", RequestID: c.id, IntendedAt: c.record.start,
	}
	if err := s.deps.Log.Write(step); err != nil {
		return auditUnavailable.after(storeRetry, err)
	}
	document, err := s.deps.Approvals.Decide(c.Request().Context(), c.identity(), id, approve)
	step.State, step.ERPRecordID = "done", document.ID
	if err != nil {
		step.State, step.Error = "failed", faultFor(err).Name
		if mayHaveHappened(err) {
			step.State = "unknown"
		}
	}
	_ = s.deps.Log.Write(step) // the intent is on disk; this only says how it went on
	if err != nil {
		return err
	}
	return c.ok(document)
}
