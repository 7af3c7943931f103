package main

import (
	"strings"
	"testing"

	"snowgate/sandbox"
)

// TestDriverTestTellsWhatAnERPCanDo keeps: the command asks a live ERP everything that reads, tells how it went, and shows
// neither the password nor the ERP's words.
func TestDriverTestTellsWhatAnERPCanDo(t *testing.T) {
	erp := sandbox.NewERP(sandbox.ERPOptions{})
	origin := standIn(t, erp)
	ask := func(environ []string, args ...string) (code int, said string) {
		var out, errs lockedBuffer
		code = run(t.Context(), append([]string{"driver", "test"}, args...), environ, &out, &errs)
		return code, out.String() + errs.String()
	}
	environ := []string{"SNOWGATE_ERP__SNOWBEASTS__APP_ID=" + erp.AppID(), passwordVariable + "=snow-staff-1"}
	code, said := ask(environ, "--origin", origin, "--user", "staff.li")
	for _, want := range []string{"login", "search orders", "an order nobody has", "materials", "deliveries", "sales of 30 days"} {
		if !strings.Contains(said, want) {
			t.Errorf("nothing is said of %q", want)
		}
	}
	if code != exitOK || strings.Contains(said, "FAILED") || strings.Contains(said, "snow-staff-1") {
		t.Errorf("exit code %d:\n%s", code, said)
	}
	erp.SetFaults(sandbox.Fault{Kind: "html", Match: "getBusinessPageList"})
	if code, said = ask(environ, "--origin", origin, "--user", "staff.li"); code != exitFailure || !strings.Contains(said, "FAILED") {
		t.Errorf("a broken ERP: exit code %d:\n%s", code, said)
	}
	if code, said = ask(nil, "--origin", origin); code != exitUsage {
		t.Errorf("without a user: exit code %d:\n%s", code, said)
	}
	if code, said = ask(nil, "--origin", origin, "--user", "x"); code != exitUsage || !strings.Contains(said, passwordVariable) {
		t.Errorf("without a password: exit code %d:\n%s", code, said)
	}
}
