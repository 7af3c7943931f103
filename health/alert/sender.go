package alert

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

const (
	maxPending  = 200              // messages kept for a webhook that fails; the oldest go first
	postTimeout = 5 * time.Second  // one attempt
	firstRetry  = time.Second      // doubles with each failure in a row
	lastRetry   = 5 * time.Minute  // and goes up to this
	lookAgain   = 5 * time.Second  // when there is no place in the budget
	lastFlush   = 3 * time.Second  // for what is pending when the process ends
	forever     = 1000 * time.Hour // until woken
)

// The outcomes of a delivery.
const (
	statePending = "pending"
	stateSent    = "sent"
	stateDropped = "dropped" // too many were waiting
)

// Status is how a webhook does. It is fit for an admin: no URL, no secret.
type Status struct {
	Name        string    `json:"name"`
	Webhook     string    `json:"webhook"` // kind and host
	Pending     int       `json:"pending"`
	Sent        int       `json:"sent"`    // messages, those in digests included
	Failed      int       `json:"failed"`  // attempts
	Dropped     int       `json:"dropped"` // messages never delivered
	LastSuccess time.Time `json:"lastSuccess,omitzero"`
	LastFailure time.Time `json:"lastFailure,omitzero"`
	LastError   string    `json:"lastError,omitempty"` // of the last attempt, "" if it went well
	NextAttempt time.Time `json:"nextAttempt,omitzero"`
}

// item is a message on its way to one webhook.
type item struct {
	Message
	entry string // its place in the history
}

// sender brings messages to one webhook, in order, and keeps those it could not bring.
type sender struct {
	hook   *Webhook
	client *http.Client
	log    *slog.Logger
	tell   func(hook, entry, state, problem string) // what became of an entry of the history
	wake   chan struct{}
	budget budget // of the goroutine that sends

	mu       sync.Mutex
	pending  []item // oldest first
	dropped  int    // since the last success
	failures int    // attempts in a row
	notUntil time.Time
	status   Status
}

func newSender(hook *Webhook, cfg Config, tell func(hook, entry, state, problem string)) *sender {
	return &sender{
		hook: hook, client: cfg.client(), log: cfg.Logger, tell: tell, wake: make(chan struct{}, 1),
		budget: budget{robot: hook.id(), board: cfg.Board},
		status: Status{Name: hook.Name(), Webhook: hook.String()},
	}
}

// add puts a message in line. It never waits.
func (s *sender) add(it item) {
	s.mu.Lock()
	var lost *item
	if len(s.pending) >= maxPending {
		lost = &s.pending[0]
		s.pending = s.pending[1:]
		s.dropped++
		s.status.Dropped++
	}
	s.pending = append(s.pending, it)
	s.mu.Unlock()
	if lost != nil {
		s.tell(s.hook.Name(), lost.entry, stateDropped, "too many were waiting")
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// run sends until ctx ends, and then tries once to bring what is left.
func (s *sender) run(ctx context.Context) {
	for {
		wait := s.turn(ctx)
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-s.wake:
		case <-ctx.Done():
			timer.Stop()
			s.flush(context.WithoutCancel(ctx))
			return
		}
		timer.Stop()
	}
}

// turn sends what may be sent now, and says how long to wait for the next turn.
func (s *sender) turn(ctx context.Context) time.Duration {
	for ctx.Err() == nil {
		now := time.Now()
		n, failing, wait := s.look(now)
		if n == 0 || wait > 0 {
			return wait
		}
		batch, wait := s.pick(ctx, now, n, failing)
		if batch == 0 {
			return wait
		}
		s.send(ctx, batch)
	}
	return 0
}

// look says how many wait, whether the last attempt failed, and how long the webhook is to be left alone.
func (s *sender) look(now time.Time) (n int, failing bool, wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.pending) == 0 {
		return 0, false, forever
	}
	return len(s.pending), s.failures > 0, max(s.notUntil.Sub(now), 0)
}

