package snowbeasts

import (
	"reflect"
	"testing"

	"snowgate/erpclient"
)

func TestCustomerByInvite(t *testing.T) {
	snow := `{"id":501,"code":"C1","name":"上海雪原","abbr":"雪原","disable":false,"微信邀请码":"SNOW-A"}`
	longer := `{"id":506,"code":"C6","name":"深圳","disable":0,"微信邀请码":"SNOW-A2"}`
	row := func(id, disable string) string {
		return `{"id":` + id + `,"abbr":"雪原","disable":` + disable + `,"微信邀请码":"SNOW-A"}`
	}
	for _, tc := range []struct {
		name, rows string
		want       erpclient.Customer // zero: not found
	}{
		{"the only one", snow, erpclient.Customer{ID: "501", Code: "C1", Name: "上海雪原"}},
		{"beside a longer code", longer + "," + snow, erpclient.Customer{ID: "501", Code: "C1", Name: "上海雪原"}},
		{"the same row twice", snow + "," + snow, erpclient.Customer{ID: "501", Code: "C1", Name: "上海雪原"}},
		{"short name only, disable null", row("501", "null"), erpclient.Customer{ID: "501", Name: "雪原"}},
		{"none", "", erpclient.Customer{}},
		{"longer code only", longer, erpclient.Customer{}},
		{"other case", `{"id":1,"微信邀请码":"snow-a"}`, erpclient.Customer{}},
		{"code missing", `{"id":1}`, erpclient.Customer{}},
		{"disabled", row("501", "true"), erpclient.Customer{}},
		{"disabled as text", row("501", `"1"`), erpclient.Customer{}},
		{"disabled or not cannot be told", row("501", `{}`), erpclient.Customer{}},
		{"two with one code", snow + "," + row("502", "false"), erpclient.Customer{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			erp := newScripted(t, answering(page1(tc.rows)))
			got, err := erp.CustomerByInvite(t.Context(), everybody(), "SNOW-A")
			if tc.want == (erpclient.Customer{}) {
				wantKind(t, err, erpclient.KindNotFound, "")
			} else if err != nil {
				t.Fatal(err)
			}
			if got != tc.want {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
			if want := map[string]any{"微信邀请码": "SNOW-A"}; !reflect.DeepEqual(erp.last(t)["filters"], want) {
				t.Errorf("asked %v", erp.last(t)["filters"])
			}
			if tc.name == "two with one code" {
				erp.wantDrift(t, erpclient.Drift{Op: opInvite, Path: "customers.微信邀请码", Want: "unique", Got: "several customers"})
			}
		})
	}
}

func TestEmptyInviteCodeAsksNothing(t *testing.T) {
	erp := newScripted(t, answering(page1(`{"id":1,"微信邀请码":""}`)))
	_, err := erp.CustomerByInvite(t.Context(), everybody(), "")
	wantKind(t, err, erpclient.KindNotFound, "")
	if len(erp.requests()) != 0 {
		t.Error("an empty code was looked up")
	}
}

func TestNumericInviteCode(t *testing.T) {
	erp := newScripted(t, answering(page1(`{"id":1,"name":"n","微信邀请码":778899}`)))
	got, err := erp.CustomerByInvite(t.Context(), everybody(), "778899")
	if err != nil || got.ID != "1" {
		t.Errorf("got %+v, %v", got, err)
	}
}
