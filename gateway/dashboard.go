package gateway

import (
	"context"
	"math/big"
	"net/http"
	"strings"
	"sync"

	"snowgate/erpclient"
)

// part is one piece of a summary with its own fate: that one is missing is no reason to show none.
type part struct {
	Code       int              `json:"code"` // 0, or as an answer of its own would have
	Error      string           `json:"error,omitempty"`
	Message    string           `json:"message,omitempty"`
	RetryAfter int              `json:"retryAfter,omitempty"` // s
	Source     erpclient.Source `json:"source,omitempty"`
	Data       any              `json:"data"`
}

// Bounds on what a summary looks at.
const (
	summaryPage  = 100
	summaryPages = 5
)

// dashboard is GET /api/dashboard/summary: today's orders, what is short in stock, and what waits for approval, asked
// side by side.
func (s *Server) dashboard(c *call) error {
	today := erpclient.Day(s.cfg.Now().In(s.cfg.Zone).Format("2006-01-02"))
	var orders, stock, approvals part
	var all sync.WaitGroup
	all.Go(func() {
		orders = c.part(func(ctx context.Context) (any, error) { return s.ordersOf(ctx, c.identity(), today) })
	})
	all.Go(func() {
		stock = c.part(func(ctx context.Context) (any, error) { return s.shortages(ctx, c.identity()) })
	})
	all.Go(func() {
		approvals = c.part(func(ctx context.Context) (any, error) { return s.waiting(ctx, c) })
	})
	all.Wait()
	return c.ok(map[string]any{"date": today, "orders": orders, "stock": stock, "approvals": approvals})
}

// part asks for one piece, and keeps to itself what goes wrong with it. What was asked of the ERP counts for the call.
func (c *call) part(ask func(context.Context) (any, error)) part {
	ctx, trace := erpclient.WithTrace(c.Request().Context())
	data, err := ask(ctx)
	trail := trace.Trail()
	c.trace.Add(trail)
	if err == nil {
		return part{Data: data, Source: trail.Source}
	}
	f := faultFor(err)
	if f.Code == http.StatusInternalServerError {
		c.server.cfg.Logger.Error("part of a summary", "request_id", c.id, "error", err)
	}
	return part{Code: f.Code, Error: f.Name, Message: c.inLanguage(f.Chinese, f.English), RetryAfter: seconds(f.retryAfter)}
}

type ordersSummary struct {
	Count int `json:"count"`
	// Amounts are per currency: money of two currencies has no sum.
	Amounts map[string]erpclient.Decimal `json:"amounts"`
	// Complete is false where there were more orders than a summary looks at.
	Complete bool `json:"complete"`
}

func (s *Server) ordersOf(ctx context.Context, id erpclient.Identity, day erpclient.Day) (ordersSummary, error) {
	sums := map[string]*big.Rat{}
	out := ordersSummary{Amounts: map[string]erpclient.Decimal{}}
	for page := 1; page <= summaryPages && !out.Complete; page++ {
		found, err := s.deps.ERP.SearchOrders(ctx, id, erpclient.OrderQuery{From: day, To: day, Page: page, PageSize: summaryPage})
		if err != nil {
			return out, err
		}
		for _, o := range found.Orders {
			out.Count++
			if amount, ok := exact(o.Amount); ok {
				if sums[o.Currency] == nil {
					sums[o.Currency] = new(big.Rat)
				}
				sums[o.Currency].Add(sums[o.Currency], amount)
			}
		}
		out.Complete = len(found.Orders) < summaryPage
	}
	for currency, sum := range sums {
		out.Amounts[currency] = money(sum)
	}
	return out, nil
}

// maxAmountDigits is far above any order, and far below what makes an exact sum dear: 1e999999999 is a number too.
const maxAmountDigits = 30

// exact is an amount that is plainly written.
func exact(amount erpclient.Decimal) (*big.Rat, bool) {
	if len(amount) > maxAmountDigits || !isPlain(strings.TrimPrefix(string(amount), "-")) {
		return nil, false
	}
	return new(big.Rat).SetString(string(amount))
}

// money is an exact sum with the places it has, at least none and at most six.
func money(sum *big.Rat) erpclient.Decimal {
	places, exact := sum.FloatPrec()
	if !exact || places > maxDecimals {
		places = maxDecimals
	}
	return erpclient.Decimal(sum.FloatString(places))
}

type stockSummary struct {
	Warnings int                   `json:"warnings"`
	Items    []erpclient.StockItem `json:"items"`
	Complete bool                  `json:"complete"`
}

// shortages are the items below the minimum that the ERP has for them.
func (s *Server) shortages(ctx context.Context, id erpclient.Identity) (stockSummary, error) {
	out := stockSummary{Items: []erpclient.StockItem{}}
	for page := 1; page <= summaryPages && !out.Complete; page++ {
		found, err := s.deps.Stock.Stock(ctx, id, erpclient.StockQuery{Page: page, PageSize: summaryPage})
		if err != nil {
			return out, err
		}
		for _, item := range found.Items {
			if item.Minimum != "" && item.Quantity != "" && item.Quantity.Float() < item.Minimum.Float() {
				out.Items = append(out.Items, item)
			}
		}
		out.Complete = len(found.Items) < summaryPage
	}
	out.Warnings = len(out.Items)
	return out, nil
}

type approvalsSummary struct {
	Pending int `json:"pending"`
}

func (s *Server) waiting(ctx context.Context, c *call) (approvalsSummary, error) {
	if err := c.permit(maySeeDocs); err != nil {
		return approvalsSummary{}, err
	}
	found, err := s.deps.Approvals.Approvals(ctx, c.identity(), erpclient.ApprovalQuery{State: erpclient.ApprovalPending, Page: 1, PageSize: summaryPage})
	if err != nil {
		return approvalsSummary{}, err
	}
	if found.Total != nil {
		return approvalsSummary{*found.Total}, nil
	}
	return approvalsSummary{len(found.Approvals)}, nil
}
