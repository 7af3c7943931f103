package session

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
)

// resealPage is how many keys Redis is asked to look at per step of the walk.
const resealPage = 500

// Reseal seals anew, with the key that seals now, whatever another key has sealed: identities and session_keys of
// sessions, bindings with their secrets, customers' indexes, outcomes of intents, and WeChat's access_token. Each value
// is replaced only if it is still the one that was read, so requests go on meanwhile and nothing written is lost. ERP
// logins and last good answers are not touched: they end within the hour, and until then (or when their key is gone)
// the gateway logs in or asks anew.
//
// A key is exchanged in four steps, each finished on every replica before the next begins: "+new:…" in front of the old
// one (it opens, and seals nothing yet); "new:…" in its place; Reseal, until it returns 0; the old key taken away.
//
// resealed counts values. progress (may be nil) hears the number of Redis keys visited so far, one call at a time. Reseal
// walks the whole key space: it is for a command, never for a request. It can be stopped by ctx and begun again.
// Returns ErrUnavailable when Redis failed on the way, or, after everything else is done, ErrUnreadable for values that
// do not open and stay as they are: of a key that is gone, or bindings made by a release that did not note their owner
// (they are resealable once their user has been here again).
func (s *Store) Reseal(ctx context.Context, progress func(done int)) (resealed int, err error) {
	r := &resealing{Store: s, progress: progress}
	for _, class := range []struct {
		prefix string
		one    func(ctx context.Context, key, tail string) error
	}{
		{s.sessionKeys(), r.session},
		{s.bindingKeys(), r.binding}, // after the sessions, which tell their owners
		{s.customerKeys(), r.customer},
		{s.intentKeys(), r.intent},
	} {
		if err := r.walk(ctx, class.prefix, class.one); err != nil {
			return r.resealed, err
		}
	}
	if err := r.page(ctx, []string{s.accessTokenKey()}, "", r.accessToken); err != nil {
		return r.resealed, err
	}
	if r.unreadable > 0 {
		return r.resealed, fmt.Errorf("reseal: %d values do not open: %w", r.unreadable, ErrUnreadable)
	}
	return r.resealed, nil
}

// resealing is one run of Reseal.
type resealing struct {
	*Store
	progress func(int)

	mu                            sync.Mutex // the nodes of a Cluster are walked side by side
	visited, resealed, unreadable int
}

// walk calls one for every key that starts with prefix, with what follows it. A key may come twice.
func (r *resealing) walk(ctx context.Context, prefix string, one func(ctx context.Context, key, tail string) error) error {
	node := func(ctx context.Context, rdb redis.Cmdable) error {
		for cursor := uint64(0); ; {
			keys, next, err := r.scan(ctx, rdb, cursor, prefix)
			if err != nil {
				return err
			}
			if err := r.page(ctx, keys, prefix, one); err != nil || next == 0 {
				return err
			}
			cursor = next
		}
	}
	if cluster, ok := r.rdb.(*redis.ClusterClient); ok {
		err := cluster.ForEachMaster(ctx, func(ctx context.Context, rdb *redis.Client) error { return node(ctx, rdb) })
		return storeError(ctx, "reseal", err)
	}
	return node(ctx, r.rdb)
}

