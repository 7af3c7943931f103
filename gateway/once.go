package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"snowgate/audit"
	"snowgate/erpclient"
	"snowgate/session"
)

// Intents remembers writes that must happen once, for all replicas. Errors: session.ErrUnavailable.
type Intents interface {
	// BeginIntent says whether the write is the caller's to do, somebody else's, done, or of unknown outcome.
	BeginIntent(ctx context.Context, key, fingerprint string, lease time.Duration) (session.Intent, error)
	// AwaitIntent waits for somebody else's write to end, until ctx does.
	AwaitIntent(ctx context.Context, key, fingerprint string, lease time.Duration) (session.Intent, error)
	// FinishIntent keeps the outcome for those who ask again, LoseIntent that it is unknown, FreeIntent that nothing happened.
	FinishIntent(ctx context.Context, key, owner string, outcome []byte) error
	LoseIntent(ctx context.Context, key, owner string) error
	FreeIntent(ctx context.Context, key, owner string) error
	// Nickname gives key to a request without one: the first to ask within ttl names it for all who ask the same.
	Nickname(ctx context.Context, request, key string, ttl time.Duration) (string, error)
}

const (
	// intentLease outlives a write's own deadline: an owner that has not ended by then is dead.
	intentLease = 15 * time.Second
	// doubleTap is how long the same request without a key counts as the same tap.
	doubleTap = 10 * time.Second
	// doubtfulTap is how long it does after an outcome that nobody knows: the person will try again, and must not write twice.
	doubtfulTap = 10 * time.Minute
	// intentRetry is when to come back to a write that is still under way.
	intentRetry = time.Second
)

// once is a write that must happen at most once.
type once struct {
	op       string
	request  any    // what is asked for: the same key with another one is refused
	operator string // who does it, for the record
	// do writes; reference is ours and unique. find looks the outcome up by the same reference.
	do   func(ctx context.Context, reference string) (any, error)
	find func(ctx context.Context, reference string) (any, error)
}

// settled is how a write ended, as it is kept for those who ask again.
type settled struct {
	key     string
	derived bool // the key is ours, made because the client had none
	outcome json.RawMessage
	replay  bool // it was done before
}

// writeOnce carries the write out unless that was done. The order is what the promise is made of: the key is taken, the
// intent is on disk, the ERP is asked, the outcome is kept. Whatever is lost on the way, the next one with the key
// finds out how far it got, and never writes again.
func (s *Server) writeOnce(c *call, w once) (settled, error) {
	key, derived, err := s.keyFor(c, w)
	if err != nil {
		return settled{}, err
	}
	c.Response().Header().Set(headerIdempotency, key)
	scoped := w.op + "\n" + c.session.OpenID + "\n" + key
	intent, err := s.intentFor(c.Request().Context(), scoped, fingerprint(w.request))
	if err != nil {
		return settled{}, err
	}
	result := settled{key: key, derived: derived}
	j := &job{server: s, call: c, once: w, scoped: scoped, owner: intent.Owner, reference: referenceOf(scoped)}
	switch intent.State {
	case session.IntentDone:
		result.outcome, result.replay = intent.Outcome, true
	case session.IntentMismatch:
		err = keyReused.because(nil)
	case session.IntentRunning:
		err = inProgress.after(intentRetry, nil)
	case session.IntentLost:
		result.outcome, err = j.lookUp(c.Request().Context(), errors.New("the write was begun before and did not end"))
	default:
		result.outcome, err = j.carryOut(c.Request().Context())
	}
	if derived && mayHaveHappened(err) {
		s.remember(c, w, key)
	}
	return result, naming(key, err)
}

// intentLease is how long a write may be in hand.
func (s *Server) intentLease() time.Duration { return max(intentLease, 2*s.cfg.WriteTimeout) }

// intentFor takes the key, or waits within the request's time for whoever has it.
func (s *Server) intentFor(ctx context.Context, scoped, request string) (session.Intent, error) {
	intent, err := s.deps.Intents.BeginIntent(ctx, scoped, request, s.intentLease())
	if err == nil && intent.State == session.IntentRunning {
		intent, err = s.deps.Intents.AwaitIntent(ctx, scoped, request, s.intentLease())
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return session.Intent{State: session.IntentRunning}, nil
	case errors.Is(err, session.ErrUnreadable): // done, but sealed by a key that was dropped: the ERP knows
		return session.Intent{State: session.IntentLost}, nil
	default:
		return intent, err
	}
}

// keyFor is the client's key, or one that stands for the same request of the same session within the last ten seconds.
func (s *Server) keyFor(c *call, w once) (key string, derived bool, err error) {
	if key, err = c.idempotencyKey(); err != nil || key != "" {
		return key, false, err
	}
	key, err = s.deps.Intents.Nickname(c.Request().Context(), s.tapOf(c, w), newID(), doubleTap)
	return key, true, err
}

func (s *Server) tapOf(c *call, w once) string {
	return w.op + "\n" + c.session.ID + "\n" + fingerprint(w.request)
}

