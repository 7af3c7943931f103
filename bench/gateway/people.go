package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"snowgate/session"
)

// sealKey seals what this program puts into Redis for the gateway to find.
const sealKey = "bench:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

// people are logged in and bound, each with a session of their own: as the gateway stores them, and as a plain record
// for the programs that look no further.
type people struct {
	tokens []string
	store  *session.Store
	rdb    redis.UniversalClient
}

const (
	customers = 50
	patience  = 10 * time.Second
)

func openPeople(redisURL string) (*people, error) {
	keys, err := session.ParseKeys([]string{sealKey})
	if err != nil {
		return nil, err
	}
	sealer, err := session.NewSealer(keys)
	if err != nil {
		return nil, err
	}
	options, err := redis.ParseURL(redisURL)
	if err != nil {
		return nil, err
	}
	rdb := redis.NewClient(options) // with go-redis' own patience: what is filled in here must get there
	return &people{store: session.NewStore(rdb, sealer, session.Config{Timeout: patience}), rdb: rdb}, nil
}

func (p *people) close() error { return p.rdb.Close() }

// grow lets n people in all be there.
func (p *people) grow(ctx context.Context, n int) error {
	first := len(p.tokens)
	if n <= first {
		return nil
	}
	p.tokens = append(p.tokens, make([]string, n-first)...)
	group, ctx := errgroup.WithContext(ctx)
	const hands = 16
	for hand := range hands {
		group.Go(func() error {
			for i := first + hand; i < n; i += hands {
				if err := p.settle(ctx, i); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// settle logs the i-th person in and binds them, through the service account, to one of the customers.
func (p *people) settle(ctx context.Context, i int) error {
	openid := fmt.Sprintf("oBench%022d", i)
	token, _, err := p.store.Create(ctx, session.Login{OpenID: openid, WeChatSessionKey: "bench"})
	if err != nil {
		return err
	}
	customer := strconv.Itoa(50000 + i%customers)
	err = p.store.Bind(ctx, session.Binding{
		ID: fmt.Sprintf("bench-%d", i), OpenID: openid, Way: "invite", CompanyID: customer, CompanyName: "雪兽制造有限公司",
		CustomerID: customer, Permissions: []string{"orders:read", "materials:read"},
	})
	if err != nil {
		return err
	}
	p.tokens[i] = token
	plain := fmt.Sprintf(`{"session_id":"%s","openid":"%s","company_id":"%s","company_name":"雪兽制造有限公司","is_active":true,`+
		`"created_at":"2026-01-01T00:00:00Z","expires_at":"2036-01-01T00:00:00Z"}`, token, openid, customer)
	return p.rdb.Set(ctx, "session:"+token, plain, 0).Err()
}

func (p *people) token(n int) string { return p.tokens[n%len(p.tokens)] }

// The works: what is asked, each time something else but for the hot key.

func (p *people) search(run string) requester {
	return func(buf []byte, n int) []byte {
		return get(buf, "/api/orders/search?keyword="+run+"-"+strconv.Itoa(n)+"&page=1&pageSize=20", p.token(n))
	}
}

func (p *people) status(run string) requester {
	const most = 1_000_000 // ids of nine digits
	return func(buf []byte, n int) []byte {
		return get(buf, "/api/orders/"+strconv.Itoa(300_000_000+len(run)*most+n%most)+"/status", p.token(n))
	}
}

func (p *people) hot(buf []byte, _ int) []byte {
	return get(buf, "/api/orders/search?keyword=hot&page=1&pageSize=20", p.token(0))
}
