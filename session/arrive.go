package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// Wanted is what a request needs to know besides whose session it is.
type Wanted struct {
	Binding bool // what the session's openid is bound to
	// Address and Caller are what the request counts against, the one whole, the other completed: its Key is followed by a
	// blank and the openid. A Count of 0 is no limit.
	Address, Caller Rate
}

// rates are those of one caller.
func (w Wanted) rates(openid string) [2]Rate {
	w.Caller.Key += " " + openid
	return [2]Rate{w.Address, w.Caller}
}

// limits reports whether the request counts against anything.
func (w Wanted) limits() bool { return w.Address.Count > 0 || w.Caller.Count > 0 }

// Arrival is who has come, and how they stand.
type Arrival struct {
	Session Session
	Renewed bool // its life was extended by this
	// Binding, without its Secret, is there if it was wanted and BindingErr is nil, which may be ErrNotBound,
	// ErrUnreadable or ErrUnavailable.
	Binding    Binding
	BindingErr error
	// Counted: the request was counted, or could not be. Verdict is then of the rates as Store.Limit has it (Address is
	// 0, Caller 1), unless there is a VerdictErr. It may be so though the session is gone.
	Counted    bool
	Verdict    Verdict
	VerdictErr error
}

// Arrive answers what every request of a customer asks, in one round trip: whose session the token opens; what its openid
// is bound to; and whether it comes too often. The session's life is extended by it in the second half of Config.TTL, for
// one of many parallel calls, and never beyond Config.MaxAge.
//
// What is asked of an openid can be asked with the session because the openid of a session never changes, and this
// process remembers it from the last time; a session that it has not seen yet takes two or three round trips. The memory only
// guesses what to ask. What Redis says about the session, the binding and the rates alone counts, each time, so a
// revocation takes effect with the next request on every replica. Where the session turns out to be gone, the answer
// about the binding is thrown away. The openid has then been counted for once; as its session is forgotten here, it is
// not again.
//
// The error is about the session: ErrNotFound (also for what cannot be a token, without asking Redis), ErrUnreadable or
// ErrUnavailable.
func (s *Store) Arrive(ctx context.Context, token string, want Wanted) (Arrival, error) {
	key, id := s.sessionOf(token)
	if id == "" {
		return Arrival{}, fmt.Errorf("get session: malformed token: %w", ErrNotFound)
	}
	q := &questions{s: s, ctx: within{ctx, time.Now().Add(s.cfg.Timeout)}, want: want, id: id, sessionKey: key}
	q.askSession()
	guessed := s.identities.last(id)
	if guessed != nil {
		q.askAbout(guessed.value.OpenID)
	}
	q.fly()
	sess, renewed, err := q.sessionAnswer()
	a := Arrival{Session: sess, Renewed: renewed}
	if err = storeError(ctx, "get session", err); err != nil {
		if errors.Is(err, ErrNotFound) {
			s.identities.forget(id)
		}
		q.countAnswer(&a)
		return a, err
	}
	if guessed == nil || guessed.value.OpenID != sess.OpenID {
		q.askAbout(sess.OpenID)
		q.fly()
	}
	q.bindingAnswer(&a)
	q.countAnswer(&a)
	return a, nil
}

// questions are those of one arrival on their way to Redis and back, with all that has to stay in memory meanwhile: one
// object instead of forty. What go-redis is to send is pointed to, because an argument that is not a pointer is copied
// to the heap.
type questions struct {
	s    *Store
	ctx  within
	want Wanted
	id   string

	session, binding, count *redis.StringCmd // nil: not asked
	asked                   []redis.Cmder    // in this flight
	board                   [3]redis.Cmder
	left                    error // the flight was left: its answers must not be looked at

	sessionKey, bindingKey string
	countKeys              [2]string
	rates                  []rate
	ratesErr               error
	ratesHeld              [2]rate
	numbers                [4]int64
	sessionArgs            [5]any
	bindingArgs            [3]any
	countArgs              [9]any
}

// What never changes in a question is made once.
var (
	getSessionSHA any = getSession.Hash()
	takeRatesSHA  any = takeRates.Hash()
)

func (q *questions) askSession() {
	q.sessionArgs = [5]any{"evalsha", getSessionSHA, 1, &q.sessionKey, &q.s.ttlMS}
	q.session = redis.NewStringCmd(&q.ctx, q.sessionArgs[:]...)
	q.session.SetFirstKeyPos(3)
	q.asked = append(q.board[:0], q.session)
}

