package gateway

import (
	"encoding/json"
	"testing"
	"time"

	"snowgate/erpclient"
)

// TestOrdersAreAnsweredAsEncodingJSONWritesThem keeps: writing an answer by hand changes nothing of it.
func TestOrdersAreAnsweredAsEncodingJSONWritesThem(t *testing.T) {
	total := 7
	order := erpclient.Order{ID: "1", OrderNo: "SO-<1>", CustomerName: "雪兽", OrderDate: "2026-01-31", Amount: "12.50", Status: erpclient.StateDone}
	moment := erpclient.Moment{Time: time.Date(2026, 1, 31, 10, 20, 30, 0, time.FixedZone("CST", 8*60*60))}
	status := erpclient.OrderStatus{
		Order: order, Timeline: []erpclient.Stage{{Stage: "ordered", State: erpclient.StateDone, At: moment}},
		Deliveries: []erpclient.Delivery{{DeliveryNo: "DN-1", Shipped: true, ShippedAt: moment, Attachments: []erpclient.Attachment{{Name: "a", URL: "https://a?b&c", Size: 9}}}},
	}
	live := provenance{QueryTime: "2026-01-31T10:20:30.000+08:00", Source: erpclient.SourceLive}
	stale := provenance{QueryTime: live.QueryTime, CacheHit: true, Source: erpclient.SourceStale, Stale: true, AsOf: live.QueryTime, AgeMS: 1500, Notice: "\"之前\""}
	for name, a := range map[string]appender{
		"page":        orderPageAnswer{erpclient.OrderPage{Orders: []erpclient.Order{order, {}}, Total: &total}, 1, 20, live},
		"empty page":  orderPageAnswer{erpclient.OrderPage{Orders: []erpclient.Order{}}, 10_000, 100, provenance{}},
		"stale page":  orderPageAnswer{erpclient.OrderPage{}, 2, 20, stale},
		"status":      orderStatusAnswer{status, live},
		"stale state": orderStatusAnswer{erpclient.OrderStatus{}, stale},
	} {
		want, err := json.Marshal(a)
		if got := a.appendJSON(nil); err != nil || string(got) != string(want) {
			t.Errorf("%s: %v\n got %s\nwant %s", name, err, got, want)
		}
	}
}
