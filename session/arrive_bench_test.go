package session

import (
	"bytes"
	"context"
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// canned is a connection to a Redis that knows one session, its binding and its limits, and makes no objects of its own:
// what a benchmark counts is ours and the client's.
type canned struct {
	net.Conn
	session, binding, count []byte
	answers                 bytes.Buffer
}

func (c *canned) Write(sent []byte) (int, error) {
	for line := sent; ; {
		at := bytes.Index(line, []byte("\r\n"))
		if at < 0 {
			return len(sent), nil
		}
		word := line[:at]
		switch line = line[at+2:]; {
		case bytes.Equal(word, []byte(getSession.Hash())):
			c.answers.Write(c.session)
		case bytes.Equal(word, []byte("hget")):
			c.answers.Write(c.binding)
		case bytes.Equal(word, []byte(takeRates.Hash())):
			c.answers.Write(c.count)
		case bytes.Equal(word, []byte("hello")):
			c.answers.WriteString("-ERR unknown command\r\n")
		}
	}
}

func (c *canned) Read(b []byte) (int, error)       { return c.answers.Read(b) }
func (c *canned) Close() error                     { return nil }
func (c *canned) SetDeadline(time.Time) error      { return nil }
func (c *canned) SetReadDeadline(time.Time) error  { return nil }
func (c *canned) SetWriteDeadline(time.Time) error { return nil }
func (c *canned) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (c *canned) LocalAddr() net.Addr              { return &net.TCPAddr{} }

func bulk(text string) []byte {
	return []byte("$" + strconv.Itoa(len(text)) + "\r\n" + text + "\r\n")
}

// BenchmarkArrive is what the store costs a request of a user who was here before; "canned" without the way to Redis.
func BenchmarkArrive(b *testing.B) {
	want := Wanted{
		Binding: true,
		Address: Rate{Key: "ip 192.0.2.1", Count: 1_000_000, Per: time.Second},
		Caller:  Rate{Key: "read", Count: 1_000_000, Per: time.Second},
	}
	token, openid := newToken(), "oBench0000000000000000000000"
	b.Run("canned", func(b *testing.B) {
		s := sealedStore(b)
		id := idOf(token)
		answers := canned{
			session: bulk("1763625015123 1764229815123 0 " + s.sealer.Seal(purposeIdentity, id, []byte(`{"o":"`+openid+`"}`))),
			binding: bulk(s.sealer.Seal(purposeBinding, openid, []byte(`{"ID":"b1","OpenID":"`+openid+`","Way":"account","CustomerID":"501"}`))),
			count:   bulk("0 0 1 1"),
		}
		rdb := redis.NewClient(&redis.Options{
			Protocol: 2, DisableIdentity: true, ContextTimeoutEnabled: true, MaxRetries: -1,
			Dialer: func(context.Context, string, string) (net.Conn, error) {
				mine := answers
				return &mine, nil
			},
		})
		b.Cleanup(func() { _ = rdb.Close() })
		l := NewLimiter(NewStore(rdb, s.sealer, Config{}))
		remember(b, l.store, openid, answers.binding)
		arriving(b, l, token, want)
		b.ReportAllocs()
		for b.Loop() {
			arriving(b, l, token, want)
		}
	})
	for _, callers := range []int{1, 32} {
		b.Run("redis/callers="+strconv.Itoa(callers), func(b *testing.B) { benchmarkRedis(b, callers, want, openid) })
	}
}

// remember opens a binding as an earlier request would have.
func remember(b *testing.B, s *Store, openid string, answer []byte) {
	b.Helper()
	sealed := string(bytes.Split(answer, []byte("\r\n"))[1])
	if _, err := s.bindingFrom(openid, []any{"b1", sealed, "place"}); err != nil {
		b.Fatal(err)
	}
}

func arriving(b *testing.B, l *Limiter, token string, want Wanted) {
	a, err := l.Arrive(ctx, token, want)
	if err != nil || a.BindingErr != nil || a.VerdictErr != nil || !a.Verdict.Allowed || a.Verdict.Local {
		b.Errorf("%+v, %v", a, err)
	}
}

func benchmarkRedis(b *testing.B, callers int, want Wanted, openid string) {
	url := os.Getenv("SNOWGATE_TEST_REDIS")
	if url == "" {
		b.Skip("SNOWGATE_TEST_REDIS (a Redis URL) is not set")
	}
	rdb, err := DialWithin(url, 5*time.Second)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = rdb.Close() })
	l := NewLimiter(NewStore(rdb, sealedStore(b).sealer, Config{Prefix: "bench:" + newOwner() + ":", Timeout: 5 * time.Second}))
	tokens := make([]string, callers)
	for i := range tokens {
		who := openid + strconv.Itoa(i)
		if tokens[i], _, err = l.store.Create(ctx, Login{OpenID: who}); err != nil {
			b.Fatal(err)
		}
		if err := l.store.Bind(ctx, Binding{ID: "b", OpenID: who, Way: "account", CustomerID: "501"}); err != nil {
			b.Fatal(err)
		}
	}
	var next atomic.Int64
	b.SetParallelism(callers) // goroutines per core
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(each *testing.PB) {
		for each.Next() {
			arriving(b, l, tokens[int(next.Add(1))%callers], want)
		}
	})
}
