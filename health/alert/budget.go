package alert

import (
	"context"
	"fmt"
	"time"
)

// What a robot gets. WeCom and DingTalk take 20 messages a minute, and DingTalk then blocks a robot for ten minutes, so the
// sum stays two below. Feishu takes 5 a second.
const (
	budgetWindow = time.Minute
	singles      = 14                     // messages of their own in a window
	digests      = 4                      // more, for all that did not fit
	digestEvery  = budgetWindow / digests // so that a digest collects
	budgetGap    = 250 * time.Millisecond // from one message to the next
)

// budget keeps a robot's rate: over the last minute, here and, through the board, in all replicas together. It belongs to one
// goroutine.
type budget struct {
	robot string
	board Board // nil: this replica alone
	sent  [singles + digests]time.Time
}

// take says whether a message may be sent now, and takes its place if so.
func (b *budget) take(ctx context.Context, now time.Time, digest bool) bool {
	from, to := 0, singles
	if digest {
		from, to = singles, singles+digests
	}
	for i := from; i < to; i++ {
		if now.Sub(b.sent[i]) < budgetWindow || !b.claim(ctx, i) {
			continue
		}
		b.sent[i] = now
		return true
	}
	return false
}

// claim takes the place for all replicas. Without the others' word the own count has to do.
func (b *budget) claim(ctx context.Context, place int) bool {
	if b.board == nil {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, boardPatience)
	defer cancel()
	first, err := b.board.Claim(ctx, fmt.Sprintf("alert/%s/%d", b.robot, place), budgetWindow)
	return first || err != nil
}

// spaced is how long to wait so that messages and digests keep their distance.
func (b *budget) spaced(now time.Time, digest bool) time.Duration {
	wait := budgetGap - now.Sub(latest(b.sent[:]))
	if digest {
		wait = max(wait, digestEvery-now.Sub(latest(b.sent[singles:])))
	}
	return max(wait, 0)
}

func latest(times []time.Time) (last time.Time) {
	for _, t := range times {
		if t.After(last) {
			last = t
		}
	}
	return last
}
