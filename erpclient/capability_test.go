package erpclient_test

import (
	"reflect"
	"slices"
	"testing"

	"snowgate/erpclient"
	"snowgate/erpclient/erptest"
)

// everything is what an ERP may be able to do.
var everything = []string{
	"orders", "deliveries", "materials", "progress", "invites", "stock", "warehouses", "stock_write", "stock_lookup",
	"order_write", "order_lookup", "approvals", "approval_decisions", "sales",
}

// lacking is an ERP with all methods, of which some are of no use in this installation.
type lacking struct {
	*erptest.Driver
	lacks []string
}

func (l lacking) Lacks(capability string) bool { return slices.Contains(l.lacks, capability) }

func TestADriverCanWhatItImplementsAndDoesNotLack(t *testing.T) {
	erp := &erptest.Driver{}
	tests := map[string]struct {
		driver erpclient.Driver
		want   []string
	}{
		"everything":                {erp, everything},
		"everything, not limited":   {lacking{erp, nil}, everything},
		"limited":                   {lacking{erp, everything[1:]}, everything[:1]},
		"nothing":                   {bare{erp}, []string{}},
		"two":                       {withLines{erp, erp, erp}, []string{"orders", "materials"}},
		"a button without a screen": {withButton{erp, erp}, []string{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := erpclient.Capabilities(tt.driver); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			c := newWorld().clientOf(tt.driver, nil)
			for _, capability := range append([]string{"", "magic"}, everything...) {
				if got := c.Can(capability); got != slices.Contains(tt.want, capability) {
					t.Errorf("Can(%q): got %v", capability, got)
				}
			}
		})
	}
}

// withButton can decide about documents that it cannot show.
type withButton struct {
	erpclient.Driver
	erpclient.ApprovalDecider
}

func TestWhatAnInstallationLacksIsNotSupportedAndNotAsked(t *testing.T) {
	for _, m := range slices.Concat(methods, writingMethods) {
		if m.name == "BindAccount" {
			continue
		}
		t.Run(m.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newWorld()
				wantKind(t, m.ask(t.Context(), w.clientOf(lacking{w.erp, everything}, nil)), erpclient.KindNotSupported)
				if n := w.erp.AllCalls(); n != 0 {
					t.Errorf("the ERP was asked %d times", n)
				}
			})
		})
	}
}
