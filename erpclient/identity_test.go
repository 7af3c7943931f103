package erpclient_test

import (
	"testing"

	"snowgate/erpclient"
	"snowgate/erpclient/erptest"
)

func TestIdentitiesThatSeeTheSameHaveTheSameKey(t *testing.T) {
	base := erpclient.Identity{Owner: "o", BindingID: "b", Account: "a", CustomerID: "c"}
	tests := []struct {
		name string
		id   erpclient.Identity
		same bool
	}{
		{"another owner of the same account", erpclient.Identity{Owner: "p", BindingID: "d", Account: "a", CustomerID: "c"}, true},
		{"another account", erpclient.Identity{Owner: "o", BindingID: "b", Account: "b", CustomerID: "c"}, false},
		{"another customer", erpclient.Identity{Owner: "o", BindingID: "b", Account: "a", CustomerID: "d"}, false},
		{"no customer", erpclient.Identity{Owner: "o", BindingID: "b", Account: "a"}, false},
		{"the two run together", erpclient.Identity{Account: "a\x00c"}, false},
		{"the two swapped", erpclient.Identity{Account: "c", CustomerID: "a"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.id.Key() == base.Key(); got != tt.same {
				t.Errorf("keys equal: %v, want %v", got, tt.same)
			}
		})
	}
}

func FuzzKeysOfDifferentIdentitiesDiffer(f *testing.F) {
	f.Add("a", "b", "a\x00b", "")
	f.Add("a\x00", "b", "a", "\x00b")
	f.Add(`a"`, `"b`, `a""`, `b`)
	f.Add("\xff", "", "\ufffd", "")
	f.Fuzz(func(t *testing.T, account1, customer1, account2, customer2 string) {
		one := erpclient.Identity{Account: account1, CustomerID: customer1}
		two := erpclient.Identity{Account: account2, CustomerID: customer2}
		if (one == two) != (one.Key() == two.Key()) {
			t.Errorf("%+q and %+q: keys %q and %q", one, two, one.Key(), two.Key())
		}
	})
}

// The service account sees every customer's records, so it never asks for a person without narrowing.
func TestTheServiceAccountAsksForOneCustomerOnly(t *testing.T) {
	noService := func(cfg *erpclient.Config) { cfg.Service = erpclient.Credentials{} }
	tests := []struct {
		name   string
		id     erpclient.Identity
		change func(*erpclient.Config)
		want   erpclient.Kind
	}{
		{"a customer by invite", erpclient.Identity{Owner: "carol", CustomerID: "C3"}, nil, ""},
		{"neither account nor customer", erpclient.Identity{Owner: "carol"}, nil, erpclient.KindForbidden},
		{"nothing at all", erpclient.Identity{}, nil, erpclient.KindForbidden},
		{"no service account", erpclient.Identity{Owner: "carol", CustomerID: "C3"}, noService, erpclient.KindNotSupported},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newWorld()
				_, err := search(t.Context(), w.client(tt.change), tt.id, "sled")
				if got := erpclient.KindOf(err); got != tt.want || (err == nil) != (tt.want == "") {
					t.Fatalf("got %v, want kind %q", err, tt.want)
				}
				if tt.want != "" {
					wantCalls(t, w.erp, erptest.OpLogin, 0)
				}
			})
		})
	}
}
