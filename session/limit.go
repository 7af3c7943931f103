package session

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Rate is one limit that a request has to keep: a subject (an openid, an address, with the class of the route) and how
// often it may come. The same subject under another rate is counted apart.
type Rate struct {
	Key   string        // the subject; Redis sees its hash only
	Count int           // how many in Per; 0 = no limit
	Per   time.Duration // positive
	Burst int           // how many at once when the subject has been quiet. Default Count.
}

// maxDebt bounds what a burst may amount to, so that all numbers stay exact.
const maxDebt = 366 * 24 * time.Hour

// Verdict is the answer to the rates of one request, as rate-limit headers need it. Limit, Remaining and ResetAfter
// belong to the rate that refused, else to the one with the least remaining; they are 0 where nothing is limited.
type Verdict struct {
	Allowed    bool
	Refused    int           // which rate refused (the one to wait longest for), counted from 0; -1 when allowed
	Limit      int           // the rate's Burst
	Remaining  int           // how many more may come at once
	RetryAfter time.Duration // after which this request can be allowed; 0 when it is
	ResetAfter time.Duration // after which the whole Burst is there again
	Local      bool          // Redis could not be asked: this replica counted for itself
}

func (r Rate) burst() int {
	if r.Burst > 0 {
		return r.Burst
	}
	return r.Count
}

// interval is the time that one request costs. Redis' clock counts microseconds.
func (r Rate) interval() time.Duration {
	return max((r.Per / time.Duration(r.Count)).Round(time.Microsecond), time.Microsecond)
}

// appendSubject adds what the rate is counted under: "count/period in ns/burst key".
func (r Rate) appendSubject(b []byte) []byte {
	b = append(strconv.AppendInt(b, int64(r.Count), 10), '/')
	b = append(strconv.AppendInt(b, int64(r.Per), 10), '/')
	b = append(strconv.AppendInt(b, int64(r.burst()), 10), ' ')
	return append(b, r.Key...)
}

// takeRates is the generic cell rate algorithm on several keys. Each keeps the time at which its subject will have paid
// for what it has had; a request costs an interval, and the debt may not exceed burst intervals.
// KEYS: one per rate. ARGV: interval µs and burst of each. Answers, in one text, which rate refuses (from 1, or 0), the µs
// to wait, and the µs of debt of each.
var takeRates = redis.NewScript(`
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local debts, refused, wait = {}, 0, 0
for i, key in ipairs(KEYS) do
  local interval, burst = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  debts[i] = math.max((tonumber(redis.call('GET', key) or 0)) - now, 0)
  local over = debts[i] + interval - interval * burst
  if over > wait then refused, wait = i, over end
end
local answer = {tostring(refused), string.format('%.0f', wait)}
for i, key in ipairs(KEYS) do
  if refused == 0 then
    debts[i] = debts[i] + tonumber(ARGV[2 * i - 1])
    redis.call('SET', key, string.format('%.0f', now + debts[i]), 'PX', string.format('%.0f', math.ceil(debts[i] / 1000)))
  end
  answer[i + 2] = string.format('%.0f', debts[i])
end
return table.concat(answer, ' ')
`)

// Limit counts one request against all its rates, for all replicas, in one round trip and by Redis' clock. It counts
// for all or for none: when one rate refuses, the request has cost nothing. Returns ErrUnavailable, after which it may
// have been counted (the answer was lost). Limiter goes on without Redis.
func (s *Store) Limit(ctx context.Context, checks ...Rate) (Verdict, error) {
	rates, err := limited(make([]rate, 0, len(checks)), checks)
	if err != nil || len(rates) == 0 {
		return Verdict{Allowed: err == nil, Refused: -1}, err
	}
	keys, args := s.limitKeys(rates), make([]any, 0, 2*len(rates))
	for _, r := range rates {
		args = append(args, r.interval().Microseconds(), r.burst())
	}
	var verdict Verdict
	err = s.write(ctx, "limit", func(ctx context.Context) error {
		row, err := takeRates.Run(ctx, s.rdb, keys, args...).Text()
		if err != nil {
			return err
		}
		verdict, err = verdictFrom(rates, row)
		return err
	})
	if err != nil {
		return Verdict{Refused: -1}, err
	}
	return verdict, nil
}

func (s *Store) limitKeys(rates []rate) []string {
	keys := make([]string, len(rates))
	for i, r := range rates {
		keys[i] = s.limitKey(r.Rate)
	}
	return keys
}

// rate is a Rate that limits, with its place among the caller's.
type rate struct {
	Rate
	place int
}

// limited adds to rates what limits anything.
func limited(rates []rate, checks []Rate) ([]rate, error) {
	for i, r := range checks {
		if r.Count <= 0 {
			continue
		}
		if r.Per <= 0 || int64(r.burst()) > int64(maxDebt/r.interval()) {
			return nil, errors.New("limit: a rate has no period, or a burst of more than a year")
		}
		rates = append(rates, rate{r, i})
	}
	return rates, nil
}

// verdictFrom reads the row "refusing wait debts…" of the script.
func verdictFrom(rates []rate, row string) (Verdict, error) {
	if strings.Count(row, " ") != 1+len(rates) {
		return Verdict{}, errOddAnswer
	}
	numbers := make([]int64, 0, 4) // of two rates: no object
	for word := range strings.SplitSeq(row, " ") {
		n, err := strconv.ParseInt(word, 10, 64)
		if err != nil {
			return Verdict{}, errOddAnswer
		}
		numbers = append(numbers, n)
	}
	refused, debts := int(numbers[0])-1, make([]time.Duration, len(rates))
	if refused >= len(rates) {
		return Verdict{}, errOddAnswer
	}
	for i := range debts {
		debts[i] = time.Duration(numbers[2+i]) * time.Microsecond
	}
	return verdictOf(rates, refused, time.Duration(numbers[1])*time.Microsecond, debts), nil
}

// verdictOf tells the caller about the rate that refused (-1: none), else about the tightest.
func verdictOf(rates []rate, refused int, wait time.Duration, debts []time.Duration) Verdict {
	shown := max(refused, 0)
	for i := range rates {
		if refused < 0 && rates[i].remaining(debts[i]) < rates[shown].remaining(debts[shown]) {
			shown = i
		}
	}
	v := Verdict{Allowed: refused < 0, Refused: -1, Limit: rates[shown].burst(), RetryAfter: wait,
		Remaining: rates[shown].remaining(debts[shown]), ResetAfter: debts[shown]}
	if refused >= 0 {
		v.Refused = rates[refused].place
	}
	return v
}

// remaining is how many more a subject with this debt may have at once.
func (r rate) remaining(debt time.Duration) int {
	used := (debt + r.interval() - 1) / r.interval()
	return max(r.burst()-int(used), 0)
}
