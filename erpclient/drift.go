package erpclient

// Drift is one field of an ERP's answer that is missing or has another type than the driver was written for.
// It names the field and the JSON types, never a value.
type Drift struct {
	Op   string // "search_orders"
	Path string // "orders.amount"
	Want string // "number"
	Got  string // "object", "missing"
}