// literal keeps a configured prefix from being read as a pattern.
var literal = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`)

func (r *resealing) scan(ctx context.Context, rdb redis.Cmdable, cursor uint64, prefix string) (keys []string, next uint64, err error) {
	err = r.read(ctx, "reseal", func(ctx context.Context) error {
		keys, next, err = rdb.Scan(ctx, cursor, literal.Replace(prefix)+"*", resealPage).Result()
		return err
	})
	return keys, next, err
}

func (r *resealing) page(ctx context.Context, keys []string, prefix string, one func(ctx context.Context, key, tail string) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, key := range keys {
		if err := one(ctx, key, strings.TrimPrefix(key, prefix)); err != nil {
			return err
		}
	}
	r.visited += len(keys)
	if r.progress != nil && len(keys) > 0 {
		r.progress(r.visited)
	}
	return nil
}

// session reseals a session, whose id is its key's tail. It names the openid that sealed its session_key.
func (r *resealing) session(ctx context.Context, key, id string) error {
	if strings.HasPrefix(id, "of:") {
		return nil // an openid's list: nothing sealed
	}
	v, err := r.fields(ctx, key, "i", "k")
	if err != nil || r.isFine(v...) {
		return err
	}
	who, err := r.openIdentity(id, v[0])
	if err != nil {
		r.unreadable += len(v)
		return nil
	}
	// A binding that does not know its owner yet learns it by being read; what else comes of it is the next class's.
	_, _ = r.Binding(ctx, who.OpenID)
	return r.replace(ctx, key, sealedField{"i", purposeIdentity, id, "", v[0]},
		sealedField{"k", purposeSessionKey, who.OpenID, "", v[1]})
}

// binding reseals a binding, whose openid's hash is its key's tail.
func (r *resealing) binding(ctx context.Context, key, openidHash string) error {
	v, err := r.fields(ctx, key, "o", "v", "s")
	if err != nil || r.isFine(v...) {
		return err
	}
	openid, err := r.sealer.Open(purposeOwner, openidHash, v[0])
	if err != nil {
		r.unreadable++
		return nil
	}
	return r.replace(ctx, key, sealedField{"o", purposeOwner, openidHash, "", v[0]},
		sealedField{"v", purposeBinding, string(openid), "", v[1]}, sealedField{"s", purposeSecret, string(openid), "", v[2]})
}

// customer reseals a customer's index; key and field make up an entry's place.
func (r *resealing) customer(ctx context.Context, key, customer string) error {
	var entries map[string]string
	err := r.read(ctx, "reseal", func(ctx context.Context) (err error) {
		entries, err = r.rdb.HGetAll(ctx, key).Result()
		return err
	})
	if err != nil {
		return err
	}
	var fields []sealedField
	for field, entry := range entries {
		at, sealed := splitEntry(entry)
		fields = append(fields, sealedField{field, purposeCustomer, customer + ":" + field, at, sealed})
	}
	return r.replace(ctx, key, fields...)
}

// intent reseals an outcome; its owner is the key's tail.
func (r *resealing) intent(ctx context.Context, key, keyHash string) error {
	v, err := r.fields(ctx, key, "o")
	if err != nil {
		return err
	}
	return r.replace(ctx, key, sealedField{"o", purposeOutcome, keyHash, "", v[0]})
}

func (r *resealing) accessToken(ctx context.Context, key, _ string) error {
	v, err := r.fields(ctx, key, "v")
	if err != nil {
		return err
	}
	return r.replace(ctx, key, sealedField{"v", purposeToken, "", "", v[0]})
}

// fields reads fields of a hash; one that is not there is "".
func (r *resealing) fields(ctx context.Context, key string, names ...string) ([]string, error) {
	values := make([]string, len(names))
	err := r.read(ctx, "reseal", func(ctx context.Context) error {
		row, err := r.rdb.HMGet(ctx, key, names...).Result()
		for i, v := range row {
			values[i], _ = v.(string)
		}
		return err
	})
	return values, err
}

// isFine reports whether there is nothing left to seal anew.
func (r *resealing) isFine(values ...string) bool {
	for _, sealed := range values {
		if sealed != "" && !r.sealer.isCurrent(sealed) {
			return false
		}
	}
	return true
}

// sealedField is a value of a hash: its field's name, what it was sealed for, what stands in clear before it, and itself.
type sealedField struct{ name, purpose, owner, before, sealed string }

// replaceSealed puts a value in the place of the one that was read, if that is still there.
// KEYS: hash. ARGV: field, old, new, and so on. Answers how many it replaced.
var replaceSealed = redis.NewScript(`
local n = 0
for i = 1, #ARGV, 3 do
  if redis.call('HGET', KEYS[1], ARGV[i]) == ARGV[i + 1] then
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 2])
    n = n + 1
  end
end
return n
`)

// replace seals fields of one hash anew where another key has sealed them. HSET leaves the hash's lifetime as it is.
func (r *resealing) replace(ctx context.Context, key string, fields ...sealedField) error {
	var args []any
	for _, f := range fields {
		if r.isFine(f.sealed) {
			continue
		}
		plain, err := r.sealer.Open(f.purpose, f.owner, f.sealed)
		if err != nil {
			r.unreadable++
			continue
		}
		args = append(args, f.name, f.before+f.sealed, f.before+r.sealer.Seal(f.purpose, f.owner, plain))
	}
	if len(args) == 0 {
		return nil
	}
	return r.write(ctx, "reseal", func(ctx context.Context) error {
		n, err := replaceSealed.Run(ctx, r.rdb, []string{key}, args...).Int()
		r.resealed += n
		return err
	})
}
