package gateway

import (
	"snowgate/health"
	"snowgate/wxmsg/queue"
)

// verdictAnswer is the verdict on one part, in words, and the last looks at it.
type verdictAnswer struct {
	Part     string       `json:"part"`
	State    health.State `json:"state"`
	Since    *string      `json:"since"`
	ReasonZH string       `json:"reasonZh"`
	ReasonEN string       `json:"reasonEn"`
	History  []look       `json:"history"`
}

// queueBrief is the message queue in a few figures.
type queueBrief struct {
	Queued        int     `json:"queued"`
	Failed        int     `json:"failed"`
	Unknown       int     `json:"unknown"`
	OldestSeconds float64 `json:"oldestSeconds"`
	Paused        bool    `json:"paused"`
}

// spoolBrief is this replica's audit spool in a few figures.
type spoolBrief struct {
	Records int64   `json:"records"` // waiting for the database
	Bytes   int64   `json:"bytes"`
	Fill    float64 `json:"fill"` // 0..1 of its bound
}

// overview is everything on the console's first page. Queue is left out while it cannot be asked.
type overview struct {
	Verdict   string          `json:"verdict"`
	Verdicts  []verdictAnswer `json:"verdicts"`
	Replica   string          `json:"replica"`
	Replicas  []string        `json:"replicas"`
	Version   string          `json:"version"`
	StartedAt string          `json:"startedAt"`
	Requests  requestsAnswer  `json:"requests"`
	Sources   sourcesAnswer   `json:"sources"`
	Coalesced struct {
		Share float64 `json:"share"`
	} `json:"coalesced"`
	Queue  *queueBrief   `json:"queue,omitempty"`
	Alerts []activeAlert `json:"alerts"`
	Spool  spoolBrief    `json:"spool"`
}

// overview is GET /api/admin/overview. Requests, sources and the spool are this replica's; it is answered whatever is away.
func (s *Server) overview(c *call) error {
	ctx := c.Request().Context()
	report, _ := s.fleet.report(ctx, s.deps.Fleet)
	verdicts := s.deps.Monitor.Verdicts()
	all, _ := joined(verdicts)
	o := overview{
		Verdict: all, Verdicts: s.verdictAnswers(verdicts), Replica: s.deps.Fleet.Replica(), Replicas: report.Replicas,
		Version: s.cfg.Version, StartedAt: s.timestamp(s.started), Alerts: s.activeAlerts(c),
	}
	o.Requests, o.Sources, o.Coalesced.Share = s.traffic.report(s.cfg.Now(), s.timestamp)
	if stats, err := s.deps.Messages.Stats(ctx); err == nil {
		o.Queue = briefQueue(stats)
	}
	spool := s.deps.Log.Stats()
	o.Spool = spoolBrief{spool.Pending, spool.Bytes, spool.Fill}
	return c.okUnkept(o)
}

func briefQueue(q queue.Stats) *queueBrief {
	return &queueBrief{q.Queued, q.Failed, q.Unknown, q.Oldest.Seconds(), q.Paused}
}

func (s *Server) verdictAnswers(verdicts []health.Verdict) []verdictAnswer {
	list := make([]verdictAnswer, len(verdicts))
	for i, v := range verdicts {
		list[i] = verdictAnswer{v.Name, v.State, s.optionalTime(v.Since), v.Reason.ZH, v.Reason.EN, s.looks(v.Name)}
	}
	return list
}
