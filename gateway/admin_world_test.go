package gateway

import (
	"context"
	"net/http"
	"sync"

	"snowgate/erpclient"
	"snowgate/health"
	"snowgate/health/alert"
	"snowgate/session"
)

// watched adds what looks after the gateway itself, for one replica, telling nobody.
func (d Deps) watched() Deps {
	figures := health.NewPerformance(nil)
	d.Performance, d.Fleet = figures, health.NewFleet(figures, health.FleetConfig{Replica: "gate-1"})
	d.Alerts, d.Standby = alert.New(alert.Config{}), &fakeStandby{}
	d.Configuration = func() []ConfigEntry {
		return []ConfigEntry{{"mode", "production", "file:1"}, {"admin.tokens", "***", "environment"}}
	}
	d.Console = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("X-Asked-For", r.URL.Path)
		_, _ = w.Write([]byte("<title>console</title>"))
	})
	return d
}

// at adds what asks the store on behalf of admins.
func (d Deps) at(store *session.Store) Deps {
	d.Directory, d.ConsoleSessions = store, store
	return d
}

// fakeStandby remembers what it was told.
type fakeStandby struct {
	mu    sync.Mutex
	told  []bool
	fault error
}

func (f *fakeStandby) Force(_ context.Context, forced bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fault == nil {
		f.told = append(f.told, forced)
	}
	return f.fault
}

// noStandby is what a client without one says.
var noStandby = erpclient.Errorf("force_standby", erpclient.KindNotSupported, "there is none")
