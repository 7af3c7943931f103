// Command messages measures the promises about subscribe messages on the real program: what a minute without WeChat costs
// those who send and whether the backlog drains at the configured rate, whether one user's many messages hold others up, and
// what is left of 2,000 messages when the program is killed twenty times on the way.
//
//	go run ./bench/messages [-away 60s] [-kills 20] [-messages 2000]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"snowgate/bench/program"
	"snowgate/sandbox"
)

const (
	template   = "SbOrderStatus-7Qm2xJ0kYw3nVtR8pLzA5cHdE1fGu"
	serviceKey = "service-key-of-the-benchmark"
	adminToken = "admin-token-of-the-benchmark"
	pushToken  = "push-token-of-the-benchmark" //nolint:gosec // of a stand-in
	sendRate   = 50                            // the default, per second
)

func main() {
	away := flag.Duration("away", time.Minute, "how long WeChat is down")
	rate := flag.Int("rate", 40, "messages accepted per second")
	kills := flag.Int("kills", 20, "how often the program is killed")
	messages := flag.Int("messages", 2000, "messages accepted around the kills")
	flag.Parse()
	fmt.Println("| what | figure to reach | measured |\n|---|---|---|")
	for _, measure := range []func() error{
		func() error { return outage(*rate, *away) },
		crowd,
		func() error { return crashes(*kills, *messages) },
	} {
		if err := measure(); err != nil {
			fmt.Fprintln(os.Stderr, "bench/messages:", err)
			os.Exit(1)
		}
	}
}

// house is the program with three people bound to the ERP.
type house struct {
	*program.World
	openids []string
}

func open(more ...string) (h *house, err error) {
	h = &house{}
	h.World, err = program.New("messages", append([]string{
		"SNOWGATE_SERVICE__KEYS=" + serviceKey, "SNOWGATE_ADMIN__TOKENS=" + adminToken, "SNOWGATE_WECHAT__TEMPLATES=" + template, "SNOWGATE_WECHAT__REQUIRE_CONSENT=false",
		"SNOWGATE_WECHAT__CALLBACK_TOKEN=" + pushToken, "SNOWGATE_ERP__SNOWBEASTS__SERVICE_ACCOUNT=staff.li",
		"SNOWGATE_ERP__SNOWBEASTS__SERVICE_PASSWORD=snow-staff-1", "SNOWGATE_MODE=production",
	}, more...)...)
	if err != nil {
		return h, err
	}
	for user, code := range map[string]string{"alice": "SNOW-2026-A", "bob": "SNOW-2026-B", "carol": "SNOW-2026-C"} {
		if err := h.admit(user, code); err != nil {
			return h, err
		}
	}
	return h, h.hear()
}

// hear has WeChat push its events to the program that runs now.
func (h *house) hear() error { return h.WeChat.PushTo(h.URL+"/api/wechat/callback", pushToken, "") }

func (h *house) admit(user, code string) error {
	token, err := h.Login(user)
	if err != nil {
		return err
	}
	if err := h.Post("/api/auth/erp-bind", token, `{"inviteCode":"`+code+`"}`, nil); err != nil {
		return err
	}
	var profile struct{ OpenID string }
	if err := h.Ask(http.DefaultClient, http.MethodGet, "/api/user/profile", token, "", &profile); err != nil {
		return err
	}
	h.openids = append(h.openids, profile.OpenID)
	return nil
}

// send has a message accepted and returns its id. The number is its text and its Idempotency-Key.
func (h *house) send(client *http.Client, openid, number string) (msgID string, err error) {
	var data struct{ MsgID string }
	body := fmt.Sprintf(`{"openid":%q,"templateId":%q,"data":{"character_string1":%q,"phrase2":"进行中","time3":"2026-01-31 10:20","thing4":"x"}}`,
		openid, template, number)
	err = h.Ask(client, http.MethodPost, "/api/wechat/template-msg", serviceKey, body, &data, "Idempotency-Key", number)
	return data.MsgID, err
}

// outage: WeChat is down for a while and accepting goes on.
func outage(rate int, away time.Duration) (err error) {
	h, err := open()
	defer func() { err = errors.Join(err, h.Close()) }()
	if err != nil {
		return err
	}
	accept := func(phase string) func(*http.Client, int) error {
		return func(client *http.Client, n int) error {
			_, err := h.send(client, h.openids[n%len(h.openids)], fmt.Sprintf("%s-%d", phase, n))
			return err
		}
	}
	calm := program.Load(rate, 20*time.Second, accept("calm"))
	h.WeChat.SetFaults(sandbox.Fault{Kind: "reset"})
	down := program.Load(rate, away, accept("down"))
	h.WeChat.ClearFaults()
	back := time.Now()
	sent, err := h.drain(5 * time.Minute)
	if err != nil {
		return err
	}
	fmt.Printf("| accepted at %d/s, WeChat there 20s, then down %s | all | %d + %d, failed %d + %d |\n", rate, away, calm.Answered, down.Answered, calm.Failed, down.Failed)
	fmt.Printf("| p99 of accepting, WeChat there, down | unchanged | %s, %s |\n", calm.Quantile(0.99), down.Quantile(0.99))
	fmt.Printf("| most sends in one second after WeChat was back | %d | %d |\n", sendRate, busiest(sent, back))
	fmt.Printf("| sent, the rest unknown (written, and the connection reset), within | | %d of %d, %s after WeChat was back |\n",
		len(sent), calm.Answered+down.Answered, time.Since(back).Round(time.Second))
	return nil
}

