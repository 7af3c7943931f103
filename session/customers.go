package session

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// A customer's index is one hash: a random field for each binding, with the time it was written and the openid, sealed.
// The binding names its place in it ("hash of the customer:field"), and only what a binding names counts. The index
// stands in another slot of a Redis Cluster than the bindings, so the two cannot change in one step. Therefore an entry
// is written before its binding and removed after it: what a crash leaves behind leads nowhere, and nothing is missing.
// Each Bind has an entry of its own, so that removing an old one never takes a newer one away.

const (
	// maxBoundTo bounds what BoundTo looks at: a customer is a company, with some dozens of people.
	maxBoundTo = 1000
	// entryGrace keeps an entry whose binding is only about to be written from being taken for a leftover.
	entryGrace = time.Hour
)

// KEYS: index. ARGV: field, sealed openid.
var enterIndex = redis.NewScript(`
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
return redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', now) .. ':' .. ARGV[2])
`)

// enter writes an entry for a binding that is about to be stored, and returns its place; "" without a customer.
func (s *Store) enter(ctx context.Context, b Binding) (place string, err error) {
	if b.CustomerID == "" {
		return "", nil
	}
	place = hash(b.CustomerID) + ":" + newOwner()
	key, field := s.entryAt(place)
	err = s.write(ctx, "index binding", func(ctx context.Context) error {
		return enterIndex.Run(ctx, s.rdb, []string{key}, field, s.sealer.Seal(purposeCustomer, place, []byte(b.OpenID))).Err()
	})
	return place, err
}

// leave removes the entry of a binding that has ended.
func (s *Store) leave(ctx context.Context, place string) error {
	if place == "" {
		return nil
	}
	key, field := s.entryAt(place)
	return s.write(ctx, "unindex binding", func(ctx context.Context) error {
		return s.rdb.HDel(ctx, key, field).Err()
	})
}

func (s *Store) entryAt(place string) (key, field string) {
	customer, field, _ := strings.Cut(place, ":")
	return s.customerKeys() + customer, field
}

// adoptBinding answers 1 when the binding has the place that was offered.
// KEYS: binding. ARGV: id, openid, place.
var adoptBinding = redis.NewScript(`
if redis.call('HGET', KEYS[1], 'id') == ARGV[1] and redis.call('HEXISTS', KEYS[1], 'e') == 0 then
  redis.call('HSET', KEYS[1], 'o', ARGV[2], 'e', ARGV[3])
end
if redis.call('HGET', KEYS[1], 'e') == ARGV[3] then return 1 end
return 0
`)

// adopt gives a binding made by an earlier release its owner and its entry. It is tried again with the next use, so a
// failure is nobody's business.
func (s *Store) adopt(ctx context.Context, b Binding) {
	place, err := s.enter(ctx, b)
	if err != nil {
		return
	}
	var taken bool
	err = s.write(ctx, "adopt binding", func(ctx context.Context) (err error) {
		taken, err = adoptBinding.Run(ctx, s.rdb, []string{s.bindingKey(b.OpenID)}, b.ID, s.sealOwner(b.OpenID), place).Bool()
		return err
	})
	if err == nil && !taken { // unbound, bound anew or adopted by another meanwhile
		_ = s.leave(ctx, place)
	}
}

// KEYS: index. ARGV: how many. Answers fields and entries in turn.
var someEntries = redis.NewScript(`
local entries = {}
for _, field in ipairs(redis.call('HRANDFIELD', KEYS[1], ARGV[1])) do
  entries[#entries + 1] = field
  entries[#entries + 1] = redis.call('HGET', KEYS[1], field)
end
return entries
`)

// BoundTo returns the living bindings to a customer of the ERP, without their Secrets, the oldest first; none is no
// error. Where several companies may use one customer id, the caller looks at CompanyID. Bindings that do not open are
// left out. Of a customer with more than 1000 bindings, 1000 are looked at, chosen by chance. A binding made before
// there was this index is found once its user has been here again. Returns ErrUnavailable.
func (s *Store) BoundTo(ctx context.Context, customerID string) ([]Binding, error) {
	if customerID == "" {
		return nil, nil
	}
	customer := hash(customerID)
	var list []Binding
	var leftovers []string
	err := s.read(ctx, "bound to customer", func(ctx context.Context) error {
		entries, err := someEntries.Run(ctx, s.rdb, []string{s.customerKeys() + customer}, maxBoundTo).StringSlice()
		if err != nil {
			return err
		}
		list, leftovers, err = s.follow(ctx, customer, entries)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.sweep(ctx, customer, leftovers)
	slices.SortFunc(list, func(a, b Binding) int {
		return cmp.Or(a.BoundAt.Compare(b.BoundAt), cmp.Compare(a.ID, b.ID))
	})
	return list, nil
}

// lead is an entry that was opened, and the binding it leads to.
type lead struct {
	field, place, openid string
	binding              *redis.SliceCmd
}

// follow asks for the bindings of all entries {field, entry, …} at once. leftovers are the fields of those that no
// binding names.
func (s *Store) follow(ctx context.Context, customer string, entries []string) (list []Binding, leftovers []string, err error) {
	pipe := s.rdb.Pipeline()
	var leads []lead
	for e := range slices.Chunk(entries, 2) {
		place := customer + ":" + e[0]
		_, sealed := splitEntry(e[len(e)-1])
		openid, err := s.sealer.Open(purposeCustomer, place, sealed)
		if err != nil {
			continue // its binding does not open either; a replica with the key may think otherwise
		}
		answer := pipe.HMGet(ctx, s.bindingKey(string(openid)), "id", "v", "e")
		leads = append(leads, lead{e[0], place, string(openid), answer})
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, nil, err
	}
	for _, l := range leads {
		fields := l.binding.Val()
		if len(fields) != 3 || fields[2] != l.place {
			leftovers = append(leftovers, l.field)
			continue
		}
		if b, err := s.bindingFrom(l.openid, fields); err == nil {
			list = append(list, b)
		}
	}
	return list, leftovers, nil
}

// splitEntry cuts "time:sealed" behind the colon.
func splitEntry(entry string) (at, sealed string) {
	colon := strings.IndexByte(entry, ':') + 1
	return entry[:colon], entry[colon:]
}

// KEYS: index. ARGV: grace ms, fields.
var sweepIndex = redis.NewScript(`
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
for i = 2, #ARGV do
  local entry = redis.call('HGET', KEYS[1], ARGV[i])
  local at = entry and tonumber(string.match(entry, '^%d+'))
  if at and now - at >= tonumber(ARGV[1]) then redis.call('HDEL', KEYS[1], ARGV[i]) end
end
return 0
`)

// sweep removes entries that lead nowhere, unless they are young. What it misses is swept the next time.
func (s *Store) sweep(ctx context.Context, customer string, fields []string) {
	if len(fields) == 0 {
		return
	}
	args := []any{entryGrace.Milliseconds()}
	for _, field := range fields {
		args = append(args, field)
	}
	_ = s.write(ctx, "sweep index", func(ctx context.Context) error {
		return sweepIndex.Run(ctx, s.rdb, []string{s.customerKeys() + customer}, args...).Err()
	})
}
