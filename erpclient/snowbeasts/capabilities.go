package snowbeasts

import "snowgate/erpclient"

// Lacks reports what this installation's table of forms leaves out.
func (d *Driver) Lacks(capability string) bool {
	f := d.forms
	switch capability {
	case erpclient.CapabilityStock:
		return !f.products.known()
	case erpclient.CapabilityWarehouses:
		return !f.warehouses.known()
	case erpclient.CapabilityStockWrite:
		return !f.stockRecords.known()
	case erpclient.CapabilityStockLookup:
		return !f.stockRecords.known() || !f.stockRecords.has("reference")
	case erpclient.CapabilityOrderWrite:
		return !f.orders.has(newLines) || !f.lines.has("productId") || !f.lines.has("quantity")
	case erpclient.CapabilityOrderLookup:
		return !f.orders.has("reference")
	case erpclient.CapabilityApprovals, erpclient.CapabilityApprovalDecisions:
		return !f.purchases.known()
	case erpclient.CapabilitySales:
		return !f.orders.has("orderDate") || !f.lines.has("orderId") || !f.lines.has("productId") || !f.lines.has("quantity")
	default:
		return false
	}
}

// needs is NotSupported where the installation lacks what an operation takes.
func (d *Driver) needs(op, capability string) error {
	if d.Lacks(capability) {
		return erpclient.Errorf(op, erpclient.KindNotSupported, "no form is configured for it")
	}
	return nil
}
