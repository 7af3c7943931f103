package queue

import (
	"time"

	"snowgate/wxmsg"
)

// tuning is what tests shorten.
type tuning struct {
	leaseSlack   time.Duration // beyond SendTimeout, before a message in hand counts as lost
	fresh        time.Duration // how old a claim may be when its send begins
	enqueueGrace time.Duration // for a fresh turn's task to appear
	touchSlack   time.Duration // beyond what was announced, before a turn counts as abandoned
	waiting      time.Duration // between looks after a turn whose task waits in asynq
	sweepEvery   time.Duration
	sweepLease   time.Duration
	noteAfter    time.Duration // what is unnoted for so long is noted by the sweeper
	statsEvery   time.Duration
	checkEvery   time.Duration // asynq's look for tasks, when idle
	retryFrom    time.Duration // the first retry; each further one waits three times as long
	retryTo      time.Duration
	brakeAfter   int           // failures in a row, of whatever messages, until the queue goes at a walk
	brakeFrom    time.Duration // then one message tries it, after so long
	brakeTo      time.Duration // at most so long
	turnMessages int           // after which a mailbox goes behind the others
	turnTime     time.Duration
	gateWait     time.Duration // how long a worker waits for its chance to wait for the pace
	stopWithin   time.Duration
	doubtFor     time.Duration // how long a credit reported once waits for its second report
	fateOf       func(error) wxmsg.Fate
}

var defaultTuning = tuning{
	leaseSlack:   2 * time.Second,
	fresh:        time.Second,
	enqueueGrace: 2 * time.Second,
	touchSlack:   2 * time.Second,
	waiting:      30 * time.Second,
	sweepEvery:   time.Second,
	sweepLease:   3 * time.Second,
	noteAfter:    5 * time.Second,
	statsEvery:   5 * time.Second,
	checkEvery:   200 * time.Millisecond,
	retryFrom:    time.Second,
	retryTo:      5 * time.Minute,
	brakeAfter:   5,
	brakeFrom:    500 * time.Millisecond,
	brakeTo:      5 * time.Second,
	turnMessages: 20,
	turnTime:     20 * time.Second,
	gateWait:     5 * time.Second,
	stopWithin:   8 * time.Second,
	doubtFor:     10 * time.Minute,
	fateOf:       wxmsg.FateOf,
}

// lease is how long a message may be in hand. It outlasts the send, so that no second send to its user begins meanwhile.
func (q *Queue) lease() time.Duration { return q.cfg.SendTimeout + q.tuning.leaseSlack }

// touch is how long a turn may go without a sign of life while it works.
func (q *Queue) touch() time.Duration { return q.lease() + q.tuning.touchSlack }