// askAbout asks what is wanted to know about somebody.
func (q *questions) askAbout(openid string) {
	if q.want.Binding {
		q.bindingKey = hashedKey(q.s.bindingKeys(), []byte(openid))
		q.bindingArgs = [3]any{"hget", &q.bindingKey, "v"}
		q.binding = redis.NewStringCmd(&q.ctx, q.bindingArgs[:]...)
		q.asked = append(q.asked, q.binding)
	}
	if q.want.limits() {
		q.askCount(q.want.rates(openid))
	}
}

func (q *questions) askCount(checks [2]Rate) {
	if q.rates, q.ratesErr = limited(q.ratesHeld[:0], checks[:]); q.ratesErr != nil {
		return
	}
	args := append(q.countArgs[:0], "evalsha", takeRatesSHA, len(q.rates))
	for i, r := range q.rates {
		q.countKeys[i] = q.s.limitKey(r.Rate)
		args = append(args, &q.countKeys[i])
	}
	for i, r := range q.rates {
		q.numbers[2*i], q.numbers[2*i+1] = r.interval().Microseconds(), int64(r.burst())
		args = append(args, &q.numbers[2*i], &q.numbers[2*i+1])
	}
	q.count = redis.NewStringCmd(&q.ctx, args...)
	q.count.SetFirstKeyPos(3)
	q.asked = append(q.asked, q.count)
}

// fly has what is to be asked answered. Where the connection broke under it, what only reads is asked once more: a count
// that was repeated would count twice.
func (q *questions) fly() {
	asked := q.asked
	if q.asked = asked[:0]; len(asked) == 0 {
		return
	}
	start := time.Now()
	if q.left = q.s.often.ask(&q.ctx, asked); q.left != nil {
		return
	}
	if last := len(asked) - 1; asked[last] == redis.Cmder(q.count) {
		asked = asked[:last]
	}
	if len(asked) > 0 && isConnectionError(asked[0].Err()) && q.ctx.Err() == nil && time.Since(start) < repeatWithin {
		q.left = q.s.often.ask(&q.ctx, asked)
	}
}

// answer is a question's. A Redis that was restarted has forgotten its scripts, and is told the one again.
func (q *questions) answer(cmd *redis.StringCmd, script *redis.Script) (string, error) {
	if q.left != nil {
		return "", q.left
	}
	text, err := cmd.Result()
	if err != nil && script != nil && redis.HasErrorPrefix(err, "NOSCRIPT") {
		args, keys := cmd.Args(), make([]string, cmd.Args()[2].(int)) // as askSession and askCount have written it
		for i := range keys {
			keys[i] = *args[3+i].(*string)
		}
		return script.Eval(&q.ctx, q.s.rdb, keys, args[3+len(keys):]...).Text()
	}
	return text, err
}

func (q *questions) sessionAnswer() (sess Session, renewed bool, err error) {
	row, err := q.answer(q.session, getSession)
	if err != nil {
		return Session{}, false, err
	}
	sess, mark, err := q.s.sessionFrom(q.id, row)
	if err != nil {
		return Session{}, false, err
	}
	return sess, mark == renewedMark, nil
}

// bindingAnswer is the binding that was opened before, if Redis still has the same. Any other is asked for as a whole.
func (q *questions) bindingAnswer(a *Arrival) {
	if !q.want.Binding {
		return
	}
	sealed, err := q.answer(q.binding, nil)
	if errors.Is(err, redis.Nil) {
		err = ErrNotBound
	}
	if err != nil {
		a.BindingErr = storeError(q.ctx.Context, "binding", err)
		return
	}
	known, ok := q.s.bindings.recall(a.Session.OpenID, sealed)
	if !ok {
		a.Binding, a.BindingErr = q.s.Binding(q.ctx.Context, a.Session.OpenID)
		return
	}
	a.Binding = ownCopy(known)
}

func (q *questions) countAnswer(a *Arrival) {
	switch {
	case q.ratesErr != nil:
		a.Verdict, a.VerdictErr = Verdict{Refused: -1}, q.ratesErr
	case q.count != nil:
		a.Verdict, a.VerdictErr = q.verdict()
	case q.want.limits(): // nobody knows whom to count it for
		return
	default:
		a.Verdict = Verdict{Allowed: true, Refused: -1}
	}
	a.Counted = true
}

func (q *questions) verdict() (Verdict, error) {
	row, err := q.answer(q.count, takeRates)
	if err != nil {
		return Verdict{Refused: -1}, storeError(q.ctx.Context, "limit", err)
	}
	v, err := verdictFrom(q.rates, row)
	return v, storeError(q.ctx.Context, "limit", err)
}
