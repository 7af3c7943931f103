package erpclient

import "time"

// Status is what an admin sees of the client.
type Status struct {
	// System is the Config's Name; the main ERP has none.
	System   string          `json:"system,omitempty"`
	Channels []ChannelStatus `json:"channels"`
	// Contract lists the fields in which the ERP's answers differ from what the driver was written for.
	Contract []DriftStatus `json:"contract"`
	// ForcedStandby says that an admin sends reads to the standby.
	ForcedStandby bool `json:"forcedStandby"`
}

// ChannelStatus is one way to the ERP at this moment.
type ChannelStatus struct {
	Name         string            `json:"name"`
	Breakers     map[string]string `json:"breakers"` // class to closed, half-open or open
	InUse        bool              `json:"inUse"`
	Forced       bool              `json:"forced"` // in use because an admin wants it so
	InFlight     int               `json:"inFlight"`
	UsualMS      float64           `json:"usualMs"` // running median of the answer time
	Capabilities []string          `json:"capabilities"`
	// LastErrorKind is how the last real call ended that speaks against the channel, and LastErrorAt when; "" and zero while
	// there was none.
	LastErrorKind Kind      `json:"lastErrorKind"`
	LastErrorAt   time.Time `json:"lastErrorAt"`
}

// Status is a look at the client's state; it asks nobody.
func (c *Client) Status() Status {
	out := c.OnStandby()
	_, forced := c.failover.state()
	s := Status{
		System: c.cfg.Name, Channels: []ChannelStatus{c.primary.status(!out)}, Contract: c.cfg.Contract.Status(), ForcedStandby: forced,
	}
	if c.standby != nil {
		s.Channels = append(s.Channels, c.standby.status(out))
		s.Channels[1].Forced = forced
	}
	return s
}

func (ch *channel) status(inUse bool) ChannelStatus {
	s := ChannelStatus{
		Name: ch.name, Breakers: map[string]string{}, InUse: inUse, InFlight: ch.bulkhead.inFlight(),
		UsualMS: float64(ch.pace.usual().Microseconds()) / 1000, Capabilities: ch.capabilities,
	}
	for class, b := range ch.breakers {
		s.Breakers[string(class)] = b.state()
	}
	if f := ch.fault.Load(); f != nil {
		s.LastErrorKind, s.LastErrorAt = f.kind, f.at
	}
	return s
}