// pick decides between the oldest message and a digest of all: each by itself while the budget lasts, unless the webhook
// fails and several wait.
func (s *sender) pick(ctx context.Context, now time.Time, n int, failing bool) (batch int, wait time.Duration) {
	if wait = s.budget.spaced(now, false); wait > 0 {
		return 0, wait
	}
	if (n == 1 || !failing) && s.budget.take(ctx, now, false) {
		return 1, 0
	}
	if wait = s.budget.spaced(now, true); wait > 0 {
		return 0, wait
	}
	if s.budget.take(ctx, now, true) {
		return n, 0
	}
	return 0, lookAgain
}

// send brings the first messages in one.
func (s *sender) send(ctx context.Context, batch int) {
	items, message := s.joined(batch)
	ctx, cancel := context.WithTimeout(ctx, postTimeout)
	defer cancel()
	err := s.hook.post(ctx, s.client, message)
	if err != nil && errors.Is(ctx.Err(), context.Canceled) {
		return // the process ends; flush tries again
	}
	s.settle(items, err)
}

// joined is the first messages as one.
func (s *sender) joined(batch int) ([]item, Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	items := append([]item(nil), s.pending[:min(batch, len(s.pending))]...)
	if len(items) == 1 {
		m := items[0].Message
		m.Dropped = s.dropped
		return items, m
	}
	digest := Message{Event: Digest, At: items[len(items)-1].At, Replica: items[0].Replica, Dropped: s.dropped}
	for _, it := range items {
		digest.Messages = append(digest.Messages, it.Message)
	}
	return items, digest
}

// settle enters what came of an attempt.
func (s *sender) settle(items []item, err error) {
	now := time.Now()
	s.mu.Lock()
	if err == nil {
		s.remove(items)
		s.failures, s.dropped, s.notUntil = 0, 0, time.Time{}
		s.status.Sent += len(items)
		s.status.LastSuccess, s.status.LastError = now, ""
	} else {
		s.failures++
		s.notUntil = now.Add(s.pause(err))
		s.status.Failed++
		s.status.LastFailure, s.status.LastError = now, err.Error()
	}
	failures := s.failures
	s.mu.Unlock()
	state, problem := stateSent, ""
	if err != nil {
		state, problem = statePending, err.Error()
		s.log.Warn("alert not delivered, will be tried again", "webhook", s.hook.Name(), "attempts", failures, "error", problem)
	}
	for _, it := range items {
		s.tell(s.hook.Name(), it.entry, state, problem)
	}
}

// remove takes out what was sent; meanwhile the oldest may have been dropped. The caller holds the lock.
func (s *sender) remove(items []item) {
	last := items[len(items)-1].entry
	for i, it := range s.pending {
		if it.entry == last {
			s.pending = s.pending[i+1:]
			return
		}
	}
}

// pause is how long to leave the webhook alone after a failure. The caller holds the lock.
func (s *sender) pause(err error) time.Duration {
	d := min(firstRetry<<min(s.failures-1, 20), lastRetry)
	d = time.Duration(float64(d) * (0.8 + 0.4*rand.Float64())) //nolint:gosec // spreads replicas, protects nothing
	var r *Refusal
	if errors.As(err, &r) {
		d = max(d, r.Pause)
	}
	return d
}

// flush is the last attempt of a process that ends. What it cannot bring is lost, and the log says how much.
func (s *sender) flush(ctx context.Context) {
	s.mu.Lock()
	n, blocked := len(s.pending), time.Now().Before(s.notUntil)
	s.mu.Unlock()
	if n == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, lastFlush)
	defer cancel()
	if !blocked && s.budget.take(ctx, time.Now(), true) {
		items, message := s.joined(n)
		s.settle(items, s.hook.post(ctx, s.client, message))
	}
	if left := s.Status().Pending; left > 0 {
		s.log.Error("alerts were not delivered before the end", "webhook", s.hook.Name(), "messages", left)
	}
}

// Status is a look at the webhook.
func (s *sender) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	status := s.status
	status.Pending = len(s.pending)
	if s.failures > 0 && status.Pending > 0 {
		status.NextAttempt = s.notUntil
	}
	return status
}
