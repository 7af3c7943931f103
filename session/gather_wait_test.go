package session

import (
	"context"
	"sync"
	"testing"
)

// TestWhoTravelsWithOthersIsHeardOf keeps: a question in a gathered pipeline is told with its caller's own context, and how it
// ended; one that travels alone is the client's to tell.
func TestWhoTravelsWithOthersIsHeardOf(t *testing.T) {
	type name struct{}
	g, p := gathering(t, 1)
	var mu sync.Mutex
	told := map[any]string{}
	ended := map[any]error{}
	g.wait = func(ctx context.Context, command string) func(error) {
		mu.Lock()
		defer mu.Unlock()
		told[ctx.Value(name{})] = command
		return func(err error) {
			mu.Lock()
			defer mu.Unlock()
			ended[ctx.Value(name{})] = err
		}
	}
	var all sync.WaitGroup
	for range maxFlights {
		all.Go(func() { _, _ = hget(context.WithValue(ctx, name{}, "alone"), g, "h0") })
	}
	underWay(t, p)
	all.Go(func() { _, _ = hget(context.WithValue(ctx, name{}, "together"), g, "h0") })
	boarding(t, g, 1)
	close(p.hold)
	all.Wait()
	if err, ok := ended["together"]; len(told) != 1 || told["together"] != "hget" || !ok || err != nil {
		t.Errorf("told %v, ended %v", told, ended)
	}
}
