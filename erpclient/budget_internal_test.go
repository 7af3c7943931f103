package erpclient

import (
	"sync"
	"testing"
	"time"
)

// clock is a clock that is wound by hand.
type clock struct{ at time.Time }

func newClock() *clock                   { return &clock{at: time.Date(2026, 1, 31, 10, 20, 30, 0, time.UTC)} }
func (c *clock) now() time.Time          { return c.at }
func (c *clock) forward(d time.Duration) { c.at = c.at.Add(d) }

// spend asks and then retries as often as the budget lets it.
func spend(b *budget, questions int) (retries int) {
	for range questions {
		b.ask()
	}
	for b.retry() {
		retries++
	}
	return retries
}

func TestABudgetIsAFifthOfTheQuestionsOrTheFloor(t *testing.T) {
	for questions, want := range map[int]int{0: 20, 1: 20, 99: 20, 100: 20, 105: 21, 1000: 200} {
		if got := spend(newBudget(newClock().now), questions); got != want {
			t.Errorf("%d questions allow %d retries, want %d", questions, got, want)
		}
	}
}

func TestABudgetForgetsAfterItsWindow(t *testing.T) {
	c := newClock()
	b := newBudget(c.now)
	if got := spend(b, 200); got != 40 {
		t.Fatalf("got %d, want 40", got)
	}
	c.forward(9 * time.Second)
	if b.retry() {
		t.Error("a retry was given while the window still holds the spent ones")
	}
	c.forward(time.Second)
	if got := spend(b, 0); got != budgetFloor {
		t.Errorf("got %d retries after the window, want the floor of %d", got, budgetFloor)
	}
}

func TestABudgetHoldsInEveryWindow(t *testing.T) {
	c := newClock()
	b := newBudget(c.now)
	type second struct{ asked, retried int }
	var seconds []second
	for i := range 60 {
		asked := 20 + 30*(i%3)
		seconds = append(seconds, second{asked, spend(b, asked)})
		c.forward(time.Second)
	}
	for i := range len(seconds) - 9 {
		var sum second
		for _, s := range seconds[i : i+10] {
			sum.asked += s.asked
			sum.retried += s.retried
		}
		// Questions leave the window one second at a time, so the seconds before the last may have had more of them.
		if limit := float64(sum.asked+80)*budgetShare + budgetFloor; float64(sum.retried) > limit {
			t.Errorf("seconds %d to %d: %d retries for %d questions", i, i+9, sum.retried, sum.asked)
		}
	}
}

func TestABudgetIsSharedByAll(t *testing.T) {
	b := newBudget(newClock().now)
	var mu sync.Mutex
	retries := 0
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			n := 0
			for range 20 {
				b.ask()
				if b.retry() {
					n++
				}
			}
			mu.Lock()
			defer mu.Unlock()
			retries += n
		})
	}
	all.Wait()
	if retries > 200 || retries < 190 {
		t.Errorf("1000 questions took %d retries, want a fifth", retries)
	}
}
