package session

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"
)

// Binding ties an openid to its place in the ERP. It belongs to the openid: logins and logouts do not touch it, and it
// has no end of its own. It prints as its id and way only.
type Binding struct {
	ID     string
	OpenID string
	// Way is how the binding was made: "account" (the user's ERP account) or "invite" (a code, through the service account).
	Way         string
	ERPUsername string
	CompanyID   string
	CompanyName string
	CustomerID  string
	Permissions []string
	BoundAt     time.Time // Bind fills it in when it is zero
	// Proof is the ERP client's fingerprint of Secret; empty for the invite way.
	Proof string
	// Secret is what the ERP driver needs to log in again; empty for the invite way. It goes in through Bind and comes
	// out of Secret only.
	Secret string `json:"-"`
}

// String names the binding without anything personal or secret.
func (b Binding) String() string { return fmt.Sprintf("binding %s (%s)", b.ID, b.Way) }

// Format keeps the secret out of every fmt verb, %#v and %d included.
func (b Binding) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, b.String()) }

// LogValue keeps the secret out of slog.
func (b Binding) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", b.ID), slog.String("way", b.Way))
}

// A binding's hash has the fields id, v (the binding without its secret, sealed), s (the secret, sealed; may be empty),
// o (the openid, sealed for the openid's hash: who has the key name alone can find the owner, and so reseal) and e (its
// place in the index of its customer; empty without a customer).

// KEYS: binding. ARGV: id, binding, secret, openid, place. Answers id and place of the binding that was replaced, or ”.
var bind = redis.NewScript(`
local old = redis.call('HMGET', KEYS[1], 'id', 'e')
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'id', ARGV[1], 'v', ARGV[2], 's', ARGV[3], 'o', ARGV[4], 'e', ARGV[5])
return {old[1] or '', old[2] or ''}
`)

// Bind stores a binding, in place of the one the openid may have, whose kept answers are erased. ID and OpenID must be
// set. A binding with a CustomerID is found by BoundTo. Returns ErrUnavailable, after which it may be stored (the answer
// was lost).
func (s *Store) Bind(ctx context.Context, b Binding) error {
	if b.ID == "" || b.OpenID == "" {
		return errors.New("bind: a binding needs an id and an openid")
	}
	if b.BoundAt.IsZero() {
		b.BoundAt = s.cfg.Now().UTC()
	}
	place, err := s.enter(ctx, b)
	if err != nil {
		return err
	}
	id, left, err := s.putBinding(ctx, b, place)
	if err != nil {
		return err // its entry leads nowhere, or was right
	}
	// A repeated question finds what it stored itself.
	if left != place {
		err = s.leave(ctx, left)
	}
	if id != b.ID {
		err = errors.Join(err, s.eraseAnswers(ctx, id))
	}
	return err
}

// putBinding returns the id and the place of the binding that was replaced.
func (s *Store) putBinding(ctx context.Context, b Binding, place string) (id, left string, err error) {
	plain, err := json.Marshal(b)
	if err != nil {
		return "", "", fmt.Errorf("bind: %w", err)
	}
	secret := ""
	if b.Secret != "" {
		secret = s.sealer.Seal(purposeSecret, b.OpenID, []byte(b.Secret))
	}
	err = s.write(ctx, "bind", func(ctx context.Context) error {
		replaced, err := bind.Run(ctx, s.rdb, []string{s.bindingKey(b.OpenID)},
			b.ID, s.sealer.Seal(purposeBinding, b.OpenID, plain), secret, s.sealOwner(b.OpenID), place).StringSlice()
		if err != nil {
			return err
		}
		if len(replaced) != 2 {
			return errOddAnswer
		}
		id, left = replaced[0], replaced[1]
		return nil
	})
	return id, left, err
}

// sealOwner seals an openid so that it opens with what the binding's key name tells.
func (s *Store) sealOwner(openid string) string {
	return s.sealer.Seal(purposeOwner, hash(openid), []byte(openid))
}

