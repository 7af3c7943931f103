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
	// Subscriptions tell the mini-program which messages it has to ask for again.
	Subscriptions []subscription `json:"subscriptions"`
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
	sessions, err := s.deps.Sessions.List(c.Request().Context(), c.session.OpenID)
	if err != nil {
		return err
	}
	answer, err := s.profileOf(c, len(sessions))
	if err != nil {
		return err
	}
	return c.ok(answer)
}

func (s *Server) profileOf(c *call, sessions int) (profileAnswer, error) {
	isBound, err := s.loadBinding(c)
	if err != nil {
		return profileAnswer{}, err
	}
	subscriptions, err := s.subscriptions(c)
	if err != nil {
		return profileAnswer{}, err
	}
	answer := profileAnswer{
		OpenID: c.session.OpenID, UnionID: c.session.UnionID,
		CreatedAt: s.timestamp(c.session.CreatedAt), ExpiresAt: s.timestamp(c.session.ExpiresAt),
		Sessions: sessions, Bound: isBound, Subscriptions: subscriptions,
	}
	if b := c.binding; isBound {
		answer.Binding = &profileBinding{
			Way: b.Way, ERPUsername: b.ERPUsername, CompanyInfo: companyOf(b),
			Permissions: permissionsOf(b), BoundAt: s.timestamp(b.BoundAt),
		}
	}
	return answer, nil
}
