package contract

import (
	"testing"

	"snowgate/erpclient"
)

func (s *suite) approvals(t *testing.T) {
	reader, _ := s.Driver.(erpclient.ApprovalReader)
	q := erpclient.ApprovalQuery{State: erpclient.ApprovalPending, Page: 1, PageSize: 100}
	page := must[erpclient.ApprovalPage](t, "the list")(reader.Approvals(limited(t), s.auth(t), q))
	seen := map[string]bool{}
	for _, a := range page.Approvals {
		seen[a.ID] = true
		if a.ID == "" || a.State != erpclient.ApprovalPending {
			t.Errorf("document %q of those that wait is %s", a.ID, a.State)
		}
	}
	for _, id := range []string{s.ApproveID, s.RejectID} {
		if id == "" {
			continue
		}
		if !seen[id] {
			t.Errorf("document %s is not among the %d that wait", id, len(seen))
		}
		s.wantState(t, id, erpclient.ApprovalPending)
	}
	_, err := reader.Approval(limited(t), s.auth(t), s.UnknownID)
	wantKind(t, "a document that nobody has", err, erpclient.KindNotFound)
}

func (s *suite) wantState(t *testing.T, id string, want erpclient.ApprovalState) {
	t.Helper()
	reader, _ := s.Driver.(erpclient.ApprovalReader)
	got := must[erpclient.Approval](t, "the document")(reader.Approval(limited(t), s.auth(t), id))
	if got.ID != id || got.State != want {
		t.Errorf("document %s is %s, want %s to be %s", got.ID, got.State, id, want)
	}
}

// decisions stay: pressing the other button afterwards changes nothing, whatever it says.
func (s *suite) decisions(t *testing.T) {
	known(t, "documents that wait", s.ApproveID, s.RejectID)
	decider, _ := s.Driver.(erpclient.ApprovalDecider)
	for _, tt := range []struct {
		id      string
		approve bool
		want    erpclient.ApprovalState
	}{{s.ApproveID, true, erpclient.ApprovalApproved}, {s.RejectID, false, erpclient.ApprovalRejected}} {
		if err := decider.Decide(limited(t), s.auth(t), tt.id, tt.approve); err != nil {
			t.Fatalf("document %s: %v", tt.id, err)
		}
		s.wantState(t, tt.id, tt.want)
		if err := decider.Decide(limited(t), s.auth(t), tt.id, !tt.approve); err != nil {
			wantKind(t, "the other button", err, erpclient.KindConflict, erpclient.KindInvalid, erpclient.KindForbidden)
		}
		s.wantState(t, tt.id, tt.want)
	}
}
