package alert

import (
	"context"
	"fmt"
	"sync"
	"time"

	"snowgate/health"
)

const (
	spoolCritical       = 0.8                // of its bound: soon writes will be refused
	certificateCritical = 3 * 24 * time.Hour // a weekend
	loginWindow         = time.Minute
	loginCalm           = 5 * time.Minute // below half the limit for so long, and it is over
)

func (r *Rules) standby() {
	if r.sources.Standby == nil {
		return
	}
	r.raiseIf(r.sources.Standby(), Alert{
		Key: "erp.standby", Severity: Warning,
		Title: health.Words{ZH: "ERP 已切换到备用通道", EN: "the ERP's standby channel is in use"},
		Text:  health.Words{ZH: "查询改走备用通道；主通道连续两次探测正常后自动切回。", EN: "Reads go to the standby; two good probes of the primary bring it back."},
	})
}

func (r *Rules) queue(ctx context.Context) {
	if r.sources.Queue == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	q, err := r.sources.Queue(ctx)
	if err != nil {
		if !r.lost && ctx.Err() == nil {
			r.log.Warn("the message queue cannot be asked how it does", "error", err)
		}
		r.lost = true
		return // what is known of it stays as it is; Redis has its own alert
	}
	r.lost = false
	r.raiseIf(q.Oldest >= r.limits.QueueStuck, Alert{
		Key: "queue.stuck", Severity: Critical,
		Title: health.Words{ZH: "消息队列堵塞", EN: "the message queue is stuck"},
		Text: health.Words{
			ZH: fmt.Sprintf("%d 条消息在等待，最早的一条已等待 %s", q.Waiting, spell(q.Oldest).ZH),
			EN: fmt.Sprintf("%d messages wait, the oldest for %s", q.Waiting, spell(q.Oldest).EN),
		},
	})
	r.raiseIf(q.Dead > 0, Alert{
		Key: "queue.dead", Severity: Warning,
		Title: health.Words{ZH: "有消息未能发出", EN: "messages could not be sent"},
		Text: health.Words{
			ZH: fmt.Sprintf("%d 条消息已放弃发送，请在控制台查看原因并重试或丢弃", q.Dead),
			EN: fmt.Sprintf("%d messages were given up; see the console for the reasons, then retry or drop them", q.Dead),
		},
	})
}

func (r *Rules) spool() {
	if r.sources.Spool == nil {
		return
	}
	s := r.sources.Spool()
	a := Alert{
		Key: r.local("spool.growing"), Severity: Warning,
		Title: health.Words{ZH: "审计日志积压", EN: "the audit spool grows"},
		Text: health.Words{
			ZH: fmt.Sprintf("%d 行等待写入数据库，最早的已等待 %s，已用 %.0f%% 容量；写满后绑定、登记和发消息将被拒绝", s.Pending, spell(s.Oldest).ZH, 100*s.Fill),
			EN: fmt.Sprintf("%d rows wait for the database, the oldest for %s, %.0f %% full; when it is full, writes are refused", s.Pending, spell(s.Oldest).EN, 100*s.Fill),
		},
	}
	if s.Fill >= spoolCritical {
		a.Severity = Critical
	}
	r.raiseIf(s.Pending > 0 && s.Oldest >= r.limits.SpoolAge || s.Fill >= r.limits.SpoolFill, a)
}

// certificates also clears those that are no longer named.
func (r *Rules) certificates(now time.Time) {
	if r.sources.Certificates == nil {
		return
	}
	near := map[string]bool{}
	for _, c := range r.sources.Certificates() {
		if left := c.Ends.Sub(now); left < r.limits.Certificate {
			near["certificate."+c.Name] = true
			r.manager.Raise(c.alert(left))
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for key := range r.raised {
		if !near[key] {
			r.manager.Clear(key)
		}
	}
	r.raised = near
}

func (c Certificate) alert(left time.Duration) Alert {
	a := Alert{
		Key: "certificate." + c.Name, Severity: Warning,
		Title: health.Words{ZH: "证书即将到期：" + c.Name, EN: "a certificate is near its end: " + c.Name},
	}
	day := c.Ends.Format("2006-01-02 15:04")
	a.Text = health.Words{
		ZH: fmt.Sprintf("%s 到期，还剩 %d 天", day, int(left.Hours()/24)),
		EN: fmt.Sprintf("it ends on %s, in %d days", day, int(left.Hours()/24)),
	}
	if left <= 0 {
		a.Text = health.Words{ZH: day + " 已经到期", EN: "it ended on " + day}
	}
	if left < certificateCritical {
		a.Severity = Critical
	}
	return a
}

// burst counts failed logins in two half windows, which is enough to see a crowd.
type burst struct {
	mu      sync.Mutex
	began   time.Time // of the running half
	running int
	before  int
	raised  bool
	busy    time.Time // when there were last half as many as the limit
}

// LoginFailed counts one failed login or binding of somebody on this replica: a wrong password, an invite code that does not
// exist. Rules.Run looks at the count every 2 s.
func (r *Rules) LoginFailed() {
	r.logins.mu.Lock()
	defer r.logins.mu.Unlock()
	r.logins.turn(time.Now())
	r.logins.running++
}

// turn goes on to the half window of now. The caller holds the lock.
func (b *burst) turn(now time.Time) {
	switch passed := now.Sub(b.began); {
	case passed < loginWindow/2:
	case passed < loginWindow:
		b.began, b.before, b.running = b.began.Add(loginWindow/2), b.running, 0
	default:
		b.began, b.before, b.running = now, 0, 0
	}
}

// judge raises and clears the alert of a burst. It is not over at the first quiet minute: who guesses takes breaks.
func (b *burst) judge(r *Rules, now time.Time) {
	b.mu.Lock()
	b.turn(now)
	n := b.running + b.before
	if 2*n >= r.limits.LoginFailures {
		b.busy = now
	}
	if n >= r.limits.LoginFailures {
		b.raised = true
	} else if now.Sub(b.busy) >= loginCalm {
		b.raised = false
	}
	raise, over := n >= r.limits.LoginFailures, !b.raised
	b.mu.Unlock()
	a := Alert{
		Key: r.local("login.failures"), Severity: Warning,
		Title: health.Words{ZH: "登录失败激增", EN: "a burst of failed logins"},
		Text: health.Words{
			ZH: fmt.Sprintf("本副本最近一分钟内有 %d 次登录或绑定失败，可能有人在试密码或邀请码", n),
			EN: fmt.Sprintf("%d logins or bindings failed on this replica within the last minute; somebody may be guessing", n),
		},
	}
	switch {
	case raise:
		r.manager.Raise(a)
	case over:
		r.manager.Clear(a.Key)
	}
}

// spell is a duration in words.
func spell(d time.Duration) health.Words { return lasted(int64(d.Seconds())) }
