package sandbox

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	defaultERPAppID = "10001"
	// defaultSessionLife is what the ERP's known client trusts a session for.
	defaultSessionLife = 5 * time.Minute
)

// ERPOptions configures [NewERP]; the zero value is ready to use.
type ERPOptions struct {
	AppID          string           // the app's number in URLs and in appName; "10001" by default
	Seed           uint64           // the same seed gives the same data and nuisances
	SessionLife    time.Duration    // counted from login, not sliding; 5 minutes by default
	Now            func() time.Time // clock of sessions and lock-outs; time.Now by default
	LoginDelay     time.Duration    // how long each login takes; none by default
	PasswordDigest string           // what the login page sends: "sha1" (default) or "plain"
	LastDay        time.Time        // the newest day in the data, its clock time cut off; 2026-01-31 by default
}

// ERP is a stand-in for the Snowbeasts ERP: two-step cookie login, business calls,
// files. It implements http.Handler and is safe for concurrent use. Close releases
// requests that a fault holds.
type ERP struct {
	*faultBoard
	opts    ERPOptions
	control *http.ServeMux
	calls   callLog
	logins  loginDesk

	dataMu sync.RWMutex
	data   *dataset
}

// NewERP returns an ERP with its data made.
func NewERP(opts ERPOptions) *ERP {
	if opts.AppID == "" {
		opts.AppID = defaultERPAppID
	}
	if opts.SessionLife <= 0 {
		opts.SessionLife = defaultSessionLife
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.LastDay.IsZero() {
		opts.LastDay = seedDay
	}
	e := &ERP{faultBoard: newFaultBoard(), opts: opts, data: makeData(opts.Seed, dayOf(opts.LastDay))}
	e.logins.open()
	e.control = e.controlRoutes()
	return e
}

// AppID is the app's number.
func (e *ERP) AppID() string { return e.opts.AppID }

func (e *ERP) appName() string { return "SnowInventory-" + e.opts.AppID }

// ServeHTTP answers as the ERP does, or as the faults in force say.
func (e *ERP) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, controlPrefix) {
		e.control.ServeHTTP(w, r)
		return
	}
	// Read whole before anything waits: net/http notices a leaving client only then.
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	if err != nil {
		http.Error(w, "request entity too large", http.StatusRequestEntityTooLarge)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	op, handle := e.route(r)
	e.record(r, op, body)
	e.serve(w, r, r.Method+" "+r.URL.Path+" "+op+" "+formOf(body), handle)
}

// route names the operation a request asks for and what carries it out.
func (e *ERP) route(r *http.Request) (op string, handle http.HandlerFunc) {
	path := r.URL.Path
	switch {
	case path == "/apps/service/login":
		return "login", e.serveLogin
	case strings.HasPrefix(path, "/apps/user/open-app/"):
		return "open-app", e.serveOpenApp
	case path == ssoPath:
		return "sso", e.serveSSO
	case path == appPath:
		return "app", e.serveApp
	case path == loginPagePath:
		return "login-page", func(w http.ResponseWriter, _ *http.Request) { writeHTML(w, loginPage) }
	case strings.HasPrefix(path, filePrefix):
		return "file", e.serveFile
	case strings.HasPrefix(path, "/business/"):
		return e.businessOp(strings.TrimPrefix(path, "/business/"))
	}
	return "unknown", http.NotFound
}

func (e *ERP) controlRoutes() *http.ServeMux {
	mux := e.controlMux()
	mux.HandleFunc("POST "+controlPrefix+"expire", func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Form string `json:"form"`
		}
		if !readControl(w, r, &in) {
			return
		}
		if _, known := expiredAnswers[in.Form]; !known && in.Form != "" {
			refuse(w, errExpiredForm)
			return
		}
		e.ExpireSessions(in.Form)
		writeJSON(w, http.StatusOK, map[string]string{"form": e.logins.form()})
	})
	e.calls.routes(mux)
	return mux
}
