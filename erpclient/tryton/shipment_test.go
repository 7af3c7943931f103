package tryton

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"snowgate/erpclient"
)

// shipments are the calls about internal shipments, by their last word.
func shipments(s *script) (list []string) {
	for _, m := range s.methods() {
		if name, ok := strings.CutPrefix(m, shipmentModel+"."); ok {
			list = append(list, name)
		}
	}
	return list
}

// shipmentIn is a shipment in a state, as a look-up finds it.
func shipmentIn(state string) reply {
	return result(`[{"id":9,"state":"` + state + `","from_location.":{"id":4,"type":"lost_found","warehouse":null},` +
		`"to_location.":{"id":3,"type":"storage","warehouse":5},"moves.":[{"id":1,"product":8,"quantity":1.0,"state":"draft"},` +
		`{"id":2,"product":8,"quantity":2.0,"state":"assigned"}]}]`)
}

func stateIs(state string) reply { return result(`[{"id":9,"state":"` + state + `"}]`) }

var (
	oneWarehouse = result(`[{"id":5,"name":"Main","code":"WH","storage_location":3,"lost_found_location":4}]`)
	oneProduct   = result(`[{"id":8,"default_uom.":{"id":1,"digits":0}}]`)
	nothing      = result("[]")
	null         = result("null")
	threeIn      = erpclient.StockEntry{Reference: "ref", ProductID: "8", WarehouseID: "5", Quantity: "3", Direction: erpclient.StockIn}
	threeInDone  = erpclient.StockRecord{ID: "9", ProductID: "8", WarehouseID: "5", Quantity: "3", Direction: erpclient.StockIn}
)

func TestShipmentsAreCarriedOnFromWhereTheyStand(t *testing.T) {
	for name, tt := range map[string]struct {
		looks []reply          // what the look-up finds, and the state after each button
		press map[string]reply // other than null and true
		want  erpclient.Kind
		calls []string // on shipments
	}{
		"none": {[]reply{nothing, stateIs("waiting"), stateIs("assigned"), stateIs("done")}, nil, "",
			[]string{"search_read", "create", "wait", "search_read", "assign_try", "search_read", "done", "search_read"}},
		"a request": {[]reply{shipmentIn("request"), stateIs("draft"), stateIs("waiting"), stateIs("assigned"), stateIs("done")}, nil, "",
			[]string{"search_read", "draft", "search_read", "wait", "search_read", "assign_try", "search_read", "done", "search_read"}},
		"one that waits": {[]reply{shipmentIn("waiting"), stateIs("assigned"), stateIs("done")}, nil, "",
			[]string{"search_read", "assign_try", "search_read", "done", "search_read"}},
		"one that is done": {[]reply{shipmentIn("done")}, nil, "", []string{"search_read"}},
		"somebody else is at it, too": {[]reply{shipmentIn("draft"), stateIs("assigned"), stateIs("done")}, nil, "",
			[]string{"search_read", "wait", "search_read", "done", "search_read"}},
		"too little in stock": {[]reply{shipmentIn("waiting"), stateIs("cancelled")}, map[string]reply{"assign_try": result("false")}, erpclient.KindConflict,
			[]string{"search_read", "assign_try", "cancel", "search_read"}},
		"a button that does nothing": {[]reply{shipmentIn("draft"), stateIs("draft"), stateIs("cancelled")}, nil, erpclient.KindConflict,
			[]string{"search_read", "wait", "search_read", "cancel", "search_read"}},
		"nor does cancel": {[]reply{shipmentIn("draft"), stateIs("draft"), stateIs("draft")}, nil, erpclient.KindOutcomeUnknown,
			[]string{"search_read", "wait", "search_read", "cancel", "search_read"}},
		"a refusal half-way": {[]reply{shipmentIn("assigned"), stateIs("cancelled")}, map[string]reply{"done": userErrorOf("The period is closed.")},
			erpclient.KindInvalid, []string{"search_read", "done", "cancel", "search_read"}},
		"a failure half-way": {[]reply{shipmentIn("assigned")}, map[string]reply{"done": {status: 502}}, erpclient.KindOutcomeUnknown,
			[]string{"search_read", "done"}},
		"a failure to look": {[]reply{shipmentIn("assigned"), {status: 502}}, nil, erpclient.KindOutcomeUnknown, []string{"search_read", "done", "search_read"}},
		"a session lost half-way": {[]reply{shipmentIn("assigned")}, map[string]reply{"done": {status: 401}}, erpclient.KindOutcomeUnknown,
			[]string{"search_read", "done"}},
		"cancelled by somebody": {[]reply{shipmentIn("waiting"), stateIs("cancelled")}, nil, erpclient.KindConflict,
			[]string{"search_read", "assign_try", "search_read"}},
		"a state of another version": {[]reply{shipmentIn("packed")}, nil, erpclient.KindOutcomeUnknown, []string{"search_read"}},
		"in circles": {[]reply{shipmentIn("waiting"), stateIs("assigned"), stateIs("waiting"), stateIs("assigned"), stateIs("waiting"), stateIs("assigned"), stateIs("waiting")},
			nil, erpclient.KindOutcomeUnknown, slices.Concat([]string{"search_read"}, slices.Repeat([]string{"assign_try", "search_read", "done", "search_read"}, 3))},
	} {
		t.Run(name, func(t *testing.T) {
			replies := map[string][]reply{
				"model.stock.location.search_read": {oneWarehouse}, "model.product.product.search_read": {oneProduct},
				"model." + shipmentModel + ".search_read": tt.looks, "model." + shipmentModel + ".create": {result("[9]")},
			}
			for _, button := range []string{"draft", "wait", "assign_try", "done", "cancel"} {
				replies["model."+shipmentModel+"."+button] = []reply{null}
			}
			for button, r := range tt.press {
				replies["model."+shipmentModel+"."+button] = []reply{r}
			}
			d, s, a := newScripted(t, replies, wantNoDrift(t))
			got, err := d.RecordStock(t.Context(), a, threeIn)
			wantKind(t, err, tt.want)
			if tt.want == "" && got != threeInDone {
				t.Errorf("got %+v, want %+v", got, threeInDone)
			}
			if calls := shipments(s); !slices.Equal(calls, tt.calls) {
				t.Errorf("called %v, want %v", calls, tt.calls)
			}
			var e *erpclient.Error
			if errors.As(err, &e) && e.Unsent {
				t.Error("it says that nothing was sent")
			}
		})
	}
}

