package consoletest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/chromedp"
)

// lastWord is what the page says at the end, so that everything it said before has arrived.
const lastWord = "that was all"

// listener collects what a page complains about: errors and warnings on its console, what nobody caught, and what its
// policy refused.
type listener struct {
	mu       sync.Mutex
	problems []string
	expected []string
	done     chan struct{}
}

func listen(ctx context.Context) *listener {
	l := &listener{done: make(chan struct{})}
	messages := chromedp.Console(ctx)
	go func() {
		defer close(l.done)
		for m, err := range messages {
			if err != nil || m.Text == lastWord {
				return
			}
			switch m.Type {
			case chromedp.ConsoleError, chromedp.ConsoleWarning, chromedp.ConsoleException, "assert":
				l.take(fmt.Sprintf("%s %s %s:%d", m, m.Source, m.URL, m.Line))
			}
		}
	}()
	return l
}

func (l *listener) take(problem string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.problems = append(l.problems, problem)
}

func (l *listener) expect(fragment string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.expected = append(l.expected, fragment)
}

// heard is everything unexpected, once the page has said its last word.
func (l *listener) heard() (unexpected []string) {
	select {
	case <-l.done:
	case <-time.After(patience):
		unexpected = append(unexpected, "its console cannot be heard")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, problem := range l.problems {
		if !l.expects(problem) {
			unexpected = append(unexpected, problem)
		}
	}
	return unexpected
}

func (l *listener) expects(problem string) bool {
	for _, fragment := range l.expected {
		if strings.Contains(problem, fragment) {
			return true
		}
	}
	return false
}
