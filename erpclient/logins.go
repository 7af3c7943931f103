package erpclient

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"
	"golang.org/x/sync/singleflight"
)

// SessionStore shares ERP sessions between replicas. What it keeps is sealed by the implementation.
type SessionStore interface {
	// Load returns the session kept under key; ok is false when there is none.
	Load(ctx context.Context, key string) (session []byte, ok bool, err error)
	Save(ctx context.Context, key string, session []byte, ttl time.Duration) error
	// Drop removes the session only if it is still this one.
	Drop(ctx context.Context, key string, session []byte) error
	// Lock waits for the lease on name until ctx ends.
	Lock(ctx context.Context, name string, lease time.Duration) (unlock func(), err error)
}

// Keyring finds the credentials of an identity when the ERP has to be logged in to again.
type Keyring interface {
	Credentials(ctx context.Context, id Identity) (Credentials, error)
	// Reject tells that the ERP no longer accepts them: the binding has ended.
	Reject(ctx context.Context, id Identity)
}

// opLogin is the operation's name in errors, metrics and traces.
const opLogin = "login"

const (
	// loginLease outlives the slowest login, so that two replicas never log in at the same time.
	loginLease = 15 * time.Second
	// refusalMemory keeps us from repeating a refused password: ERPs lock accounts, typically for a quarter of an hour.
	refusalMemory = 15 * time.Minute
	// renewalMemory is how long a fresh login that did not help proves that the session was not what was wrong.
	renewalMemory = 5 * time.Second
	// maxRemembered bounds what the process keeps for itself: copies of sessions, and what it learnt lately.
	maxRemembered = 10_000
	// maxLogins is how many accounts may be logging in at the same time on one channel.
	maxLogins = 4
)

// logins keeps one ERP session per account on one channel: a copy in the process, the truth in the store, and one login
// at a time across replicas. Safe for concurrent use.
type logins struct {
	system  string // the Client's Name
	channel string
	driver  Driver
	breaker *breaker
	// bulkhead bounds the logins at the ERP: they are slow, and a crowd that comes back at once would queue up there.
	bulkhead *bulkhead
	store    SessionStore
	keys     Keyring
	timeout  time.Duration
	now      func() time.Time
	log      *slog.Logger
	tracer   trace.Tracer                       // nil: no spans
	told     func(started time.Time, err error) // hears of each login at the ERP, and of each that was refused before it left

	good    atomic.Pointer[time.Time] // when a login last went well; nil if none has
	flights singleflight.Group
	mu      sync.Mutex
	local   map[string]Session
	refused map[Credentials]time.Time // until when a refused password is not tried again
	useless map[renewal]time.Time     // until when a renewal is known not to help
}

// key names an account's session in the store, and its lock.
func (l *logins) key(account string) string { return systemKey(l.system, l.channel+"\x00"+account) }

// systemKey is a key that a store knows as this system's. The main ERP's have no mark, as before there were others.
func systemKey(system, key string) string {
	if system == "" {
		return key
	}
	return system + "\x00" + key
}

// session returns a session for the identity that is not the dead one: the process's copy, else the store's, else a
// new login. A caller who gives up does not end the login that others wait for: dead must not change any more.
func (l *logins) session(ctx context.Context, id Identity, dead *Session) (Session, error) {
	if s, ok := l.cached(id.Account); ok && serves(s, id, dead) {
		return s, nil
	}
	// Two owners of one account fly apart: one's outdated password is not the other's failure.
	result := l.flights.DoChan(params(id.Account, id.Owner, id.Proof), func() (any, error) {
		shared, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.timeout)
		defer cancel()
		return l.fetch(shared, id, dead)
	})
	select {
	case r := <-result:
		s, _ := r.Val.(Session)
		return s, r.Err
	case <-ctx.Done():
		return Session{}, contextError(ctx, opLogin)
	}
}

// serves reports whether the identity may use the session: it was made with the secret the identity was bound with, and
// the ERP has not declared it dead.
func serves(s Session, id Identity, dead *Session) bool {
	return s.Proof == id.Proof && (dead == nil || s.Token != dead.Token)
}

// remember adds to a map that starts anew when it is full: what is in it can be looked up or learnt again.
func remember[K comparable, V any](m map[K]V, key K, value V) {
	if len(m) >= maxRemembered {
		clear(m)
	}
	m[key] = value
}

func (l *logins) cached(account string) (Session, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s, ok := l.local[account]
	return s, ok && l.now().Before(s.ExpiresAt)
}

func (l *logins) keep(account string, s Session) {
	l.mu.Lock()
	defer l.mu.Unlock()
	remember(l.local, account, s)
}

// fetch looks into the store, and logs in under the account's lock when there is nothing to use.
func (l *logins) fetch(ctx context.Context, id Identity, dead *Session) (Session, error) {
	if s, ok, err := l.stored(ctx, id, dead); ok || err != nil {
		return s, err
	}
	unlock, err := l.lock(ctx, id.Account)
	if err != nil {
		return Session{}, err
	}
	defer unlock()
	// Another replica may have logged in while this one waited for the lock.
	if s, ok, err := l.stored(ctx, id, dead); ok || err != nil {
		return s, err
	}
	creds, err := l.keys.Credentials(ctx, id)
	if err != nil {
		return Session{}, err
	}
	s, err := l.renew(ctx, creds)
	if KindOf(err) == KindBadCredentials {
		return Session{}, l.rejected(ctx, id, err)
	}
	return s, err
}

