package gateway

// ConfigEntry is one key of the configuration as an admin sees it.
type ConfigEntry struct {
	Key    string `json:"key"`
	Value  string `json:"value"`  // secrets are masked
	Origin string `json:"origin"` // "default", "file:12" (the line) or "environment"
}

// showConfig is GET /api/admin/config: what is in force, and where each value came from.
func (s *Server) showConfig(c *call) error {
	entries := []ConfigEntry{}
	if s.deps.Configuration != nil {
		entries = append(entries, s.deps.Configuration()...)
	}
	return c.okUnkept(map[string]any{"entries": entries})
}
