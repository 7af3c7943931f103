package erpclient

import "slices"

// The names of what an ERP may be able to do beyond logging people in. They are shown to admins and asked for with
// Client.Can.
const (
	CapabilityOrders            = "orders"
	CapabilityDeliveries        = "deliveries"
	CapabilityMaterials         = "materials"
	CapabilityProgress          = "progress"
	CapabilityInvites           = "invites"
	CapabilityStock             = "stock"
	CapabilityWarehouses        = "warehouses"
	CapabilityStockWrite        = "stock_write"
	CapabilityStockLookup       = "stock_lookup" // a stock record is found again by its reference
	CapabilityOrderWrite        = "order_write"
	CapabilityOrderLookup       = "order_lookup" // an order is found again by its reference
	CapabilityApprovals         = "approvals"
	CapabilityApprovalDecisions = "approval_decisions"
	CapabilitySales             = "sales"
)

// Limited is a driver that has the methods for more than its ERP can do: what an installation is able to may hang on its
// configuration. The answer must not change. What it lacks is answered with NotSupported; the ERP is not asked.
type Limited interface {
	Lacks(capability string) bool
}

// capabilities are the small interfaces by the capability's name.
var capabilities = []struct {
	name string
	has  func(Driver) bool
}{
	{CapabilityOrders, implements[OrderReader]},
	{CapabilityDeliveries, implements[DeliveryReader]},
	{CapabilityMaterials, implements[MaterialReader]},
	{CapabilityProgress, implements[ProgressReader]},
	{CapabilityInvites, implements[InviteReader]},
	{CapabilityStock, implements[StockReader]},
	{CapabilityWarehouses, implements[WarehouseReader]},
	{CapabilityStockWrite, implements[StockWriter]},
	{CapabilityStockLookup, implements[StockFinder]},
	{CapabilityOrderWrite, implements[OrderWriter]},
	{CapabilityOrderLookup, implements[OrderFinder]},
	{CapabilityApprovals, implements[ApprovalReader]},
	{CapabilityApprovalDecisions, implements[interface {
		ApprovalReader // a decision is read back
		ApprovalDecider
	}]},
	{CapabilitySales, implements[SalesReader]},
}

func implements[C any](d Driver) bool {
	_, ok := d.(C)
	return ok
}

// Capabilities names what a driver can do: the small interfaces that it implements and does not lack.
func Capabilities(d Driver) []string {
	limited, _ := d.(Limited)
	list := []string{}
	for _, c := range capabilities {
		if c.has(d) && (limited == nil || !limited.Lacks(c.name)) {
			list = append(list, c.name)
		}
	}
	return list
}

// Can reports whether the ERP can do what the capability names. It asks nobody: capabilities are found out once, by New,
// and are the primary channel's.
func (c *Client) Can(capability string) bool {
	return slices.Contains(c.primary.capabilities, capability)
}
