package gateway

// profileAnswer is what we hold of the caller.
type profileAnswer struct {
	OpenID    string          `json:"openid"`
	UnionID   string          `json:"unionid"`
	CreatedAt string          `json:"createdAt"`
	ExpiresAt string          `json:"expiresAt"`
	Sessions  int             `json:"sessions"`
	Bound     bool            `json:"bound"`
	Binding   *profileBinding `json:"binding"`
}

type profileBinding struct {
	Way         string      `json:"way"`
	ERPUsername string      `json:"erpUsername"`
	CompanyInfo companyInfo `json:"companyInfo"`
	Permissions []string    `json:"permissions"`
	BoundAt     string      `json:"boundAt"`
}

// profile is GET /api/user/profile.
func (s *Server) profile(c *call) error {
	ctx := c.Request().Context()
	sessions, err := s.deps.Sessions.List(ctx, c.session.OpenID)
	if err != nil {
		return err
	}
	isBound, err := s.loadBinding(c)
	if err != nil {
		return err
	}
	answer := profileAnswer{
		OpenID: c.session.OpenID, UnionID: c.session.UnionID,
		CreatedAt: s.timestamp(c.session.CreatedAt), ExpiresAt: s.timestamp(c.session.ExpiresAt),
		Sessions: len(sessions), Bound: isBound,
	}
	if b := c.binding; isBound {
		answer.Binding = &profileBinding{
			Way: b.Way, ERPUsername: b.ERPUsername, CompanyInfo: companyOf(b),
			Permissions: permissionsOf(b), BoundAt: s.timestamp(b.BoundAt),
		}
	}
	return c.ok(answer)
}
