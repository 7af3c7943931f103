package gateway

import (
	"context"
	"errors"
	"slices"

	"snowgate/erpclient"
	"snowgate/health"
)

// System is an ERP whose channels admins see.
type System struct {
	Name   string // "erp" or "stock"
	Status func() erpclient.Status
	Probes map[string]string // by channel: the name of the probe that looks at it
}

// Standby sends reads to the standby channel. Errors: *erpclient.Error where there is none, or the board's.
type Standby interface {
	// Force has every replica read from the standby until it is released.
	Force(ctx context.Context, forced bool) error
}

// mainSystem is the ERP itself, where New is told of no Systems.
func mainSystem(erp ERP) []System {
	return []System{{
		Name: erpclient.MainSystem, Status: erp.Status, Probes: map[string]string{"primary": ProbeERP, "standby": ProbeStandby},
	}}
}

// channelAnswer is one way to an ERP as an admin sees it.
type channelAnswer struct {
	Name          string            `json:"name"`
	System        string            `json:"system"`
	State         health.State      `json:"state"`
	Since         *string           `json:"since"`
	ReasonZH      string            `json:"reasonZh"`
	ReasonEN      string            `json:"reasonEn"`
	InUse         bool              `json:"inUse"`
	Forced        bool              `json:"forced"`
	InFlight      int               `json:"inFlight"`
	UsualMS       float64           `json:"usualMs"`
	Breakers      map[string]string `json:"breakers"`
	LastProbe     *look             `json:"lastProbe"`
	LastErrorKind erpclient.Kind    `json:"lastErrorKind"`
	LastErrorAt   *string           `json:"lastErrorAt"`
	Availability  availability      `json:"availability"`
	Latency       channelLatency    `json:"latency"`
	Capabilities  []string          `json:"capabilities"`
	History       []look            `json:"history"`
}

// look is one look of a probe.
type look struct {
	At        string  `json:"at"`
	OK        bool    `json:"ok"`
	LatencyMS float64 `json:"latencyMs"`
	Error     string  `json:"error"` // the kind of failure
}

// availability is the part of a time in which a channel was there; null where nobody watched.
type availability struct {
	Hour *float64 `json:"1h"`
	Day  *float64 `json:"24h"`
	Week *float64 `json:"7d"`
}

// channelLatency is of the attempts of the last 5 minutes, in ms; null without any.
type channelLatency struct {
	P50 *float64 `json:"p50"`
	P95 *float64 `json:"p95"`
	P99 *float64 `json:"p99"`
}

const maxLooks = 60 // shown of a channel's history

func (s *Server) channelAnswers(system System, figures map[string]map[string]health.Figures) []channelAnswer {
	var list []channelAnswer
	for _, ch := range system.Status().Channels {
		list = append(list, s.channelAnswer(system, ch, figures))
	}
	return list
}

func (s *Server) channelAnswer(system System, ch erpclient.ChannelStatus, figures map[string]map[string]health.Figures) channelAnswer {
	probe := system.Probes[ch.Name]
	verdict, _ := s.deps.Monitor.Verdict(probe)
	a := channelAnswer{
		Name: ch.Name, System: system.Name, State: verdict.State, Since: s.optionalTime(verdict.Since),
		ReasonZH: verdict.Reason.ZH, ReasonEN: verdict.Reason.EN,
		InUse: ch.InUse, Forced: ch.Forced, InFlight: ch.InFlight, UsualMS: ch.UsualMS, Breakers: ch.Breakers,
		LastErrorKind: ch.LastErrorKind, LastErrorAt: s.optionalTime(ch.LastErrorAt), Availability: s.availability(probe),
		Capabilities: append([]string{}, ch.Capabilities...), History: s.looks(probe),
	}
	if n := len(a.History); n > 0 {
		a.LastProbe = &a.History[n-1]
	}
	if f := figures[ChannelSeries(probe)]["5m"]; f.Count > 0 {
		l := latencyOf(f.P50, f.P95, f.P99)
		a.Latency = channelLatency{&l.P50, &l.P95, &l.P99}
	}
	return a
}

