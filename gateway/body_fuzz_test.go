package gateway

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"snowgate/erpclient"
	"snowgate/session"
	"snowgate/wxmsg"
	"snowgate/wxmsg/queue"
)

// boundTo is the binding that the bodies are read under.
var boundTo = session.Binding{Way: wayAccount, ERPUsername: "alice.chen", Permissions: allPermissions}

// Whatever a body says, each reader of bodies refuses it by our own names, or takes what is within its bounds.
func FuzzBodies(f *testing.F) {
	for name, body := range bodiesThatAreNoObject() {
		if len(body) < 4096 && !strings.HasPrefix(name, "25") {
			f.Add([]byte(body))
		}
	}
	for _, body := range []string{
		`{"productId":7001,"warehouseId":"1","quantity":2.5,"type":"in","operator":"张三"}`, `{"productId":"..","quantity":1e9}`,
		`{"productId":1,"warehouseId":1,"quantity":1000000000.000001,"type":"out"}`, `{"quantity":"1"}`, `{"quantity":-0.1}`, `{"quantity":1E5}`,
		`{"customerId":"C1","lines":[{"productId":"7001","quantity":1,"price":0.000001}],"remark":"x"}`, `{"lines":[1,null,{}]}`, `{"lines":{}}`,
		`{"erpUsername":"a","erpPassword":"b","openid":"` + alice + `"}`, `{"inviteCode":"\u0000"}`, `{"openid":"` + alice + `","templateId":"` + aTemplate + `","data":` + goodData + `}`,
		`{"templateId":"T","page":"pages/../x","data":{"thing1":{"value":{"value":"x"}}}}`, `{"templateId":"T","page":"pages/a?b=%00","data":{"\u202e":"\ud83d\ude00"}}`,
		`{"results":{"` + aTemplate + `":"accept","errMsg":"ok"}}`, `{"results":{"x":1}}`,
	} {
		f.Add([]byte(body))
	}
	s := fuzzServer(time.Now())
	s.deps.Templates = fakeTemplates{}
	f.Fuzz(func(t *testing.T, raw []byte) {
		post := func() *call {
			r := httptest.NewRequest(http.MethodPost, "/api/orders", strings.NewReader(string(raw)))
			r.Header.Set("Content-Type", "application/json")
			c := callOf(s, r)
			c.binding, c.session.OpenID = boundTo, alice
			return c
		}
		readWrites(t, post)
		readBind(t, post())
		readMessage(t, s, post())
	})
}

// plainQuantity reports whether a quantity or price is digits only and within bounds.
func plainQuantity(d erpclient.Decimal, least float64) bool {
	n, err := strconv.ParseFloat(string(d), 64)
	return err == nil && n >= least && n <= maxQuantity && strings.Trim(string(d), "0123456789.") == ""
}

func readWrites(t *testing.T, post func() *call) {
	t.Helper()
	if e, err := post().stockEntry(); err != nil {
		_ = refusal(t, err)
	} else if !validID(e.ProductID) || !validID(e.WarehouseID) || !plainQuantity(e.Quantity, 1e-6) || !printable(e.Operator, 3*maxIDRunes) ||
		e.Direction != erpclient.StockIn && e.Direction != erpclient.StockOut {
		t.Errorf("taken: %+v", e)
	}
	o, err := post().newOrder()
	if err != nil {
		_ = refusal(t, err)
		return
	}
	if !validID(o.CustomerID) || len(o.Lines) < 1 || len(o.Lines) > maxOrderLines || !printable(o.Remark, maxText) {
		t.Errorf("taken: %+v", o)
	}
	for _, line := range o.Lines {
		if !validID(line.ProductID) || !plainQuantity(line.Quantity, 1e-6) || line.Price != "" && !plainQuantity(line.Price, 0) {
			t.Errorf("taken: %+v", line)
		}
	}
}

func readBind(t *testing.T, c *call) {
	t.Helper()
	r, err := c.bindRequest()
	if err != nil {
		_ = refusal(t, err)
		return
	}
	if (r.inviteCode == "") != (r.username != "" && r.password != "") || !printable(r.inviteCode+r.username+r.password, 3*maxText) {
		t.Errorf("taken: %+v", r)
	}
}

