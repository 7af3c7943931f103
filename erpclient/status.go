package erpclient

// Status is what an admin sees of the client.
type Status struct {
	// System is the Config's Name; the main ERP has none.
	System   string          `json:"system,omitempty"`
	Channels []ChannelStatus `json:"channels"`
	// Contract lists the fields in which the ERP's answers differ from what the driver was written for.
	Contract []DriftStatus `json:"contract"`
}

// ChannelStatus is one way to the ERP at this moment.
type ChannelStatus struct {
	Name         string            `json:"name"`
	Breakers     map[string]string `json:"breakers"` // class to closed, half-open or open
	InUse        bool              `json:"inUse"`
	InFlight     int               `json:"inFlight"`
	UsualMS      float64           `json:"usualMs"` // running median of the answer time
	Capabilities []string          `json:"capabilities"`
}

// Status is a look at the client's state; it asks nobody.
func (c *Client) Status() Status {
	out := c.failover.isOut() && c.standby != nil
	s := Status{System: c.cfg.Name, Channels: []ChannelStatus{c.primary.status(!out)}, Contract: c.cfg.Contract.Status()}
	if c.standby != nil {
		s.Channels = append(s.Channels, c.standby.status(out))
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
	return s
}
