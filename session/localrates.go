package session

import (
	"sync"
	"time"
)

const (
	// maxLocalRates bounds the subjects one replica counts while Redis is away; an entry takes about 150 bytes.
	maxLocalRates = 20_000
	// evictionLook is how many entries are looked at for one to forget: going through all would make a flood of
	// strangers expensive.
	evictionLook = 32
)

// localRates is takeRates for one process. The zero value is usable; it is safe for concurrent use.
type localRates struct {
	mu   sync.Mutex
	paid map[string]time.Time // when the subject will have paid for what it has had
}

// take counts one request against all rates or against none. keys belong to the rates, in order.
func (l *localRates) take(keys []string, rates []rate, now time.Time) Verdict {
	l.mu.Lock()
	defer l.mu.Unlock()
	debts := make([]time.Duration, len(rates))
	refused, wait := -1, time.Duration(0)
	for i, r := range rates {
		debts[i] = max(l.paid[keys[i]].Sub(now), 0)
		if over := debts[i] + r.interval() - r.interval()*time.Duration(r.burst()); over > wait {
			refused, wait = i, over
		}
	}
	if refused < 0 {
		for i, r := range rates {
			debts[i] += r.interval()
			l.put(keys[i], now.Add(debts[i]), now)
		}
	}
	verdict := verdictOf(rates, refused, wait, debts)
	verdict.Local = true
	return verdict
}

func (l *localRates) put(key string, paid, now time.Time) {
	if l.paid == nil {
		l.paid = make(map[string]time.Time)
	}
	if _, known := l.paid[key]; !known && len(l.paid) >= maxLocalRates {
		l.evict(now)
	}
	l.paid[key] = paid
}

// evict forgets whoever owes nothing among a few taken by chance, else the one of them who owes least.
func (l *localRates) evict(now time.Time) {
	least, looked := "", 0
	for key, paid := range l.paid {
		if !paid.After(now) {
			delete(l.paid, key)
		} else if least == "" || paid.Before(l.paid[least]) {
			least = key
		}
		if looked++; looked == evictionLook {
			break
		}
	}
	if len(l.paid) >= maxLocalRates {
		delete(l.paid, least)
	}
}