// drain waits until nothing is queued any more, and returns what WeChat received.
func (h *house) drain(patience time.Duration) ([]sandbox.SentMessage, error) {
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for until := time.Now().Add(patience); time.Now().Before(until); <-look.C {
		var queue struct{ Depth map[string]int }
		if err := h.Ask(http.DefaultClient, http.MethodGet, "/api/admin/queue", adminToken, "", &queue); err != nil {
			return nil, err
		}
		if queue.Depth["queued"] == 0 {
			return h.WeChat.Sent(), nil
		}
	}
	return h.WeChat.Sent(), errors.New("messages are queued still")
}

// busiest is the most sends within any second after a moment.
func busiest(sent []sandbox.SentMessage, after time.Time) (most int) {
	var at []time.Time
	for _, m := range sent {
		if m.At.After(after) {
			at = append(at, m.At)
		}
	}
	slices.SortFunc(at, time.Time.Compare)
	for first, last := 0, 0; last < len(at); last++ {
		for at[last].Sub(at[first]) >= time.Second {
			first++
		}
		most = max(most, last-first+1)
	}
	return most
}

// crowd: 500 messages to one user and 500 to others at the same moment.
func crowd() (err error) {
	h, err := open("SNOWGATE_WECHAT__SEND_RATE=500")
	defer func() { err = errors.Join(err, h.Close()) }()
	if err != nil {
		return err
	}
	h.WeChat.SetFaults(sandbox.Fault{Kind: "slow", Match: "send", Delay: 20 * time.Millisecond})
	var all sync.WaitGroup
	for side := range 8 {
		all.Go(func() {
			for n := side; n < 1000; n += 8 {
				openid := h.openids[0]
				if n%2 == 1 {
					openid = h.openids[1+n/2%2]
				}
				_, _ = h.send(http.DefaultClient, openid, fmt.Sprintf("crowd-%d", n))
			}
		})
	}
	all.Wait()
	sent, err := h.drain(2 * time.Minute)
	if err != nil {
		return err
	}
	var one, others time.Time
	for _, m := range sent {
		if m.ToUser == h.openids[0] {
			one = m.At
		} else {
			others = m.At
		}
	}
	fmt.Printf("| 500 to one user, 500 to two others: most at once to one user | 1 | %d of %d sent |\n", h.WeChat.MaxParallelSends(h.openids[0]), len(sent))
	fmt.Printf("| the others' last message before the one's | not held up | %s |\n", one.Sub(others).Round(time.Millisecond))
	return nil
}

// crashes: the program is killed again and again while messages are accepted and sent.
func crashes(kills, messages int) (err error) {
	h, err := open("SNOWGATE_WECHAT__SEND_RATE=500")
	defer func() { err = errors.Join(err, h.Close()) }()
	if err != nil {
		return err
	}
	accepted := map[string]string{}
	for round := range kills {
		for id, number := range h.pour(round, messages/kills) {
			accepted[id] = number
		}
		if err := errors.Join(h.Kill(), h.Start(), h.hear()); err != nil {
			return err
		}
	}
	states, err := h.ended(accepted)
	if err != nil {
		return err
	}
	doubled, astray := h.compare(accepted, states)
	fmt.Printf("| %d messages accepted around %d kills: their states | all at an end | %v |\n", len(accepted), kills, states.count())
	fmt.Printf("| sent twice; table and WeChat disagree | 0, 0 | %d, %d |\n", doubled, astray)
	return nil
}

// pour has eight sides send until enough are accepted.
func (h *house) pour(round, enough int) map[string]string {
	var mu sync.Mutex
	var all sync.WaitGroup
	accepted := map[string]string{}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	for side := range 8 {
		all.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				number := fmt.Sprintf("k-%d-%d-%d", round, side, n)
				id, err := h.send(http.DefaultClient, h.openids[n%len(h.openids)], number)
				mu.Lock()
				if err == nil {
					accepted[id] = number
				}
				if len(accepted) >= enough {
					stop()
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return accepted
}

// table is what message_logs says of each message.
type table map[string]string

func (t table) count() map[string]int {
	count := map[string]int{}
	for _, state := range t {
		count[state]++
	}
	return count
}

// ended waits until the table has every accepted message at an end.
func (h *house) ended(accepted map[string]string) (table, error) {
	db, err := h.Database()
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }()
	look := time.NewTicker(200 * time.Millisecond)
	defer look.Stop()
	for until := time.Now().Add(3 * time.Minute); ; <-look.C {
		var rows []struct {
			ID    string `db:"msg_id"`
			State string `db:"msg_status"`
		}
		if err := db.Select(&rows, `SELECT msg_id, msg_status FROM message_logs`); err != nil {
			return nil, err
		}
		states := table{}
		for _, r := range rows {
			if _, ok := accepted[r.ID]; ok && r.State != "queued" {
				states[r.ID] = r.State
			}
		}
		if len(states) == len(accepted) || time.Now().After(until) {
			return states, nil
		}
	}
}

// compare holds the table to what WeChat received. An unknown one may have arrived or not.
func (h *house) compare(accepted map[string]string, states table) (doubled, astray int) {
	received := map[string]int{}
	for _, m := range h.WeChat.Sent() {
		received[m.Data["character_string1"]]++
	}
	for id, number := range accepted {
		switch {
		case received[number] > 1:
			doubled++
		case states[id] != "unknown" && (states[id] == "sent") != (received[number] == 1):
			astray++
		}
	}
	return doubled, astray
}
