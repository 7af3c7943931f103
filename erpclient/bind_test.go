package erpclient_test

import (
	"context"
	"reflect"
	"testing"

	"snowgate/erpclient"
	"snowgate/erpclient/erptest"
)

func TestBindAccountIsExactlyOneLogin(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		profile := erpclient.Profile{CompanyID: "10001", CompanyName: "Snow", CustomerID: "C1", Permissions: []string{"orders:read"}}
		w.erp.OnLogin = func(_ context.Context, c erpclient.Credentials) (erpclient.Session, error) {
			s := w.erp.NewSession(c.Account)
			s.Profile = profile
			return s, nil
		}
		c := w.client(nil)
		got, err := c.BindAccount(t.Context(), "acc-alice", "right")
		if err != nil {
			t.Fatal(err)
		}
		want := erpclient.Bound{Account: "acc-alice", CustomerID: "C1", Secret: "digest:right", Proof: proof("acc-alice"), Profile: profile}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
		mustSearch(t, c, alice, "the session made by binding is used")
		wantCalls(t, w.erp, erptest.OpLogin, 1)
	})
}

func TestBindAccountTriesOnceWhateverGoesWrong(t *testing.T) {
	for _, kind := range []erpclient.Kind{
		erpclient.KindBadCredentials, erpclient.KindTooManyAttempts, erpclient.KindUnavailable, erpclient.KindTimeout,
		erpclient.KindBusy, erpclient.KindBadAnswer,
	} {
		t.Run(string(kind), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newWorld()
				w.erp.OnLogin = func(context.Context, erpclient.Credentials) (erpclient.Session, error) {
					return erpclient.Session{}, &erpclient.Error{Op: erptest.OpLogin, Kind: kind}
				}
				c := w.client(nil)
				for n := 1; n <= 2; n++ { // each try of the person's is one at the ERP: the caller counts them
					_, err := c.BindAccount(t.Context(), "acc-alice", "wrong")
					wantKind(t, err, kind)
					wantCalls(t, w.erp, erptest.OpLogin, n)
				}
				if got := w.keyring.Rejected(); len(got) != 0 {
					t.Errorf("rejected %v: a failed bind ended a binding", got)
				}
			})
		})
	}
}

func TestASuccessfulBindClearsTheMemoryOfARefusal(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		locked := true
		w.erp.OnLogin = func(ctx context.Context, c erpclient.Credentials) (erpclient.Session, error) {
			if locked {
				return refusingLogin(ctx, c)
			}
			return w.erp.NewSession(c.Account), nil
		}
		c := w.client(nil)
		_, err := search(t.Context(), c, alice, "refused")
		wantKind(t, err, erpclient.KindBadCredentials)

		locked = false
		bound, err := c.BindAccount(t.Context(), "acc-alice", "right")
		if err != nil {
			t.Fatal(err)
		}
		w.keyring.Put("alice", erpclient.Credentials{Account: bound.Account, Secret: bound.Secret})
		w.erp.ForgetSessions()
		mustSearch(t, c, alice, "renewed with the password that was refused before")
		wantCalls(t, w.erp, erptest.OpLogin, 3)
	})
}

func TestBindInviteFindsTheCustomerThroughTheServiceAccount(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		got, err := w.client(nil).BindInvite(t.Context(), "7788")
		if err != nil {
			t.Fatal(err)
		}
		want := erpclient.Bound{CustomerID: "customer-7788", Profile: erpclient.Profile{
			CompanyID: "customer-7788", CompanyName: "Customer 7788", CustomerID: "customer-7788",
			Permissions: []string{"orders:read", "materials:read"},
		}} // no account: the service account asks
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}

func TestBindInviteRefuses(t *testing.T) {
	found := func(c erpclient.Customer) func(*world) {
		return func(w *world) {
			w.erp.OnInvite = func(context.Context, erpclient.Auth, string) (erpclient.Customer, error) { return c, nil }
		}
	}
	tests := []struct {
		name   string
		change func(*world)
		want   erpclient.Kind
	}{
		{"an unknown code", func(w *world) { w.erp.Script(erptest.Fail(erpclient.KindNotFound)) }, erpclient.KindNotFound},
		{"a disabled customer", found(erpclient.Customer{ID: "C9", Disabled: true}), erpclient.KindNotFound},
		{"a customer without an id, who would see everything", found(erpclient.Customer{Name: "?"}), erpclient.KindNotFound},
		{"what the ERP forbids", func(w *world) { w.erp.Script(erptest.Fail(erpclient.KindForbidden)) }, erpclient.KindForbidden},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newWorld()
				tt.change(w)
				got, err := w.client(nil).BindInvite(t.Context(), "7788")
				wantKind(t, err, tt.want)
				if !reflect.DeepEqual(got, erpclient.Bound{}) {
					t.Errorf("got %+v beside the error, want nothing", got)
				}
			})
		})
	}
}

func TestWithoutAServiceAccountThereAreNoInvites(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		c := w.client(func(cfg *erpclient.Config) { cfg.Service = erpclient.Credentials{} })
		_, err := c.BindInvite(t.Context(), "7788")
		wantKind(t, err, erpclient.KindNotSupported)
		if n := w.erp.AllCalls(); n != 0 {
			t.Errorf("the ERP was asked %d times, want none", n)
		}
	})
}
