package gateway

import (
	"net/http"
	"sync"
	"time"
)

const (
	// watchedEvery is how often the call log is told of one console page that keeps asking the same.
	watchedEvery = time.Minute
	// maxWatched questions are known at a time; beyond them, each is written down however often it is asked.
	maxWatched = 1024
)

// watching knows which questions the pages of the console have asked within the last minute. An open page asks the same
// every few seconds: without it, a screen on a wall would write a million rows a month. Safe for concurrent use.
type watching struct {
	mu    sync.Mutex
	asked map[digest]time.Time // by console session and question: when it was last written down
}

// isRepeat reports whether a call is a page of the console looking again: the very same question of the same login,
// answered well, and written down less than a minute ago. What an admin does, what is refused or fails, what is asked
// differently, and what comes with a token is never one.
func (s *Server) isRepeat(c *call) bool {
	r := c.Request()
	if !c.console || r.Method != http.MethodGet || c.record.code != http.StatusOK {
		return false
	}
	return s.watching.isRepeat(digestOf(consoleToken(c)+"\x00"+r.URL.RequestURI()), c.record.start)
}

// isRepeat says no at most once a minute for each question.
func (w *watching) isRepeat(question digest, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if last, ok := w.asked[question]; ok && now.Sub(last) < watchedEvery {
		return true
	}
	if len(w.asked) >= maxWatched {
		w.forget(now)
	}
	if len(w.asked) < maxWatched {
		if w.asked == nil {
			w.asked = map[digest]time.Time{}
		}
		w.asked[question] = now
	}
	return false
}

// forget lets go of what nobody has asked lately.
func (w *watching) forget(now time.Time) {
	for question, last := range w.asked {
		if now.Sub(last) >= watchedEvery {
			delete(w.asked, question)
		}
	}
}
