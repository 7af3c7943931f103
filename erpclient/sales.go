package erpclient

import "context"

// NewOrder is a sales order to be made.
type NewOrder struct {
	// Reference is ours and unique: letters and digits, at most 40. A driver puts it where OrderFinder finds it again.
	Reference  string
	CustomerID string // whose it will be; the identity's own where the identity is narrowed to one
	Remark     string
	Lines      []NewOrderLine
}

// NewOrderLine is one line of a NewOrder.
type NewOrderLine struct {
	ProductID string
	Quantity  Decimal // > 0
	Price     Decimal // per unit; "" leaves it to the ERP
}

// Sale is how much of a product one order line sold.
type Sale struct {
	Day         Day     `json:"day"`
	OrderID     string  `json:"orderId"`
	ProductID   string  `json:"productId"`
	ProductName string  `json:"productName"`
	Quantity    Decimal `json:"quantity"`
	Amount      Decimal `json:"amount"`
}

// OrderWriter makes sales orders: once per call, and never by itself again. The CustomerID is the scope's where there is
// one; see Driver for what errors must say.
type OrderWriter interface {
	CreateOrder(ctx context.Context, a Auth, o NewOrder) (Order, error)
}

// OrderFinder finds an order again by its NewOrder's reference. NotFound means that it is certain that none was made.
type OrderFinder interface {
	OrderByReference(ctx context.Context, a Auth, reference string) (Order, error)
}

// SalesReader lists what was sold from one day to another, both included, cancelled orders left out, oldest first. It
// keeps to the scope: a Sale does not say whose it is, so nobody can check that afterwards.
type SalesReader interface {
	Sales(ctx context.Context, a Auth, from, to Day) ([]Sale, error)
}
