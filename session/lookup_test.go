package session

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

func sessionFoundByID(t *testing.T, w *world) {
	s := w.store(t, Config{TTL: time.Hour})
	token, made, err := s.Create(ctx, Login{OpenID: "openid-of-anna", UnionID: "u", WeChatSessionKey: "k"})
	noErr(t, err)
	found, err := s.ByID(ctx, made.ID)
	noErr(t, err)
	if sessions, bindings, err := s.Count(ctx); err != nil || sessions != 1 || bindings != 0 {
		t.Errorf("counted %d and %d, %v; want one session", sessions, bindings, err)
	}
	if found.OpenID != made.OpenID || found.UnionID != "u" || !found.CreatedAt.Equal(made.CreatedAt) || found.ID != made.ID {
		t.Errorf("found %+v, want %+v", found, made)
	}
	noErr(t, s.Revoke(ctx, made.ID))
	for _, id := range []string{made.ID, token, "", "of:" + hash("openid-of-anna"), strings.Repeat("0a", 32)} {
		if _, err := s.ByID(ctx, id); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: %v, want ErrNotFound", id, err)
		}
	}
}

func companysBindingsFound(t *testing.T, w *world) {
	s := w.store(t, Config{})
	for id, company := range map[string]string{"b1": "CO1", "b2": "CO1", "b3": "CO2", "b4": ""} {
		noErr(t, s.Bind(ctx, Binding{ID: id, OpenID: "openid-" + id, Way: "account", CompanyID: company, CustomerID: "K-" + id}))
	}
	if sessions, bindings, err := s.Count(ctx); err != nil || sessions != 0 || bindings != 4 {
		t.Errorf("counted %d and %d, %v; want no session and 4 bindings", sessions, bindings, err)
	}
	for company, want := range map[string][]string{"CO1": {"b1", "b2"}, "CO2": {"b3"}, "CO3": nil, "": nil} {
		list, err := s.BoundToCompany(ctx, company)
		noErr(t, err)
		var ids []string
		for _, b := range list {
			ids = append(ids, b.ID)
			if b.OpenID != "openid-"+b.ID || b.Secret != "" {
				t.Errorf("found %+v", b)
			}
		}
		slices.Sort(ids)
		if !slices.Equal(ids, want) {
			t.Errorf("bound to company %q: %v, want %v", company, ids, want)
		}
	}
}

func consoleSessionLasts(t *testing.T, w *world) {
	s := w.store(t, Config{})
	token, err := s.CreateConsole(ctx, time.Hour, func(string) string { return "a value" })
	noErr(t, err)
	other, err := s.CreateConsole(ctx, 2*time.Hour, hash)
	noErr(t, err)
	if value, err := s.Console(ctx, token); err != nil || value != "a value" || token == other {
		t.Errorf("got %q, %v", value, err)
	}
	for _, wrong := range []string{"", "x", strings.Repeat("A", 43), hash(token), token + "A"} {
		if _, err := s.Console(ctx, wrong); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: %v, want ErrNotFound", wrong, err)
		}
	}
	if dump := w.dump(t); strings.Contains(dump, token) {
		t.Error("the token is in Redis")
	}
	w.forward(t, 90*time.Minute)
	if _, err := s.Console(ctx, token); !errors.Is(err, ErrNotFound) {
		t.Errorf("after its life: %v, want ErrNotFound", err)
	}
	noErr(t, s.EndConsole(ctx, other))
	noErr(t, s.EndConsole(ctx, other))
	noErr(t, s.EndConsole(ctx, "x"))
	if _, err := s.Console(ctx, other); !errors.Is(err, ErrNotFound) {
		t.Errorf("after its end: %v, want ErrNotFound", err)
	}
}
