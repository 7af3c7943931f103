package erpclient_test

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"snowgate/erpclient"
	"snowgate/erpclient/erptest"
)

// full fills every field, so that a field added tomorrow is tried as well.
func full[T any]() (v T) {
	fill(reflect.ValueOf(&v).Elem())
	return v
}

var day = time.Date(2026, 1, 31, 8, 30, 0, 0, time.FixedZone("CST", 8*60*60))

func fill(v reflect.Value) {
	switch v.Interface().(type) {
	case erpclient.Decimal:
		v.SetString("1234567890123456789.10")
		return
	case erpclient.Day:
		v.SetString("2026-01-31")
		return
	case erpclient.State:
		v.SetString(string(erpclient.StateInProgress))
		return
	case erpclient.Moment:
		v.Set(reflect.ValueOf(erpclient.Moment{Time: day}))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(v.Index(i))
		}
	case reflect.String:
		v.SetString("雪橇 <\"&\u2028> 7 m")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(1 << 53)
	default:
		panic(fmt.Sprintf("no value for a %s", v.Type()))
	}
}

// everythingERP answers each question with whatever value make finds for its type, as alice's.
func everythingERP(p *pair, empty bool) {
	owned := func(o erpclient.Order) erpclient.Order { o.CustomerID = alice.CustomerID; return o }
	p.erp.OnSearchOrders = func(context.Context, erpclient.Auth, erpclient.OrderQuery) (erpclient.OrderPage, error) {
		page := value[erpclient.OrderPage](empty)
		for i := range page.Orders {
			page.Orders[i] = owned(page.Orders[i])
		}
		return page, nil
	}
	p.erp.OnOrder = func(context.Context, erpclient.Auth, string) (erpclient.Order, error) {
		return owned(value[erpclient.Order](empty)), nil
	}
	p.erp.OnDeliveries = func(context.Context, erpclient.Auth, erpclient.Order) ([]erpclient.Delivery, error) {
		return value[[]erpclient.Delivery](empty), nil
	}
	material := func() erpclient.Material {
		m := value[erpclient.Material](empty)
		m.CustomerID = alice.CustomerID
		return m
	}
	p.erp.OnMaterials = func(context.Context, erpclient.Auth, string) ([]erpclient.Material, error) {
		return []erpclient.Material{material(), material()}, nil
	}
	p.erp.OnMaterial = func(context.Context, erpclient.Auth, string) (erpclient.Material, error) { return material(), nil }
	p.erp.OnStages = func(context.Context, erpclient.Auth, erpclient.Material) ([]erpclient.ProgressStage, error) {
		return value[[]erpclient.ProgressStage](empty), nil
	}
	p.erp.OnProduct = func(context.Context, erpclient.Auth, string) (erpclient.Product, error) {
		return value[erpclient.Product](empty), nil
	}
	p.erp.OnStock = func(context.Context, erpclient.Auth, erpclient.StockQuery) (erpclient.StockPage, error) {
		return value[erpclient.StockPage](empty), nil
	}
	p.erp.OnApprovals = func(context.Context, erpclient.Auth, erpclient.ApprovalQuery) (erpclient.ApprovalPage, error) {
		return value[erpclient.ApprovalPage](empty), nil
	}
	p.erp.OnApproval = func(context.Context, erpclient.Auth, string) (erpclient.Approval, error) {
		return value[erpclient.Approval](empty), nil
	}
	p.erp.OnSales = func(context.Context, erpclient.Auth, erpclient.Day, erpclient.Day) ([]erpclient.Sale, error) {
		return value[[]erpclient.Sale](empty), nil
	}
}

func value[T any](empty bool) (v T) {
	if empty {
		return v
	}
	return full[T]()
}

func TestALastGoodAnswerShowsAllThatTheLiveOneDid(t *testing.T) {
	for name, empty := range map[string]bool{"every field": false, "no field": true} {
		for _, page := range pages {
			t.Run(name+"/"+page.name, func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					p := newPair()
					everythingERP(p, empty)
					c := p.client(noRetries)
					run(t, c)
					live := page.shown(t, c, alice)
					if !empty && !strings.Contains(live, "1234567890123456789.10") || empty && strings.Contains(live, "1234") {
						t.Fatalf("the live answer is %s", live)
					}
					saved(t)
					p.script(erptest.Fail(erpclient.KindUnavailable))
					wantSource(t, erpclient.SourceStale, time.Second, page.asking(c, alice))
					if stale := page.shown(t, c, alice); stale != live {
						t.Errorf("got  %s\nwant %s", stale, live)
					}
				})
			})
		}
	}
}
