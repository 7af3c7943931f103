package erpclient_test

import (
	"context"
	"reflect"
	"testing"

	"snowgate/erpclient"
	"snowgate/erpclient/erptest"
)

func TestAnOrdersPartsAreAskedSideBySide(t *testing.T) {
	asks := map[string]func(context.Context, *erpclient.Client) error{
		"OrderDetail": func(ctx context.Context, c *erpclient.Client) error {
			_, err := c.OrderDetail(ctx, alice, "1")
			return err
		},
		"OrderMaterials": func(ctx context.Context, c *erpclient.Client) error {
			_, err := c.OrderMaterials(ctx, alice, "1")
			return err
		},
	}
	for name, ask := range asks {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newWorld()
				met := erptest.NewBarrier(2) // neither is answered before both are asked
				w.erp.Script(func(ctx context.Context, op string) error {
					if op == erptest.OpOrder || op == erptest.OpMaterials {
						return met.Wait(ctx, op)
					}
					return nil
				})
				if err := ask(t.Context(), w.client(nil)); err != nil {
					t.Fatal(err)
				}
				wantCalls(t, w.erp, erptest.OpOrder, 1)
				wantCalls(t, w.erp, erptest.OpMaterials, 1)
			})
		})
	}
}

func TestOrderDetailHasAllParts(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a := erpclient.Auth{Scope: alice.Scope()}
		got, err := newWorld().client(nil).OrderDetail(t.Context(), alice, "1")
		if err != nil {
			t.Fatal(err)
		}
		ordered, _ := erpclient.ParseMoment("2026-01-31T00:00:00+08:00", nil)
		want := erpclient.OrderDetail{
			OrderStatus: erpclient.OrderStatus{
				Order: erptest.AnOrder(a, "1"),
				Timeline: []erpclient.Stage{
					{Stage: "ordered", State: erpclient.StateDone, At: ordered},
					{Stage: "produced", State: erpclient.StateInProgress},
					{Stage: "shipped", State: erpclient.StateNotStarted},
					{Stage: "completed", State: erpclient.StateNotStarted},
				},
				Deliveries: []erpclient.Delivery{{DeliveryNo: "D-1"}},
			},
			Materials: []erpclient.Material{erptest.AMaterial(a, "M-1", "1")},
		}
		if !ordered.Equal(got.Timeline[0].At.Time) {
			t.Errorf("ordered at %s, want %s", got.Timeline[0].At, ordered)
		}
		got.Timeline[0].At = ordered // equal times, two zone pointers
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	})
}

func TestAnotherCustomersOrderIsNotFoundThoughItsPartsAnswer(t *testing.T) {
	for _, m := range methods {
		if m.name != "OrderStatus" && m.name != "OrderMaterials" && m.name != "OrderDetail" {
			continue
		}
		t.Run(m.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newWorld()
				answered := make(chan struct{})
				w.erp.OnMaterials = func(_ context.Context, _ erpclient.Auth, orderID string) ([]erpclient.Material, error) {
					close(answered)
					return []erpclient.Material{erptest.AMaterial(erpclient.Auth{}, "M", orderID)}, nil
				}
				w.erp.OnOrder = func(context.Context, erpclient.Auth, string) (erpclient.Order, error) {
					if m.name != "OrderStatus" { // the lines are there first, and still nothing is told
						<-answered
					}
					return erpclient.Order{}, &erpclient.Error{Op: erptest.OpOrder, Kind: erpclient.KindNotFound}
				}
				wantKind(t, m.ask(t.Context(), w.client(nil)), erpclient.KindNotFound)
				wantCalls(t, w.erp, erptest.OpDeliveries, 0)
			})
		})
	}
}

// What a neighbour says, cancelled because the order was not found, is never what the caller hears.
func TestTheOrdersOwnFailureIsTheOneThatIsTold(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		w.erp.OnOrder = func(context.Context, erpclient.Auth, string) (erpclient.Order, error) {
			return erpclient.Order{}, &erpclient.Error{Op: erptest.OpOrder, Kind: erpclient.KindNotFound}
		}
		w.erp.OnMaterials = func(ctx context.Context, _ erpclient.Auth, _ string) ([]erpclient.Material, error) {
			return nil, erptest.Hang(ctx, erptest.OpMaterials)
		}
		_, err := w.client(nil).OrderDetail(t.Context(), alice, "1")
		wantKind(t, err, erpclient.KindNotFound)
	})
}

func TestMaterialsOfAnotherCustomerAreDropped(t *testing.T) {
	lines := []erpclient.Material{
		{ID: "mine", CustomerID: "C1"}, {ID: "hers", CustomerID: "C2"}, {ID: "does not say"},
	}
	tests := []struct {
		name string
		id   erpclient.Identity
		want []erpclient.Material
	}{
		{"for one customer", alice, []erpclient.Material{lines[0], lines[2]}},
		{"for an account without narrowing", erpclient.Identity{Owner: "alice", Account: "acc-alice", Proof: proof("acc-alice")}, lines},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newWorld()
				w.erp.OnMaterials = func(context.Context, erpclient.Auth, string) ([]erpclient.Material, error) { return lines, nil }
				c := w.client(nil)
				materials, err := c.OrderMaterials(t.Context(), tt.id, "1")
				if err != nil || !reflect.DeepEqual(materials, tt.want) {
					t.Errorf("OrderMaterials: got %+v, %v, want %+v", materials, err, tt.want)
				}
				detail, err := c.OrderDetail(t.Context(), tt.id, "1")
				if err != nil || !reflect.DeepEqual(detail.Materials, tt.want) {
					t.Errorf("OrderDetail: got %+v, %v, want %+v", detail.Materials, err, tt.want)
				}
			})
		})
	}
}

