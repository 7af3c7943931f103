package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"snowgate/sandbox"
)

// TestWrongAnswersAreSeen keeps that the measurement could fail: each way in which an answer may be somebody else's, or
// to another question, is noticed.
func TestWrongAnswersAreSeen(t *testing.T) {
	erp := sandbox.NewERP(sandbox.ERPOptions{})
	m := newMix(&world{primary: &erpStandIn{ERP: erp}}, nil)
	own, other := m.of["501"], m.of["502"]
	name := m.names["501"]
	shown := func(id, no, name string) string {
		return fmt.Sprintf(`{"id":%q,"orderNo":%q,"customerName":%q}`, id, no, name)
	}
	list := func(id string) string { return `{"orders":[` + shown(id, m.orders[id].Code, name) + `]}` }
	search := m.search("501", "", 1, 10)
	order, materials := m.order("501", own[0], ""), m.materials(own[0])
	m.lines = []line{{"77", own[0]}}
	progress := m.progress("501", newDice())
	for _, tt := range []struct {
		name  string
		asked asking
		data  string
		right bool
	}{
		{"own list", search, list(own[9]), true},
		{"an empty list", search, `{"orders":[]}`, true},
		{"somebody else's order in a list", search, list(other[0]), false},
		{"another page", search, list(own[10]), false},
		{"an order that does not exist", search, `{"orders":[` + shown("1", "x", name) + `]}`, false},
		{"own order", order, shown(own[0], m.orders[own[0]].Code, name), true},
		{"another order of one's own", order, shown(own[1], m.orders[own[1]].Code, name), false},
		{"somebody else's name", order, shown(own[0], m.orders[own[0]].Code, m.names["502"]), false},
		{"somebody else's number", order, shown(own[0], m.orders[other[0]].Code, name), false},
		{"own lines", materials, `{"orderId":"` + own[0] + `","materials":[{"id":"1","orderId":"` + own[0] + `"}]}`, true},
		{"lines of another order", materials, `{"orderId":"` + own[1] + `","materials":[]}`, false},
		{"a line of another order", materials, `{"orderId":"` + own[0] + `","materials":[{"id":"1","orderId":"` + own[1] + `"}]}`, false},
		{"own line", progress, `{"id":"77","orderId":"` + own[0] + `"}`, true},
		{"another line", progress, `{"id":"78","orderId":"` + own[0] + `"}`, false},
		{"what nobody may see", m.foreign("501", newDice()), list(other[0]), false},
		{"a search for somebody else's order", m.none("/"), list(other[0]), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.asked.check(answer{body: []byte(`{"code":0,"data":` + tt.data + `}`)})
			if tt.right && err != nil || !tt.right && !errors.Is(err, errNotTheirs) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func newDice() *rand.Rand { return rand.New(rand.NewPCG(1, 1)) } //nolint:gosec // a test has to be the same again