// remember has the same request mean the same write for longer.
func (s *Server) remember(c *call, w once, key string) {
	ctx := context.WithoutCancel(c.Request().Context())
	if _, err := s.deps.Intents.Nickname(ctx, s.tapOf(c, w), key, doubtfulTap); err != nil {
		s.cfg.Logger.Warn("doubtful write not remembered", "request_id", c.id, "error", err)
	}
}

// naming tells the client by which key it may ask what became of a write of unknown outcome.
func naming(key string, err error) error {
	if !mayHaveHappened(err) {
		return err
	}
	return &fault{problem: outcomeUnknown, data: map[string]string{"idempotencyKey": key}, cause: err}
}

// referenceOf is what the ERP knows the write by: letters and digits.
func referenceOf(scoped string) string { return fingerprint(scoped)[:32] }

// job is one write that is ours to carry out.
type job struct {
	server    *Server
	call      *call
	once      once
	scoped    string // the key with whose it is
	owner     string // our name at the intent
	reference string
}

// carryOut writes the intent down, then asks the ERP.
func (j *job) carryOut(ctx context.Context) (json.RawMessage, error) {
	if err := j.note("intended", "", nil); err != nil {
		j.end(ctx, j.server.deps.Intents.FreeIntent)
		return nil, auditUnavailable.after(storeRetry, err)
	}
	v, err := j.once.do(ctx, j.reference)
	switch {
	case err == nil:
		return j.finish(ctx, v)
	case mayHaveHappened(err):
		return j.lookUp(ctx, err)
	default:
		j.end(ctx, j.server.deps.Intents.FreeIntent)
		_ = j.note("failed", "", err) // the intent is on disk; this only says how it went on
		return nil, err
	}
}

// mayHaveHappened reports whether the ERP may have written. Everything it said no to has not.
func mayHaveHappened(err error) bool {
	return erpclient.KindOf(err) == erpclient.KindOutcomeUnknown
}

// lookEvery is how often the ERP is asked for a write that may still be on its way there.
const lookEvery = 300 * time.Millisecond

// lookUp asks the ERP whether it wrote, again and again while there is time. What it does not find may still be on its way
// there, so that it proves nothing.
func (j *job) lookUp(ctx context.Context, why error) (json.RawMessage, error) {
	for {
		v, err := j.once.find(ctx, j.reference)
		if err == nil {
			return j.finish(ctx, v)
		}
		if erpclient.KindOf(err) != erpclient.KindNotFound || !waits(ctx, lookEvery) {
			break
		}
	}
	j.end(ctx, j.server.deps.Intents.LoseIntent)
	_ = j.note("unknown", "", why)
	return nil, &erpclient.Error{Op: j.once.op, Kind: erpclient.KindOutcomeUnknown, Err: why}
}

// finish keeps the outcome. The write is done, whatever happens here: an outcome that cannot be kept is looked up by
// the next one who asks.
func (j *job) finish(ctx context.Context, v any) (json.RawMessage, error) {
	outcome, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	j.end(ctx, func(ctx context.Context, key, owner string) error {
		return j.server.deps.Intents.FinishIntent(ctx, key, owner, outcome)
	})
	_ = j.note("done", recordID(outcome), nil)
	return outcome, nil
}

// end tells the intents how it ended, apart from the request's deadline.
func (j *job) end(ctx context.Context, how func(ctx context.Context, key, owner string) error) {
	if err := how(context.WithoutCancel(ctx), j.scoped, j.owner); err != nil {
		j.server.cfg.Logger.Warn("intent not ended", "request_id", j.call.id, "op", j.once.op, "error", err)
	}
}

// recordID is the id that an outcome names, for the record.
func recordID(outcome []byte) string {
	var ids struct {
		RecordID string `json:"recordId"`
		ID       string `json:"id"`
	}
	_ = json.Unmarshal(outcome, &ids) // an outcome without one has none
	if ids.RecordID != "" {
		return ids.RecordID
	}
	return ids.ID
}

// note puts a step of the write on disk.
func (j *job) note(state, recordID string, cause error) error {
	s, c := j.server, j.call
	text := ""
	if cause != nil {
		text = faultFor(cause).Name
	}
	request, err := json.Marshal(j.once.request)
	if err != nil {
		return err
	}
	return s.deps.Log.Write(audit.WriteChange{
		KeyHash: fingerprint(j.scoped), OpenID: s.deps.Masker.Pseudonym("openid", c.session.OpenID), SessionID: c.session.ID,
		Op: j.once.op, Reference: j.reference, Operator: j.once.operator, ERPUsername: c.binding.ERPUsername,
		Params: s.deps.Masker.JSON(request, maxLoggedAnswer), State: state, ERPRecordID: recordID, Error: text,
		RequestID: c.id, IntendedAt: c.record.start,
	})
}

// waits reports whether it was for the whole time, and time is left.
func waits(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
