package snowbeasts

import (
	"testing"

	"snowgate/erpclient"
)

// FuzzPageList: whatever an ERP answers, reading it ends, and nothing outside the scope gets through.
func FuzzPageList(f *testing.F) {
	for _, seed := range []string{
		page1(fullOrder), page1(fullLine), page1(`{"id":1,"code":"A","customerId":"502"},7,null,{"id":{}}`),
		`{"success":false,"message":"登录"}`, `{"data":{"_count":"x","_dataList":{}}}`, `[]`, ``, `{"data":{"_dataList":[{"id":"\ud800"}]}}`,
		page1(`{"code":"DN1","orderCodes":"SO1","customerOrSupplierId":501,"attachments":"../a#name=%zz,b/c#size=9e9","发货日期":1e18}`),
	} {
		f.Add([]byte(seed))
	}
	d, err := New(Config{HTTP: offline(f), AppID: "10001"})
	if err != nil {
		f.Fatal(err)
	}
	scope := erpclient.Scope{CustomerID: "501"}
	f.Fuzz(func(t *testing.T, body []byte) {
		fuzzOrders(t, d, body, scope)
		fuzzDeliveries(t, d, body, scope)
	})
}

func fuzzPage(d *Driver, body []byte, q question) *page {
	got, err := decodeList(body, q, d.drift(q))
	if err != nil {
		return nil
	}
	p, err := newPage(got, q, d.drift(q))
	if err != nil {
		return nil
	}
	return p
}

func fuzzOrders(t *testing.T, d *Driver, body []byte, scope erpclient.Scope) {
	p := fuzzPage(d, body, d.orderQuestion(opOrders, erpclient.KindBadAnswer))
	if p == nil {
		return
	}
	got, err := d.orderPage(p, scope)
	if err != nil {
		return
	}
	for _, o := range got.Orders {
		if o.CustomerID != scope.CustomerID || o.ID == "" || o.OrderNo == "" || !o.Status.Valid() {
			t.Errorf("let through: %+v", o)
		}
	}
	if got.Total != nil && *got.Total < 0 {
		t.Errorf("a total of %d", *got.Total)
	}
}

func fuzzDeliveries(t *testing.T, d *Driver, body []byte, scope erpclient.Scope) {
	p := fuzzPage(d, body, question{op: opDeliveries, form: d.forms.deliveries, otherwise: erpclient.KindBadAnswer})
	if p == nil {
		return
	}
	read := d.shipmentOf("SO1", scope)
	_, _ = readRows(d, p, func(r row) (shipment, verdict) {
		s, v := read(r)
		if owner := r.fields.get("customerOrSupplierId").id(); v == keep && owner != scope.CustomerID {
			t.Errorf("let through a delivery of %q", owner)
		}
		return s, v
	})
}
