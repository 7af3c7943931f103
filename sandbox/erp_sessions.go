package sandbox

import (
	"errors"
	"net/http"
	"sync"
	"time"
)

const (
	// wrongLimit wrong passwords within lockTime lock an account for lockTime. The real
	// figures are unknown; these are strict enough to punish a client that retries logins.
	wrongLimit = 5
	lockTime   = 15 * time.Minute
)

var errExpiredForm = errors.New("sandbox: form must be status, status403, redirect, html or body")

// expiredAnswers are the ways in which an expired session may be answered; the
// real ERP's way is unknown, so a client must know them all.
var expiredAnswers = map[string]http.HandlerFunc{
	"status": func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "Unauthorized", http.StatusUnauthorized)
	},
	"status403": func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "Forbidden", http.StatusForbidden)
	},
	"redirect": func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, loginPagePath, http.StatusFound)
	},
	"html": func(w http.ResponseWriter, _ *http.Request) { writeHTML(w, loginPage) },
	"body": func(w http.ResponseWriter, _ *http.Request) { fail(w, "登录已失效，请重新登录") },
}

// erpSession is one login. Fields are fixed but for apps, which loginDesk.mu guards.
type erpSession struct {
	sid     string
	account Account
	ends    time.Time
	apps    map[string]bool // JSESSIONIDs that the app has given
}

// loginDesk keeps sessions, tickets and wrong passwords. Safe for concurrent use.
type loginDesk struct {
	mu           sync.Mutex
	sessions     map[string]*erpSession
	tickets      map[string]*erpSession
	wrong        map[string][]time.Time
	lockedUntil  map[string]time.Time
	expiredForm  string
	wrongNoSid   bool
	cookieOnLast bool
}

func (d *loginDesk) open() {
	d.sessions = map[string]*erpSession{}
	d.tickets = map[string]*erpSession{}
	d.wrong = map[string][]time.Time{}
	d.lockedUntil = map[string]time.Time{}
	d.expiredForm = "status"
}

// ExpireSessions ends all sessions on the server's side. From now on a call without
// a session is answered in the given form: "status" (401, the form at the start),
// "status403", "redirect" (302 to /apps/login), "html" (200 and the login page) or
// "body" (200 and {"success":false,"message":…}); "" keeps the form.
func (e *ERP) ExpireSessions(form string) {
	e.logins.mu.Lock()
	clear(e.logins.sessions)
	clear(e.logins.tickets)
	e.logins.mu.Unlock()
	if form != "" {
		e.SetExpiredForm(form)
	}
}

// SetExpiredForm chooses the form only, see [ERP.ExpireSessions]. An unknown form
// makes the ERP answer 500 and name the forms there are.
func (e *ERP) SetExpiredForm(form string) {
	e.logins.mu.Lock()
	defer e.logins.mu.Unlock()
	e.logins.expiredForm = form
}

func (e *ERP) answerExpired(w http.ResponseWriter, r *http.Request) {
	if write, known := expiredAnswers[e.logins.form()]; known {
		write(w, r)
		return
	}
	http.Error(w, errExpiredForm.Error(), http.StatusInternalServerError)
}

func (d *loginDesk) form() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.expiredForm
}

func (d *loginDesk) onLast() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.cookieOnLast
}

type loginOutcome struct {
	session *erpSession // nil when refused
	message string
	silent  bool // refused without saying so
}

// try checks a password and opens a session that ends after life.
func (d *loginDesk) try(user string, matches func(password string) bool, now time.Time, life time.Duration) loginOutcome {
	d.mu.Lock()
	defer d.mu.Unlock()
	if now.Before(d.lockedUntil[user]) {
		return loginOutcome{message: "账号已锁定"}
	}
	account, known := accountOf(user)
	if !known || !matches(account.Password) {
		d.noteWrong(user, known, now)
		return loginOutcome{message: "账号或密码错误", silent: d.wrongNoSid}
	}
	delete(d.wrong, user)
	d.prune(now)
	s := &erpSession{sid: newCookieValue(), account: account, ends: now.Add(life), apps: map[string]bool{}}
	d.sessions[s.sid] = s
	return loginOutcome{session: s}
}

func (d *loginDesk) noteWrong(user string, known bool, now time.Time) {
	if !known { // nothing to lock, and made-up names must not fill the memory
		return
	}
	recent := []time.Time{now}
	for _, at := range d.wrong[user] {
		if now.Sub(at) < lockTime {
			recent = append(recent, at)
		}
	}
	d.wrong[user] = recent
	if len(recent) >= wrongLimit {
		d.lockedUntil[user] = now.Add(lockTime)
		delete(d.wrong, user)
	}
}

func (d *loginDesk) prune(now time.Time) {
	for sid, s := range d.sessions {
		if !now.Before(s.ends) {
			delete(d.sessions, sid)
		}
	}
	for ticket, s := range d.tickets {
		if d.sessions[s.sid] == nil {
			delete(d.tickets, ticket)
		}
	}
}

// find returns the session of a sid, nil when there is none any more.
func (d *loginDesk) find(sid string, now time.Time) *erpSession {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.sessions[sid]
	if s == nil || !now.Before(s.ends) {
		return nil
	}
	return s
}

func (d *loginDesk) ticketFor(s *erpSession) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	ticket := newCookieValue()
	d.tickets[ticket] = s
	return ticket
}

// enter uses up a ticket and returns the app's new JSESSIONID.
func (d *loginDesk) enter(ticket string) (string, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.tickets[ticket]
	if s == nil {
		return "", false
	}
	delete(d.tickets, ticket)
	value := newCookieValue()
	s.apps[value] = true
	return value, true
}

func (d *loginDesk) entered(s *erpSession, java string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return s.apps[java]
}