func TestFailuresBeforeAnythingIsWrittenSaySo(t *testing.T) {
	broken := reply{status: 503}
	for name, replies := range map[string]map[string][]reply{
		"looking it up":     {"model." + shipmentModel + ".search_read": {broken}},
		"the warehouses":    {"model." + shipmentModel + ".search_read": {nothing}, "model.stock.location.search_read": {broken}, "model.product.product.search_read": {oneProduct}},
		"the product":       {"model." + shipmentModel + ".search_read": {nothing}, "model.stock.location.search_read": {oneWarehouse}, "model.product.product.search_read": {broken}},
		"no lost and found": {"model." + shipmentModel + ".search_read": {nothing}, "model.stock.location.search_read": {result(`[{"id":5,"name":"Main","code":"WH","storage_location":3,"lost_found_location":null}]`)}, "model.product.product.search_read": {oneProduct}},
	} {
		t.Run(name, func(t *testing.T) {
			d, s, a := newScripted(t, replies)
			_, err := d.RecordStock(t.Context(), a, threeIn)
			var e *erpclient.Error
			if !errors.As(err, &e) || !e.Unsent {
				t.Errorf("got %v", err)
			}
			if slices.Contains(shipments(s), "create") {
				t.Error("it was written")
			}
		})
	}
}

func TestTheSameReferenceGoesOneAfterTheOther(t *testing.T) {
	turns := newTurns()
	done, err := turns.take(t.Context(), "op", "a")
	if err != nil {
		t.Fatal(err)
	}
	other, err := turns.take(t.Context(), "op", "b")
	if err != nil {
		t.Fatal(err)
	}
	other()
	short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	_, err = turns.take(short, "op", "a")
	var e *erpclient.Error
	if !errors.As(err, &e) || e.Kind != erpclient.KindTimeout || !e.Unsent {
		t.Errorf("got %v", err)
	}
	inside, most := 0, 0
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			done, err := turns.take(t.Context(), "op", "a")
			if err != nil {
				t.Error(err)
				return
			}
			defer done()
			mu.Lock()
			inside++
			most = max(most, inside)
			mu.Unlock()
			mu.Lock()
			inside--
			mu.Unlock()
		})
	}
	done()
	all.Wait()
	if most != 1 || len(turns.held) != 0 {
		t.Errorf("%d at a time, %d references kept", most, len(turns.held))
	}
}

func TestQuantitiesHaveTheirPlaces(t *testing.T) {
	for text, want := range map[erpclient.Decimal]int{"3": 0, "3.0": 0, "3.50": 1, "0.001": 3, "1e2": 0, "1.5e-1": 2, "x": places + 1} {
		if got := decimals(text); got != want {
			t.Errorf("%s has %d places, want %d", text, got, want)
		}
	}
	if got := sum("0.1", "0.2", "", "1e1"); got != "10.3" {
		t.Errorf("got %s", got)
	}
}
