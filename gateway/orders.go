package gateway

import (
	"context"

	"snowgate/erpclient"
)

// ERP is what the gateway asks of the ERP client. Errors: *erpclient.Error, or the session store's.
type ERP interface {
	BindAccount(ctx context.Context, account, password string) (erpclient.Bound, error)
	BindInvite(ctx context.Context, code string) (erpclient.Bound, error)
	SearchOrders(ctx context.Context, id erpclient.Identity, q erpclient.OrderQuery) (erpclient.OrderPage, error)
	OrderStatus(ctx context.Context, id erpclient.Identity, orderID string) (erpclient.OrderStatus, error)
	OrderDetail(ctx context.Context, id erpclient.Identity, orderID string) (erpclient.OrderDetail, error)
	OrderMaterials(ctx context.Context, id erpclient.Identity, orderID string) ([]erpclient.Material, error)
	MaterialProgress(ctx context.Context, id erpclient.Identity, materialID string) (erpclient.Progress, error)
	// Forget drops the ERP session of an account; "" is nobody's.
	Forget(ctx context.Context, account string) error
	Status() erpclient.Status
}

// provenance stands on every answer that came from the ERP. The last fields are there for a stale answer only.
type provenance struct {
	QueryTime string           `json:"queryTime"`
	CacheHit  bool             `json:"cacheHit"`
	Source    erpclient.Source `json:"source"`
	Stale     bool             `json:"stale,omitempty"`
	AsOf      string           `json:"asOf,omitempty"`
	AgeMS     int64            `json:"ageMs,omitempty"`
	Notice    string           `json:"notice,omitempty"`
}

// queryTimeLayout is RFC 3339 with milliseconds.
const queryTimeLayout = "2006-01-02T15:04:05.000Z07:00"

// provenance tells where the answer came from, also as a header. A stale answer's query time is when it was good.
func (c *call) provenance() provenance {
	s := c.server
	trail := c.trace.Trail()
	c.record.source = trail.Source
	now := s.cfg.Now()
	c.Response().Header().Set("X-Snowgate-Source", string(trail.Source))
	p := provenance{QueryTime: now.In(s.cfg.Zone).Format(queryTimeLayout), Source: trail.Source}
	if trail.Source == erpclient.SourceStale {
		p.CacheHit, p.Stale = true, true
		p.QueryTime = trail.AsOf.In(s.cfg.Zone).Format(queryTimeLayout)
		p.AsOf, p.AgeMS = p.QueryTime, now.Sub(trail.AsOf).Milliseconds()
		p.Notice = c.inLanguage("ERP 暂时无法访问，显示的是之前查询到的数据", "The ERP cannot be reached: this is what it said before")
	}
	return p
}

// searchOrders is GET /api/orders/search?keyword&status&page&pageSize.
func (s *Server) searchOrders(c *call) error {
	values, err := c.query()
	if err != nil {
		return err
	}
	q, err := orderQuery(values)
	if err != nil {
		return err
	}
	found, err := s.deps.ERP.SearchOrders(c.Request().Context(), c.identity(), q)
	if err != nil {
		return err
	}
	return c.ok(orderPageAnswer{found, q.Page, q.PageSize, c.provenance()})
}

// orderDetail is GET /api/orders/{id}: status, materials and deliveries in one answer.
func (s *Server) orderDetail(c *call) error {
	id, err := c.pathID()
	if err != nil {
		return err
	}
	detail, err := s.deps.ERP.OrderDetail(c.Request().Context(), c.identity(), id)
	if err != nil {
		return err
	}
	return c.ok(struct {
		erpclient.OrderDetail
		provenance
	}{detail, c.provenance()})
}

// orderStatus is GET /api/orders/{id}/status.
func (s *Server) orderStatus(c *call) error {
	id, err := c.pathID()
	if err != nil {
		return err
	}
	status, err := s.deps.ERP.OrderStatus(c.Request().Context(), c.identity(), id)
	if err != nil {
		return err
	}
	return c.ok(orderStatusAnswer{status, c.provenance()})
}

// orderMaterials is GET /api/orders/{id}/materials.
func (s *Server) orderMaterials(c *call) error {
	id, err := c.pathID()
	if err != nil {
		return err
	}
	materials, err := s.deps.ERP.OrderMaterials(c.Request().Context(), c.identity(), id)
	if err != nil {
		return err
	}
	return c.ok(struct {
		OrderID   string               `json:"orderId"`
		Materials []erpclient.Material `json:"materials"`
		provenance
	}{id, materials, c.provenance()})
}

// materialProgress is GET /api/materials/{id}/progress.
func (s *Server) materialProgress(c *call) error {
	id, err := c.pathID()
	if err != nil {
		return err
	}
	progress, err := s.deps.ERP.MaterialProgress(c.Request().Context(), c.identity(), id)
	if err != nil {
		return err
	}
	return c.ok(struct {
		erpclient.Progress
		provenance
	}{progress, c.provenance()})
}