// Binding returns the openid's binding without its Secret. Returns ErrNotBound, ErrUnreadable or ErrUnavailable.
func (s *Store) Binding(ctx context.Context, openid string) (b Binding, err error) {
	var adopted bool
	err = s.read(ctx, "binding", func(ctx context.Context) error {
		fields, err := s.rdb.HMGet(ctx, s.bindingKey(openid), "id", "v", "e").Result()
		if err != nil {
			return err
		}
		b, err = s.bindingFrom(openid, fields)
		adopted = fields[2] != nil
		return err
	})
	if err != nil {
		return Binding{}, err
	}
	if !adopted {
		s.adopt(ctx, b)
	}
	return b, nil
}

// bindingFrom reads the fields {id, v, …}. With ErrUnreadable, id and openid are filled in.
func (s *Store) bindingFrom(openid string, fields []any) (Binding, error) {
	if len(fields) < 2 || fields[0] == nil || fields[1] == nil {
		return Binding{}, ErrNotBound
	}
	id, _ := fields[0].(string)
	sealed, _ := fields[1].(string)
	b, err := s.bindings.open(openid, sealed, func() (Binding, error) { return s.unsealBinding(openid, id, sealed) })
	if err != nil {
		return Binding{ID: id, OpenID: openid}, err
	}
	return ownCopy(b), nil
}

// ownCopy is a binding that shares nothing with the remembered one: what callers get is theirs.
func ownCopy(b Binding) Binding {
	b.Permissions = slices.Clone(b.Permissions)
	return b
}

// unsealBinding opens a binding and fills in what an earlier release left out.
func (s *Store) unsealBinding(openid, id, sealed string) (b Binding, err error) {
	plain, err := s.sealer.Open(purposeBinding, openid, sealed)
	if err != nil {
		return b, err
	}
	if json.Unmarshal(plain, &b) != nil {
		return b, ErrUnreadable
	}
	b.ID, b.OpenID = cmp.Or(b.ID, id), cmp.Or(b.OpenID, openid)
	return b, nil
}

// Secret opens the secret of one binding, "" for one without. Returns ErrNotBound when the openid has no binding or by
// now another one, ErrUnreadable or ErrUnavailable.
func (s *Store) Secret(ctx context.Context, openid, bindingID string) (string, error) {
	var secret string
	err := s.read(ctx, "binding secret", func(ctx context.Context) error {
		fields, err := s.rdb.HMGet(ctx, s.bindingKey(openid), "id", "s").Result()
		if err != nil {
			return err
		}
		sealed, found := fields[1].(string)
		if !found || fields[0] != bindingID {
			return ErrNotBound
		}
		if sealed == "" {
			return nil
		}
		plain, err := s.sealer.Open(purposeSecret, openid, sealed)
		secret = string(plain)
		return err
	})
	return secret, err
}

// KEYS: binding.
var unbind = redis.NewScript(`
local v = redis.call('HMGET', KEYS[1], 'id', 'v', 'e')
redis.call('DEL', KEYS[1])
return v
`)

// Unbind removes the openid's binding with the answers kept under it and its entry among its customer's, and returns
// what it was, without its Secret. One that no longer opens is removed as well and returned with ID and OpenID alone.
// Returns ErrNotBound when there was none, or ErrUnavailable.
func (s *Store) Unbind(ctx context.Context, openid string) (b Binding, err error) {
	var left string
	err = s.write(ctx, "unbind", func(ctx context.Context) error {
		fields, err := unbind.Run(ctx, s.rdb, []string{s.bindingKey(openid)}).Slice()
		if err != nil {
			return err
		}
		b, err = s.bindingFrom(openid, fields)
		if err == nil || errors.Is(err, ErrUnreadable) {
			left, _ = fields[2].(string)
			return nil
		}
		return err
	})
	if err != nil {
		return b, err
	}
	return b, errors.Join(s.leave(ctx, left), s.eraseAnswers(ctx, b.ID))
}
