package main

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"snowgate/cmd/snowgate/config"
	"snowgate/erpclient"
	"snowgate/gateway"
	"snowgate/health"
	"snowgate/health/board"
	"snowgate/session"
	"snowgate/sql"
	"snowgate/wxmsg"
	"snowgate/wxmsg/queue"
)

const (
	// redisEvery is how often Redis is probed: readiness hangs on it, and one small write costs nothing.
	redisEvery = 2 * time.Second
	// loginEvery is how often the ERP is logged in to for the sake of it: ERPs lock accounts, and count logins.
	loginEvery = 10 * time.Minute
	// looksKept are half an hour of looks: the console's strip.
	looksKept = 60
)

// watch is what the house watches itself with: real calls are counted before there is a monitor to hold them against probes.
type watch struct {
	pulse   *health.Pulse
	figures *health.Performance
	board   *board.Board
}

// watched are the parts that the monitor looks at.
type watched struct {
	store    *session.Store
	db       *sql.DB
	erp      *erpclient.Client
	stock    *erpclient.Client // the ERP itself, where there is no second system
	wechat   *wxmsg.Client
	messages *queue.Queue
}

// attempts counts the real calls at a system for verdicts and figures; parts are its probes by channel.
func (w watch) attempts(parts map[string]string) func(erpclient.Attempt) {
	return func(a erpclient.Attempt) {
		ok := !a.Kind.Unhealthy() && a.Kind != erpclient.KindOutcomeUnknown
		part := parts[a.Channel]
		w.pulse.Record(part, ok)
		if a.Refused { // somebody was not served, but the ERP took no time
			return
		}
		w.figures.Record(gateway.ERPSeries(a.Op), a.Took, ok)
		w.figures.Record(gateway.ChannelSeries(part), a.Took, ok)
	}
}

// The probes by channel of the main ERP, and of a second system for stock.
var (
	erpParts   = map[string]string{"primary": gateway.ProbeERP, "standby": gateway.ProbeStandby}
	stockParts = map[string]string{"primary": gateway.ProbeStock}
)

// systems are the ERPs that admins see.
func (w watched) systems() []gateway.System {
	list := []gateway.System{{Name: erpclient.MainSystem, Status: w.erp.Status, Probes: erpParts}}
	if w.stock != w.erp {
		list = append(list, gateway.System{Name: stockAccount, Status: w.stock.Status, Probes: stockParts})
	}
	return list
}

// newMonitor looks at every part. What is this replica's alone it looks at itself; one replica looks at the rest for all.
func (h *house) newMonitor(cfg *config.Config, w watched) *health.Monitor {
	probes := []health.Probe{
		{Name: gateway.ProbeRedis, Check: w.store.Ping, Every: min(redisEvery, cfg.Health.Interval), Local: true},
		{Name: gateway.ProbeSQL, Check: w.db.Ping},
		{Name: gateway.ProbeAudit, Check: h.audit.Health, Local: true},
		{Name: gateway.ProbeMessages, Check: w.messages.Health},
		{Name: gateway.ProbeERP, Check: erpLook(w.erp.Probe), Heard: func(err error) { w.erp.Heard(heardOfERP(err)) }},
		{Name: gateway.ProbeWeChat, Check: weChatLook(func(ctx context.Context) error {
			return errors.Join(w.wechat.Misconfigured(), w.wechat.Probe(ctx))
		})},
	}
	if cfg.ERP.StandbyOrigin != "" {
		probes = append(probes, health.Probe{Name: gateway.ProbeStandby, Check: erpLook(w.erp.ProbeStandby)})
	}
	if cfg.ERP.Snowbeasts.ServiceAccount != "" {
		probes = append(probes, health.Probe{
			Name: gateway.ProbeERPLogin, Check: erpLook(w.erp.ProbeLogin), Every: loginEvery, Again: loginEvery, Timeout: loginTimeout,
		})
	}
	if w.stock != w.erp {
		probes = append(probes, health.Probe{
			Name: gateway.ProbeStock, Check: erpLook(w.stock.Probe), Heard: func(err error) { w.stock.Heard(heardOfERP(err)) },
		})
	}
	monitor := health.NewMonitor(health.Config{
		Interval: cfg.Health.Interval, Logger: h.log, Pulse: h.watch.pulse, Board: h.watch.board, History: looksKept, Words: kindWords,
	}, probes...)
	h.roles = append(h.roles, monitor.Run)
	return monitor
}

// loginTimeout is what a login of two steps may take, and waiting for another replica's.
const loginTimeout = 8 * time.Second

// newFleet joins the figures of all replicas.
func (h *house) newFleet(replica string) *health.Fleet {
	fleet := health.NewFleet(h.watch.figures, health.FleetConfig{Board: h.watch.board, Replica: replica, Logger: h.log})
	h.roles = append(h.roles, fleet.Run)
	return fleet
}

// erpLook gives a failed look the ERP client's own word for what went wrong.
func erpLook(probe func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		err := probe(ctx)
		if err == nil {
			return nil
		}
		return &health.Failure{Kind: string(erpclient.OutcomeOf(err)), Err: err}
	}
}

// heardOfERP is the way back: what another replica's look says to the ERP client of this one.
func heardOfERP(err error) error {
	var failure *health.Failure
	if !errors.As(err, &failure) {
		return err
	}
	if failure.Kind == string(erpclient.KindStore) {
		return errors.New("the session store was away") // which says nothing about the ERP
	}
	return &erpclient.Error{Op: "probe", Kind: erpclient.Kind(failure.Kind), Err: failure}
}

// kindMisconfigured is a WeChat that refuses us until somebody acts.
const kindMisconfigured = "misconfigured"

// weChatLook names what WeChat itself said; what happened below HTTP, health knows better.
func weChatLook(probe func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		err := probe(ctx)
		var said *wxmsg.Error
		var below net.Error
		if !errors.As(err, &said) {
			return err
		}
		switch {
		case said.Kind == wxmsg.KindMisconfigured:
			return &health.Failure{Kind: kindMisconfigured, Err: err}
		case said.Kind == wxmsg.KindUnavailable && !errors.As(err, &below):
			return &health.Failure{Kind: string(erpclient.KindUnavailable), Err: err}
		default:
			return err
		}
	}
}

// weChatCalls counts the logins at WeChat for its verdict.
type weChatCalls struct {
	*wxmsg.Client
	told func(error)
}

func (w weChatCalls) Code2Session(ctx context.Context, code string) (wxmsg.Login, error) {
	login, err := w.Client.Code2Session(ctx, code)
	w.told(err)
	return login, err
}

// weChat hears how a call at WeChat ended. What a user or a message is at fault for speaks for WeChat.
func (w watch) weChat(err error) {
	var e *wxmsg.Error
	if errors.Is(err, context.Canceled) || err != nil && !errors.As(err, &e) {
		return
	}
	ok := true
	if e != nil {
		switch e.Kind {
		case wxmsg.KindUnavailable, wxmsg.KindTimeout, wxmsg.KindBadAnswer, wxmsg.KindBusy, wxmsg.KindMisconfigured:
			ok = false
		}
	}
	w.pulse.Record(gateway.ProbeWeChat, ok)
}

// certificateGauge shows when the certificate in use ends.
func certificateGauge(c *certificate) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "snowgate_tls_certificate_not_after_timestamp_seconds",
		Help: "When the certificate in use ends, in seconds since 1970.",
	}, func() float64 { return float64(c.ends().Unix()) })
}
