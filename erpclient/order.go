package erpclient

// State is where an order, a material or a stage stands, in the gateway's own words.
type State string

// The states. What an ERP says beyond them is Unknown, with its own value kept beside it.
const (
	StateNotStarted State = "not_started"
	StateInProgress State = "in_progress"
	StateDone       State = "done"
	StateCancelled  State = "cancelled"
	StateUnknown    State = "unknown"
)

// Valid reports whether s is one of the states.
func (s State) Valid() bool {
	switch s {
	case StateNotStarted, StateInProgress, StateDone, StateCancelled, StateUnknown:
		return true
	default:
		return false
	}
}

// Order is a sales order's head.
type Order struct {
	ID              string  `json:"id"`
	OrderNo         string  `json:"orderNo"`
	CustomerOrderNo string  `json:"customerOrderNo"`
	CustomerID      string  `json:"-"` // whose it is: checked here, no customer's business to read
	CustomerName    string  `json:"customerName"`
	OrderDate       Day     `json:"orderDate"`
	DeliveryDate    Day     `json:"deliveryDate"`
	Status          State   `json:"status"`
	StatusText      string  `json:"statusText"`
	RawStatus       string  `json:"rawStatus"` // the ERP's own value
	Amount          Decimal `json:"amount"`
	Currency        string  `json:"currency"`
	ShippedRate     Decimal `json:"shippedRate"`  // 0..1
	ProducedRate    Decimal `json:"producedRate"` // 0..1
	Remark          string  `json:"remark"`
}

// OrderQuery narrows a list of orders. Page counts from 1.
type OrderQuery struct {
	Keyword  string
	Status   State // "" is any
	From, To Day   // of the order's date, both included; "" is open. A driver that cannot narrow so answers NotSupported
	Page     int
	PageSize int
}

// OrderPage is one page of orders. Total is nil when the ERP does not tell.
type OrderPage struct {
	Orders []Order `json:"orders"`
	Total  *int    `json:"total"`
}

// Delivery is one shipment for an order.
type Delivery struct {
	DeliveryNo       string       `json:"deliveryNo"`
	Shipped          bool         `json:"shipped"`
	ShippedAt        Moment       `json:"shippedAt"`
	LogisticsCompany string       `json:"logisticsCompany"`
	TrackingNo       string       `json:"trackingNo"`
	Attachments      []Attachment `json:"attachments"`
}

// Attachment is a file that belongs to a delivery. Size is in bytes, 0 when unknown.
type Attachment struct {
	Name string `json:"name"`
	URL  string `json:"url"`
	Size int64  `json:"size"`
}

// Stage is one step on an order's timeline.
type Stage struct {
	Stage string `json:"stage"` // ordered, produced, shipped, completed, cancelled
	State State  `json:"state"`
	At    Moment `json:"at"`
}

// OrderStatus is an order with where it stands and what was shipped.
type OrderStatus struct {
	Order
	Timeline   []Stage    `json:"timeline"`
	Deliveries []Delivery `json:"deliveries"`
}

// OrderDetail is everything about one order.
type OrderDetail struct {
	OrderStatus
	Materials []Material `json:"materials"`
}

// Material is one line of an order.
type Material struct {
	ID                string  `json:"id"`
	OrderID           string  `json:"orderId"`
	CustomerID        string  `json:"-"` // "" when the ERP does not tell
	Code              string  `json:"code"`
	Name              string  `json:"name"`
	Spec              string  `json:"spec"`
	Unit              string  `json:"unit"`
	Quantity          Decimal `json:"quantity"`
	ProducedQuantity  Decimal `json:"producedQuantity"`
	ProducingQuantity Decimal `json:"producingQuantity"`
	ShippedQuantity   Decimal `json:"shippedQuantity"`
	Status            State   `json:"status"`
	StatusText        string  `json:"statusText"`
	DeliveryDate      Day     `json:"deliveryDate"`
}

// Progress is a material with how far its production is.
type Progress struct {
	Material
	Progress Decimal         `json:"progress"` // 0..1
	Stages   []ProgressStage `json:"stages"`
}

// ProgressStage is one step of production: how much has reached it, and whether all has.
type ProgressStage struct {
	Name     string  `json:"name"`
	Quantity Decimal `json:"quantity"`
	Done     bool    `json:"done"`
}

// Customer is what an ERP knows of a customer that matters for a binding.
type Customer struct {
	ID       string
	Code     string
	Name     string
	Disabled bool
}