// lock is held by whoever logs the account in, on any replica.
func (l *logins) lock(ctx context.Context, account string) (unlock func(), err error) {
	unlock, err = l.store.Lock(ctx, "erp-login\x00"+l.key(account), loginLease)
	if err != nil {
		return nil, storeError(ctx, err)
	}
	return unlock, nil
}

// rejected ends a binding whose password the ERP no longer takes. A refused service account is our configuration's
// fault, not the customer's: for them the ERP is unavailable.
func (l *logins) rejected(ctx context.Context, id Identity, err error) error {
	if id.Owner != "" {
		l.keys.Reject(ctx, id)
		return err
	}
	l.log.Error("the erp refuses the service account", "channel", l.channel, "error", err)
	return &Error{Op: opLogin, Kind: KindUnavailable, RetryAfter: time.Minute, Err: err}
}

// stored is the shared session, unless it is the dead one, which it forgets.
func (l *logins) stored(ctx context.Context, id Identity, dead *Session) (Session, bool, error) {
	blob, ok, err := l.store.Load(ctx, l.key(id.Account))
	if err != nil {
		return Session{}, false, storeError(ctx, err)
	}
	var s Session
	if !ok || json.Unmarshal(blob, &s) != nil || !l.now().Before(s.ExpiresAt) {
		return Session{}, false, nil
	}
	if s.Proof != id.Proof { // somebody else's with the same account, and good for them
		return Session{}, false, nil
	}
	if !serves(s, id, dead) {
		return Session{}, false, storeError(ctx, l.store.Drop(ctx, l.key(id.Account), blob))
	}
	l.keep(id.Account, s)
	return s, true, nil
}

// storeError leaves the store's own error readable (the gateway tells an unreachable store by it), but tells our own
// deadline apart: waiting for another replica's login is the ERP's slowness, not the store's.
func storeError(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return contextError(ctx, opLogin)
	}
	return err
}

// renew logs in with kept credentials, unless the ERP refused them a moment ago.
func (l *logins) renew(ctx context.Context, creds Credentials) (Session, error) {
	if l.refusedLately(creds) {
		return Session{}, Errorf(opLogin, KindBadCredentials, "refused by the ERP less than %s ago", refusalMemory)
	}
	return l.login(ctx, creds)
}

// login asks the ERP, once, and shares the session.
func (l *logins) login(ctx context.Context, creds Credentials) (Session, error) {
	start := time.Now()
	spanned, span := startAttempt(ctx, l.tracer, opLogin, l.channel, 1)
	s, err := through(ctx, l.breaker, l.bulkhead, opLogin, func() (Session, error) { return l.driver.Login(spanned, creds) })
	endLogin(span, err)
	l.told(start, err)
	if KindOf(err) == KindBadCredentials {
		l.refuse(creds)
	}
	if err != nil {
		return Session{}, loginError(err)
	}
	s.Proof = creds.Proof()
	now := l.now()
	l.good.Store(&now)
	l.forgive(creds)
	l.keep(creds.Account, s)
	if err := l.save(ctx, creds.Account, s); err != nil {
		l.log.Warn("erp session not shared", "channel", l.channel, "error", err)
	}
	return s, nil
}

// loginError bears the login's own name, whatever a driver calls its steps: by it the Client knows not to repeat it.
func loginError(err error) error {
	var e *Error
	if errors.As(err, &e) && e.Op != opLogin {
		return &Error{Op: opLogin, Kind: e.Kind, RetryAfter: e.RetryAfter, Err: err}
	}
	return err
}

func (l *logins) save(ctx context.Context, account string, s Session) error {
	blob, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return l.store.Save(ctx, l.key(account), blob, s.ExpiresAt.Sub(l.now()))
}

// verify logs in to see whether a person's credentials are right, one login at a time per account. It asks the ERP even
// about a password that was just refused: the account may have been mended meanwhile, and the caller counts the tries.
func (l *logins) verify(ctx context.Context, creds Credentials) (Session, error) {
	unlock, err := l.lock(ctx, creds.Account)
	if err != nil {
		return Session{}, err
	}
	defer unlock()
	return l.login(ctx, creds)
}

func (l *logins) refusedLately(c Credentials) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now().Before(l.refused[c])
}

func (l *logins) forgive(c Credentials) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.refused, c)
}

func (l *logins) refuse(c Credentials) {
	l.mu.Lock()
	defer l.mu.Unlock()
	remember(l.refused, c, l.now().Add(refusalMemory))
}

// renewal is a reason to log in again: an account, and what the failure is where its session was not lost ("" where the
// ERP left no doubt). That a renewal did not help with one says nothing about the others.
type renewal struct {
	account   string
	otherwise Kind
}

// helps reports whether logging in again may help. Right after a renewal that changed nothing it does not: otherwise a
// customer asking for records that do not exist, or an ERP that answers everything with its login page, would lead to
// one login per question.
func (l *logins) helps(r renewal) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.now().Before(l.useless[r])
}

func (l *logins) wasUseless(r renewal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	remember(l.useless, r, l.now().Add(renewalMemory))
}
