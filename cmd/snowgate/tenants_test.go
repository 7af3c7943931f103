package main

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestAnotherTenantsIDsAreMissingOnes keeps: on every route that takes an id, one customer's record is to another exactly
// what a record is that does not exist, whichever way the other is bound.
func TestAnotherTenantsIDsAreMissingOnes(t *testing.T) {
	g := besieged(t)
	alice := g.comesIn("alice")
	g.isBound(alice, `{"erpUsername":"alice.chen","erpPassword":"snow-alice-1"}`)
	orders, _ := g.calmly("GET", "/api/orders/search", alice).Data["orders"].([]any)
	if len(orders) == 0 {
		t.Fatal("alice has no orders")
	}
	order, _ := orders[0].(map[string]any)["id"].(string)
	materials, _ := g.calmly("GET", "/api/orders/"+order+"/materials", alice).Data["materials"].([]any)
	if len(materials) == 0 {
		t.Fatal("alice's order has no lines")
	}
	material, _ := materials[0].(map[string]any)["id"].(string)
	message := g.ownMessage(alice)
	routes := []struct{ method, path, id string }{
		{"GET", "/api/orders/{id}", order}, {"GET", "/api/orders/{id}/status", order}, {"GET", "/api/orders/{id}/materials", order},
		{"GET", "/api/materials/{id}/progress", material}, {"GET", "/api/wechat/template-msg/{id}", message},
	}
	g.everyID(routes[0].path, routes[1].path, routes[2].path, routes[3].path, routes[4].path, approvalPaths[0], approvalPaths[1])
	for _, r := range routes {
		if a := g.calmly(r.method, strings.Replace(r.path, "{id}", r.id, 1), alice); a.Code != 0 {
			t.Fatalf("alice's own %s: %s", r.path, a.raw)
		}
	}
	others := map[string]string{
		"by account": `{"erpUsername":"bob.wang","erpPassword":"snow-bob-1"}`, "by invite code": `{"inviteCode":"SNOW-2026-B"}`,
	}
	for way, body := range others {
		t.Run(way, func(t *testing.T) {
			bob := g.comesIn("bob")
			g.isBound(bob, body)
			for _, r := range routes {
				theirs := g.calmly(r.method, strings.Replace(r.path, "{id}", r.id, 1), bob)
				missing := g.calmly(r.method, strings.Replace(r.path, "{id}", "99999999", 1), bob)
				if theirs.status != http.StatusNotFound || theirs.told() != missing.told() {
					t.Errorf("%s: %d %s, one that is missing %d %s", r.path, theirs.status, theirs.raw, missing.status, missing.raw)
				}
			}
			for _, path := range approvalPaths {
				theirs, missing := g.calmly("POST", strings.Replace(path, "{id}", "1", 1), bob), g.calmly("POST", strings.Replace(path, "{id}", "99999999", 1), bob)
				if theirs.status != http.StatusForbidden && theirs.status != http.StatusNotFound || theirs.told() != missing.told() {
					t.Errorf("%s: %s, one that is missing %s", path, theirs.raw, missing.raw)
				}
			}
		})
	}
}

// approvalPaths are about the company's own documents: a customer's binding does not allow them at all.
var approvalPaths = []string{"/api/approvals/{id}/approve", "/api/approvals/{id}/reject"}

// everyID wants the paths to be all that take an id, admins' apart: a new one has to be asked for here as well.
func (g *gate) everyID(paths ...string) {
	g.t.Helper()
	_, api := g.bare("GET", "/docs/openapi.yaml", "")
	documented := regexp.MustCompile(`(?m)^  (/api/\S*\{\S+):$`).FindAllStringSubmatch(api, -1)
	if len(documented) < len(paths) {
		g.t.Fatalf("openapi.yaml names %v", documented)
	}
	for _, found := range documented {
		if !strings.HasPrefix(found[1], "/api/admin/") && !slices.Contains(paths, found[1]) {
			g.t.Errorf("%s is not among those asked for", found[1])
		}
	}
}

// comesIn is login that a busy machine may take several times for.
func (g *gate) comesIn(user string) (token string) {
	g.t.Helper()
	eventually(g.t, user+" comes in", func() bool {
		loginCounter++
		r := g.ask("POST", "/api/auth/wx-login", "", fmt.Sprintf(`{"code":"test-%s-in-%d"}`, user, loginCounter))
		token, _ = r.Data["token"].(string)
		return token != ""
	})
	return token
}

// isBound is bind that a busy machine may take several times for.
func (g *gate) isBound(token, body string) {
	g.t.Helper()
	eventually(g.t, "bound", func() bool { return g.ask("POST", "/api/auth/erp-bind", token, body).Code == 0 })
}

// calmly asks until a busy machine has the time to look.
func (g *gate) calmly(method, path, token string) (r reply) {
	g.t.Helper()
	eventually(g.t, method+" "+path, func() bool { r = g.ask(method, path, token, ""); return r.status < http.StatusBadGateway })
	return r
}

// told is an answer without the id of its request.
func (r reply) told() string {
	return fmt.Sprint(r.status) + strings.ReplaceAll(r.raw, r.header.Get("X-Request-Id"), "")
}

// ownMessage has a user send themselves a message, and returns its id.
func (g *gate) ownMessage(token string) (id string) {
	g.t.Helper()
	eventually(g.t, "subscribed", func() bool {
		return g.ask("POST", "/api/wechat/subscriptions", token, `{"results":{"`+orderTemplate+`":"accept"}}`).Code == 0
	})
	openid, _ := g.calmly("GET", "/api/user/profile", token).Data["openid"].(string)
	eventually(g.t, "sent", func() bool {
		id, _ = g.ask("POST", "/api/wechat/template-msg", token, orderNews(openid, "SO-1"), "Idempotency-Key", "own-message").Data["msgid"].(string)
		return id != ""
	})
	return id
}
