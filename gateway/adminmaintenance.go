package gateway

import (
	"errors"

	"snowgate/health/alert"
)

// maintenance is a stretch of time in which alerts are expected and nobody is woken.
type maintenance struct {
	ID      string `json:"id"`
	From    string `json:"from"`
	To      string `json:"to"`
	Pattern string `json:"pattern"` // of alerts' keys
	Note    string `json:"note"`
}

func (s *Server) maintenanceOf(w alert.Window) maintenance {
	return maintenance{w.ID, s.timestamp(w.From), s.timestamp(w.To), w.Pattern, w.Note}
}

// listMaintenance is GET /api/admin/maintenance: the windows that are open or still to come.
func (s *Server) listMaintenance(c *call) error {
	var windows []maintenance
	for _, w := range s.deps.Alerts.Windows() {
		windows = append(windows, s.maintenanceOf(w))
	}
	return list(c, windows, nil)
}

// Bounds on a window's texts, in runes.
const (
	maxPattern = 128
	maxNote    = 200
)

// openMaintenance is POST /api/admin/maintenance {from?, to, pattern, note?}. It holds on every replica within seconds.
func (s *Server) openMaintenance(c *call) error {
	if err := s.deps.Log.Ready(); err != nil {
		return auditUnavailable.after(storeRetry, err)
	}
	body, err := c.body()
	if err != nil {
		return err
	}
	w := alert.Window{
		From: body.moment("from"), To: body.moment("to"), Pattern: body.text("pattern", maxPattern), Note: body.optional("note", maxNote),
	}
	if w.To.IsZero() {
		body.complain("to")
	}
	if err := body.err(); err != nil {
		return err
	}
	w, err = s.deps.Alerts.Silence(c.Request().Context(), w)
	if errors.Is(err, alert.ErrWindow) {
		return &fault{problem: badField, field: "to", cause: err}
	}
	if err != nil && !errors.Is(err, alert.ErrHereOnly) { // the others are told as soon as they can be reached
		return err
	}
	return c.ok(s.maintenanceOf(w))
}

// closeMaintenance is DELETE /api/admin/maintenance?id=.
func (s *Server) closeMaintenance(c *call) error {
	if err := s.deps.Log.Ready(); err != nil {
		return auditUnavailable.after(storeRetry, err)
	}
	values, err := c.query()
	if err != nil {
		return err
	}
	id := values.Get("id")
	if !validID(id) {
		return badField.in("id")
	}
	err = s.deps.Alerts.Unsilence(c.Request().Context(), id)
	if errors.Is(err, alert.ErrNoWindow) {
		return notFound.because(err)
	}
	if err != nil && !errors.Is(err, alert.ErrHereOnly) {
		return err
	}
	return c.ok(map[string]string{"id": id})
}
