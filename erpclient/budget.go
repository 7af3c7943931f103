package erpclient

import (
	"sync"
	"time"
)

// Retry budget: at most a fifth more calls than questions over ten seconds, shared by all requests, so that a sick ERP
// is not beaten to death. The floor lets a quiet gateway, with some two questions
// a second, repair an ERP that fails three times in ten.
const (
	budgetWindow = 10 * time.Second
	budgetShare  = 0.2
	budgetFloor  = 20
)

// budget counts questions and retries in one-second slots. It is safe for concurrent use.
type budget struct {
	mu    sync.Mutex
	now   func() time.Time
	slots [int(budgetWindow / time.Second)]budgetSlot
}

type budgetSlot struct {
	second             int64
	questions, retries int
}

func newBudget(now func() time.Time) *budget { return &budget{now: now} }

func (b *budget) slot() *budgetSlot {
	second := b.now().Unix()
	s := &b.slots[int(second%int64(len(b.slots)))]
	if s.second != second {
		*s = budgetSlot{second: second}
	}
	return s
}

// ask counts a question's first attempt.
func (b *budget) ask() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.slot().questions++
}

// retry takes one retry out of the budget, or reports that none is left.
func (b *budget) retry() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	slot := b.slot()
	questions, retries := b.sum()
	if retries >= budgetFloor && float64(retries+1) > budgetShare*float64(questions) {
		return false
	}
	slot.retries++
	return true
}

// left is how many retries the budget would grant at this moment.
func (b *budget) left() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	questions, retries := b.sum()
	return max(budgetFloor, int(budgetShare*float64(questions))) - retries
}

func (b *budget) sum() (questions, retries int) {
	oldest := b.now().Unix() - int64(len(b.slots))
	for _, s := range b.slots {
		if s.second > oldest {
			questions += s.questions
			retries += s.retries
		}
	}
	return questions, retries
}