func readMessage(t *testing.T, s *Server, c *call) {
	t.Helper()
	m, err := c.message()
	if err != nil {
		_ = refusal(t, err)
		return
	}
	if m.TemplateID == "" || len(m.Data) < 1 || len(m.Data) > maxKeywords || m.Page != "" && !strings.HasPrefix(m.Page, "pages/") ||
		strings.ContainsAny(m.Page, ".:\\ \"<>") && !strings.Contains(m.Page, "?") {
		t.Errorf("taken: %+v", m)
	}
	err = s.checkMessage(m)
	var data *wxmsg.DataError
	switch {
	case errors.As(err, &data):
		if field := dataField(data); field != "data" && m.Data[strings.TrimPrefix(field, "data.")] == "" && !contains(m, field) {
			t.Errorf("field %q is not of the message", field)
		}
	case err != nil:
		_ = refusal(t, err)
	}
	if len(fingerprint(m)) != 64 {
		t.Error("no fingerprint")
	}
}

func contains(m wxmsg.Message, field string) bool {
	_, ok := m.Data[strings.TrimPrefix(field, "data.")]
	return ok || field == "data.thing1" || field == "data.phrase2" // which the template wants
}

// An event counts only with its signature, and what it fills into a message stays within the message's bounds.
func FuzzERPEvent(f *testing.F) {
	f.Add([]byte(anEvent), "", "", true)
	f.Add([]byte(anEvent), strings.Repeat("0", 64), "1800000000", false)
	f.Add([]byte(`{"eventId":"e","type":"shipped","customerId":"C","data":{"orderId":"../../x","what":"{orderNo}","orderNo":"a\u0000"}}`), "zz", "x", true)
	f.Add([]byte(`{"eventId":"e","type":"shipped","customerId":"C","companyId":7,"data":{"a":{"value":1e400}}}`), "", "-9223372036854775808", true)
	now := time.Unix(1_800_000_000, 0)
	s := fuzzServer(now)
	s.deps.Messages, s.deps.Customers = nobodysMessages{}, oneCustomer{}
	configured := EventMessage{
		TemplateID: otherTmpl, Page: "pages/order/detail?id={orderId}&x={what}", Fields: map[string]string{"character_string1": "{orderNo}", "thing2": "{what}{what}"},
	}
	f.Fuzz(func(t *testing.T, raw []byte, signature, stamp string, sign bool) {
		if sign {
			stamp = strconv.FormatInt(now.Unix(), 10)
			mac := hmac.New(sha256.New, []byte(serviceKey))
			mac.Write([]byte(stamp + "\n" + string(raw)))
			signature = hex.EncodeToString(mac.Sum(nil))
		}
		r := httptest.NewRequest(http.MethodPost, "/api/erp/events", strings.NewReader(string(raw)))
		r.Header = http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + serviceKey}, headerSignature: {signature}, headerTimestamp: {stamp}}
		e, err := s.erpEvent(callOf(s, r))
		if err != nil {
			if refusal(t, err).problem == forbidden && sign {
				t.Error("a signed event was refused as not signed")
			}
			return
		}
		if !sign {
			t.Fatalf("taken with signature %q of %q", signature, stamp)
		}
		m := configured.fill(e.fields)
		if page, query, _ := strings.Cut(m.Page, "?"); page != "pages/order/detail" || strings.Count(query, "&") != 1 || strings.Count(query, "=") != 2 ||
			strings.ContainsAny(query, "?#/\\%+ ") || !printable(query, 5+2*maxIDRunes) {
			t.Errorf("the page became %q", m.Page)
		}
		if n := len([]rune(m.Data["thing2"])); n > 20 {
			t.Errorf("thing2 has %d runes", n)
		}
		if _, _, err := s.tellCustomer(context.Background(), e, m); err != nil {
			t.Errorf("not queued: %v", err)
		}
	})
}

// nobodysMessages accepts everything that the queue itself would take.
type nobodysMessages struct{ Messages }

func (nobodysMessages) Accept(_ context.Context, r queue.Request) (queue.Status, error) {
	if r.MsgID == "" || len(r.MsgID) > 128 || len(r.Fingerprint) > 256 {
		return queue.Status{}, errors.New("a bad request to the queue")
	}
	return queue.Status{MsgID: r.MsgID}, nil
}

type oneCustomer struct{}

func (oneCustomer) BoundTo(context.Context, string) ([]session.Binding, error) {
	return []session.Binding{{OpenID: alice, CompanyID: "CO1"}, {OpenID: bob}}, nil
}
