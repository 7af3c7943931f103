package erpclient

import "context"

// Product is an article as a warehouse knows it.
type Product struct {
	ID       string  `json:"id"`
	Code     string  `json:"code"`
	Barcode  string  `json:"barcode"`
	Name     string  `json:"name"`
	Spec     string  `json:"spec"`
	Unit     string  `json:"unit"`
	Price    Decimal `json:"price"`    // per unit; "" when the ERP does not tell
	Quantity Decimal `json:"quantity"` // in stock, over all warehouses
}

// Warehouse is a place where stock is kept.
type Warehouse struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// StockItem is how much of a product there is: in one warehouse, or over all of them where WarehouseID is "".
type StockItem struct {
	Product
	WarehouseID   string  `json:"warehouseId"`
	WarehouseName string  `json:"warehouseName"`
	Minimum       Decimal `json:"minimum"` // below which the ERP warns; "" when it does not tell
}

// StockQuery narrows a list of stock. Page counts from 1.
type StockQuery struct {
	Keyword     string // matched against code, bar code and name
	WarehouseID string // "" is all together
	Page        int
	PageSize    int
}

// StockPage is one page of stock. Total is nil when the ERP does not tell.
type StockPage struct {
	Items []StockItem `json:"items"`
	Total *int        `json:"total"`
}

// Direction says whether goods came or went.
type Direction string

// The directions of a StockEntry.
const (
	StockIn  Direction = "in"
	StockOut Direction = "out"
)

// StockEntry is goods that came into a warehouse or left it, to be written down in the ERP.
type StockEntry struct {
	// Reference is ours and unique: letters and digits, at most 40. A driver puts it where StockFinder finds it again.
	Reference   string
	ProductID   string
	WarehouseID string
	Quantity    Decimal // > 0, at most 6 places
	Direction   Direction
	Operator    string // who did it, for a person to read
}

// StockRecord is what the ERP wrote down.
type StockRecord struct {
	ID          string    `json:"recordId"`
	ProductID   string    `json:"productId"`
	WarehouseID string    `json:"warehouseId"`
	Quantity    Decimal   `json:"quantity"`
	Direction   Direction `json:"type"`
	Balance     *Decimal  `json:"balance,omitempty"` // in that warehouse afterwards, where the ERP tells
}

// StockReader reads products and what there is of them. Stock is the company's, not one customer's: the Scope does not
// narrow it, permissions do.
type StockReader interface {
	// ProductByBarcode is NotFound for a code nobody has, Conflict for one that several products have.
	ProductByBarcode(ctx context.Context, a Auth, barcode string) (Product, error)
	Stock(ctx context.Context, a Auth, q StockQuery) (StockPage, error)
}

// WarehouseReader lists the warehouses.
type WarehouseReader interface {
	Warehouses(ctx context.Context, a Auth) ([]Warehouse, error)
}

// StockWriter writes a stock entry down: once per call, and never by itself again. NotFound and Invalid are for what the
// entry names, Conflict for what the stock does not allow (too little of it, say); see Driver for what errors must say.
type StockWriter interface {
	RecordStock(ctx context.Context, a Auth, e StockEntry) (StockRecord, error)
}

// StockFinder finds a record again by its StockEntry's reference: how a write whose answer was lost is settled. NotFound
// means that it is certain that nothing was written; where the ERP's search may lag behind its writes, or finds only
// part of its records, a driver has no StockFinder.
type StockFinder interface {
	StockRecord(ctx context.Context, a Auth, reference string) (StockRecord, error)
}
