package queue

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"snowgate/session"
	"snowgate/wxmsg"
)

// A child process sends for the queue that its environment names, until it is killed.
const (
	childEnv  = "SNOWGATE_QUEUE_CHILD" // prefix
	childAddr = "SNOWGATE_QUEUE_CHILD_REDIS"
	childSend = "SNOWGATE_QUEUE_CHILD_URL"
)

func beChild() {
	keys, err := session.ParseKeys([]string{testKey})
	if err != nil {
		panic(err)
	}
	sealer, err := session.NewSealer(keys)
	if err != nil {
		panic(err)
	}
	url := os.Getenv(childSend)
	q, err := New(Config{
		Redis:  redis.NewClient(&redis.Options{Addr: os.Getenv(childAddr), MaxRetries: -1, ContextTimeoutEnabled: true}),
		Prefix: os.Getenv(childEnv), Sealer: sealer, Pseudonym: sealer.Pseudonym, Workers: 4, Rate: 2000, Timeout: 5 * time.Second,
		SendTimeout: time.Second, Sender: httpSender(url), Note: func(c Change) error { return post(url+"/note", c) },
	})
	if err != nil {
		panic(err)
	}
	q.tuning = quick()
	_ = q.Run(context.Background())
}

// httpSender sends to the WeChat of the test that started the child.
type httpSender string

func (httpSender) Ready(context.Context) error { return nil }

func (s httpSender) Send(_ context.Context, m wxmsg.Message) (string, error) {
	if err := post(string(s)+"/send", m); err != nil {
		return "", failure(wxmsg.FateUnknown, 0, 0)
	}
	return "wx-" + m.Data["thing1"], nil
}

func post(url string, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	answer, err := http.Post(url, "application/json", bytes.NewReader(text)) //nolint:gosec // the test's own server
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	_, err = io.Copy(io.Discard, answer.Body)
	if answer.StatusCode != http.StatusOK {
		return errors.Join(err, errors.New(answer.Status))
	}
	return err
}

// outside is the WeChat and the audit trail that children speak to.
type outside struct {
	*httptest.Server
	sends notesOfSends
	notes notes
}

type notesOfSends struct {
	mu     sync.Mutex
	counts map[string]int
	total  int
}

func newOutside(t *testing.T) *outside {
	t.Helper()
	o := &outside{sends: notesOfSends{counts: map[string]int{}}}
	o.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var m wxmsg.Message
		var c Change
		if r.URL.Path == "/note" {
			if json.NewDecoder(r.Body).Decode(&c) == nil {
				_ = o.notes.take(c)
			}
			return
		}
		if json.NewDecoder(r.Body).Decode(&m) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		o.sends.mu.Lock()
		o.sends.counts[m.Data["thing1"]]++
		o.sends.total++
		o.sends.mu.Unlock()
		<-time.After(2 * time.Millisecond) // so that a kill finds sends under way
	}))
	t.Cleanup(o.Close)
	return o
}

func (o *outside) total() int {
	o.sends.mu.Lock()
	defer o.sends.mu.Unlock()
	return o.sends.total
}

// TestKilledProcesses kills -9 the sending process again and again while messages are accepted and sent.
func TestKilledProcesses(t *testing.T) {
	const kills, each = 4, 60
	inWorlds(t, func(t *testing.T, w *world) {
		o := newOutside(t)
		gate := w.queue(t, func(c *Config) { c.Workers, c.Note = 0, o.notes.take })
		gate.run()
		n := 0
		for range kills {
			kill := startChild(t, w, o.URL)
			before := o.total()
			for range each {
				gate.accept(fmt.Sprint(n), fmt.Sprint("user", n%7))
				n++
			}
			eventually(t, "a third of it is sent", func() bool { return o.total() >= before+each/3 })
			kill()
		}
		startChild(t, w, o.URL)
		unknown := 0
		for i := range n {
			id := fmt.Sprint(i)
			eventually(t, id+" comes to an end", func() bool { return gate.state(id) != StateQueued })
			s, err := gate.Status(ctx, id)
			noErr(t, err)
			o.sends.mu.Lock()
			sent := o.sends.counts["secret words for "+id]
			o.sends.mu.Unlock()
			if s.State == StateUnknown && sent <= 1 {
				unknown++
			} else if s.State != StateSent || sent != 1 {
				t.Errorf("%s was sent %d times: %+v", id, sent, s)
			}
			eventually(t, id+" is noted", func() bool { return o.notes.latest(id).State == s.State })
		}
		if unknown > kills*4 {
			t.Errorf("%d of %d are unknown after %d kills of 4 workers", unknown, n, kills)
		}
		t.Logf("%d messages, %d unknown", n, unknown)
	})
}

func startChild(t *testing.T, w *world, url string) (kill func()) {
	t.Helper()
	client, is := w.rdb.(*redis.Client)
	if !is {
		t.Fatalf("unexpected client %T", w.rdb)
	}
	cmd := exec.Command(os.Args[0]) //nolint:gosec // the test itself
	cmd.Env = append(os.Environ(), childEnv+"="+w.prefix, childAddr+"="+client.Options().Addr, childSend+"="+url)
	cmd.Stderr = os.Stderr
	noErr(t, cmd.Start())
	kill = sync.OnceFunc(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	t.Cleanup(kill)
	return kill
}