func TestMaterialProgressIsShownToItsCustomerOnly(t *testing.T) {
	mine := erptest.AMaterial(erpclient.Auth{Scope: alice.Scope()}, "M", "O")
	hers, silent := mine, mine
	hers.CustomerID, silent.CustomerID = "C2", ""
	everything := erpclient.Identity{Owner: "alice", Account: "acc-alice", Proof: proof("acc-alice")}
	tests := []struct {
		name       string
		id         erpclient.Identity
		line       erpclient.Material
		orderKind  erpclient.Kind
		want       erpclient.Kind
		orderCalls int
	}{
		{"a line that says it is mine", alice, mine, erpclient.KindNotFound, "", 0},
		{"a line that says it is another's", alice, hers, "", erpclient.KindNotFound, 0},
		{"a line that does not say, of my order", alice, silent, "", "", 1},
		{"a line that does not say, of another's order", alice, silent, erpclient.KindNotFound, erpclient.KindNotFound, 1},
		{"without narrowing the order is asked as well", everything, mine, "", "", 1},
		{"without narrowing an order that the account may not see", everything, mine, erpclient.KindForbidden, erpclient.KindForbidden, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newWorld()
				w.erp.OnMaterial = func(context.Context, erpclient.Auth, string) (erpclient.Material, error) { return tt.line, nil }
				w.erp.OnOrder = func(_ context.Context, a erpclient.Auth, id string) (erpclient.Order, error) {
					if tt.orderKind != "" {
						return erpclient.Order{}, &erpclient.Error{Op: erptest.OpOrder, Kind: tt.orderKind}
					}
					return erptest.AnOrder(a, id), nil
				}
				got, err := w.client(nil).MaterialProgress(t.Context(), tt.id, "M")
				if kind := erpclient.KindOf(err); kind != tt.want {
					t.Fatalf("got %v, want kind %q", err, tt.want)
				}
				if err == nil && (got.ID != "M" || got.Progress != "0.5" || len(got.Stages) != 1) {
					t.Errorf("got %+v", got)
				}
				wantCalls(t, w.erp, erptest.OpOrder, tt.orderCalls)
			})
		})
	}
}

// bare is an ERP that can log in and nothing else; withLines is one that keeps orders and lines, but neither
// deliveries nor stages.
type bare struct{ erpclient.Driver }

type withLines struct {
	erpclient.Driver
	erpclient.OrderReader
	erpclient.MaterialReader
}

func TestWhatAnERPCannotDoIsNotSupported(t *testing.T) {
	for _, m := range methods {
		if m.name == "BindAccount" {
			continue
		}
		t.Run(m.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newWorld()
				wantKind(t, m.ask(t.Context(), w.clientOf(bare{w.erp}, nil)), erpclient.KindNotSupported)
			})
		})
	}
}

func TestAnERPWithoutDeliveriesHasOrdersWithoutAny(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		got, err := w.clientOf(withLines{w.erp, w.erp, w.erp}, nil).OrderStatus(t.Context(), alice, "1")
		if err != nil || got.Deliveries == nil || len(got.Deliveries) != 0 {
			t.Errorf("got %+v, %v, want an empty list", got.Deliveries, err)
		}
	})
}

func TestStagesAreDerivedWhereTheERPKeepsNone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		got, err := w.clientOf(withLines{w.erp, w.erp, w.erp}, nil).MaterialProgress(t.Context(), alice, "1")
		want := []erpclient.ProgressStage{
			{Name: "producing", Quantity: "2"}, {Name: "produced", Quantity: "5"}, {Name: "shipped", Quantity: "1"},
		}
		if err != nil || !reflect.DeepEqual(got.Stages, want) {
			t.Errorf("got %+v, %v, want %+v", got.Stages, err, want)
		}
	})
}

func TestTheScopeReachesTheDriver(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		var scopes []string
		w.erp.OnSearchOrders = func(_ context.Context, a erpclient.Auth, _ erpclient.OrderQuery) (erpclient.OrderPage, error) {
			account, _ := w.erp.Account(a.Session)
			scopes = append(scopes, account+"/"+a.Scope.CustomerID)
			return erpclient.OrderPage{}, nil
		}
		c := w.client(nil)
		for _, id := range []erpclient.Identity{alice, bob, invited} {
			mustSearch(t, c, id, "sled")
		}
		if want := []string{"acc-alice/C1", "acc-bob/C2", "service/C3"}; !reflect.DeepEqual(scopes, want) {
			t.Errorf("got %v, want %v", scopes, want)
		}
	})
}
