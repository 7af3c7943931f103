package gateway

import "time"

// callMemory is how far back one call is looked for by its id: as long as rows are kept by default.
const callMemory = 90 * 24 * time.Hour

// oneCall is GET /api/admin/calls/{id}: the row of the call with this request id, and how it went. The row comes a moment
// after the call; the story is known to the replica that answered it, for its last 2000 calls.
func (s *Server) oneCall(c *call) error {
	id, err := c.pathID()
	if err != nil {
		return err
	}
	told := s.stories.find(id)
	if told != nil {
		told.At = s.timestamp(told.began)
	}
	now := s.cfg.Now()
	rows, _, err := s.deps.Archive.FindCalls(c.Request().Context(), CallQuery{
		From: now.Add(-callMemory), To: now.Add(time.Minute), RequestID: id, Page: 1, PageSize: 1,
	})
	if err != nil && told == nil {
		return auditUnavailable.after(storeRetry, err)
	}
	var row *LoggedCall
	if len(rows) > 0 {
		row = &rows[0]
	}
	if row == nil && told == nil {
		return notFound.because(nil)
	}
	return c.okUnkept(struct {
		Row   *LoggedCall `json:"row"`
		Story *story      `json:"story"`
	}{row, told})
}