// looks are the last of a probe, the newest last.
func (s *Server) looks(probe string) []look {
	list := []look{}
	for _, o := range s.deps.Monitor.History(probe) {
		list = append(list, look{s.timestamp(o.At), o.State == health.Up, milliseconds(o.Latency), o.Error})
	}
	return list[max(0, len(list)-maxLooks):]
}

func (s *Server) availability(probe string) (a availability) {
	seen, _ := s.deps.Monitor.Availability(probe)
	ratio := func(share health.Share) *float64 {
		if share.Known == 0 {
			return nil
		}
		return &share.Ratio
	}
	return availability{ratio(seen.Hour), ratio(seen.Day), ratio(seen.Week)}
}

// erpStatus is GET /api/erp/status: channels, breakers and probes.
func (s *Server) erpStatus(c *call) error {
	channels, figures := []channelAnswer{}, s.deps.Performance.Snapshot()
	for _, system := range s.deps.Systems {
		channels = append(channels, s.channelAnswers(system, figures)...)
	}
	main := s.deps.Systems[0].Status()
	return c.okUnkept(map[string]any{
		"system": s.deps.Systems[0].Name, "channels": channels, "contract": main.Contract, "forcedStandby": main.ForcedStandby,
		"probes": s.probeStatuses(),
	})
}

// probeNow is POST /api/admin/erp/probe {channel, system?}: somebody looks at once, and how the channel stands then.
func (s *Server) probeNow(c *call) error {
	if err := s.deps.Log.Ready(); err != nil {
		return auditUnavailable.after(storeRetry, err)
	}
	body, err := c.body()
	if err != nil {
		return err
	}
	channel, name := body.text("channel", maxIDRunes), body.optional("system", maxIDRunes)
	if err := body.err(); err != nil {
		return err
	}
	system, ch, found := s.channel(name, channel)
	if !found {
		return badField.in("channel")
	}
	probe := system.Probes[ch.Name]
	if _, err := s.deps.Monitor.Look(c.Request().Context(), probe); errors.Is(err, health.ErrUnknownProbe) {
		return badField.in("channel")
	} else if err != nil {
		return erpTimeout.after(erpRetry, err) // somebody else's look took all of our time
	}
	_, ch, _ = s.channel(system.Name, ch.Name)
	return c.okUnkept(s.channelAnswer(system, ch, s.deps.Performance.Snapshot()))
}

// channel finds a channel by its name and its system's, which is the main one's where none is given.
func (s *Server) channel(system, name string) (System, erpclient.ChannelStatus, bool) {
	for i, known := range s.deps.Systems {
		if known.Name != system && (system != "" || i > 0) {
			continue
		}
		channels := known.Status().Channels
		at := slices.IndexFunc(channels, func(ch erpclient.ChannelStatus) bool { return ch.Name == name })
		if at >= 0 {
			return known, channels[at], true
		}
	}
	return System{}, erpclient.ChannelStatus{}, false
}

// forceStandby is POST /api/admin/erp/standby {force}: reads go to the standby, on every replica, until it is released.
func (s *Server) forceStandby(c *call) error {
	if err := s.deps.Log.Ready(); err != nil {
		return auditUnavailable.after(storeRetry, err)
	}
	body, err := c.body()
	if err != nil {
		return err
	}
	forced, ok := body.values["force"].(bool)
	if !ok {
		return badField.in("force")
	}
	err = s.deps.Standby.Force(c.Request().Context(), forced)
	var refused *erpclient.Error
	if errors.As(err, &refused) {
		return err
	}
	if err != nil {
		return storeUnavailable.after(storeRetry, err)
	}
	return c.ok(map[string]bool{"forced": forced})
}
