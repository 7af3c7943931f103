package main

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// way is how somebody is bound, and to which customer.
type way struct {
	customerID string
	bind       string // the body of the bind request
}

// ways are all that lead to a customer with orders: four by invite code, through the service account, and two by an ERP
// account of their own.
var ways = []way{
	{"501", `{"inviteCode":"SNOW-2026-A"}`},
	{"502", `{"inviteCode":"SNOW-2026-B"}`},
	{"505", `{"inviteCode":"SNOW-2026-E"}`},
	{"506", `{"inviteCode":"SNOW-2026-A2"}`},
	{"501", `{"erpUsername":"alice.chen","erpPassword":"snow-alice-1"}`},
	{"502", `{"erpUsername":"bob.wang","erpPassword":"snow-bob-1"}`},
}

// person is somebody who has logged in and is bound.
type person struct {
	token string
	way   way
}

var loginCodes atomic.Int64

// settle logs n people in and binds them, the i-th in the i-th of these ways, round and round.
func (w *world) settle(ctx context.Context, n int, by []way) ([]person, error) {
	people := make([]person, n)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(8)
	for i := range people {
		group.Go(func() (err error) {
			people[i].way = by[i%len(by)]
			if people[i].token, err = w.login(ctx, i); err != nil {
				return err
			}
			return w.bind(ctx, people[i].token, people[i].way)
		})
	}
	return people, group.Wait()
}

func (g *gate) login(ctx context.Context, i int) (token string, err error) {
	code := fmt.Sprintf(`{"code":"test-person%d-%d"}`, i, loginCodes.Add(1))
	a := g.ask(ctx, http.MethodPost, "", "/api/auth/wx-login", code)
	if !a.ok() {
		return "", fmt.Errorf("login: %d %s", a.code, a.fault)
	}
	var got struct {
		Token string `json:"token"`
	}
	err = a.data(&got)
	return got.Token, err
}

func (g *gate) bind(ctx context.Context, token string, by way) error {
	if a := g.ask(ctx, http.MethodPost, token, "/api/auth/erp-bind", by.bind); !a.ok() {
		return fmt.Errorf("bind: %d %s", a.code, a.fault)
	}
	return nil
}

// page is the path of a question that is asked for the n-th time only when n is the same: a page of one or more orders.
func page(n int) string {
	const pages = 10_000 // as many as the gateway admits
	return fmt.Sprintf("/api/orders/search?page=%d&pageSize=%d", 1+n%pages, 1+n/pages%100)
}

// newQuestions lets people take turns in asking what nobody has asked before, from the first-th question on.
func (g *gate) newQuestions(ctx context.Context, people []person, first int) asker {
	return func(n int) answer { return g.get(ctx, people[n%len(people)].token, page(first+n)) }
}
