package erpclient

import "context"

// ApprovalState is where a document that needs somebody's approval stands.
type ApprovalState string

// The states of an Approval.
const (
	ApprovalPending  ApprovalState = "pending"
	ApprovalApproved ApprovalState = "approved"
	ApprovalRejected ApprovalState = "rejected"
)

// Valid reports whether s is one of the states.
func (s ApprovalState) Valid() bool {
	return s == ApprovalPending || s == ApprovalApproved || s == ApprovalRejected
}

// Approval is a document that waits, or waited, for somebody's approval.
type Approval struct {
	ID        string        `json:"id"`
	Kind      string        `json:"kind"` // purchase
	No        string        `json:"no"`
	Title     string        `json:"title"`
	Applicant string        `json:"applicant"`
	Amount    Decimal       `json:"amount"`
	Currency  string        `json:"currency"`
	Date      Day           `json:"date"`
	State     ApprovalState `json:"state"`
	RawState  string        `json:"rawState"` // the ERP's own value
}

// ApprovalQuery narrows a list of approvals. Page counts from 1.
type ApprovalQuery struct {
	State    ApprovalState // "" is any
	Page     int
	PageSize int
}

// ApprovalPage is one page of approvals. Total is nil when the ERP does not tell.
type ApprovalPage struct {
	Approvals []Approval `json:"approvals"`
	Total     *int       `json:"total"`
}

// ApprovalReader reads documents that need approval, as far as the account may see them.
type ApprovalReader interface {
	Approvals(ctx context.Context, a Auth, q ApprovalQuery) (ApprovalPage, error)
	Approval(ctx context.Context, a Auth, id string) (Approval, error)
}

// ApprovalDecider approves or rejects a document. ERPs have buttons that do nothing and say so to nobody: that Decide
// returns nil proves nothing, and the Client, which holds a lock on the document, reads it again. See Driver for what
// errors must say.
type ApprovalDecider interface {
	Decide(ctx context.Context, a Auth, id string, approve bool) error
}
