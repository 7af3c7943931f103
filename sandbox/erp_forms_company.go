package sandbox

// The forms whose ids are not known of the real ERP. Ids and columns are made up; a gateway
// is told of them by its configuration, as it would be for a real installation.
const (
	ProductsForm     = "200101" // 产品, with the quantity over all warehouses
	StockForm        = "200102" // 库存, one row for each product in each warehouse
	WarehousesForm   = "200103" // 仓库
	StockRecordsForm = "200104" // 出入库记录
	PurchasesForm    = "200105" // 采购订单, to be approved
)

const (
	// NewOrderLines is the column of a new sales order that takes its lines, a list of
	// {productId, quantity, price}. It is never answered.
	NewOrderLines = "产品明细"
	// StockReference is the column of a stock record that takes the caller's own number.
	StockReference = "外部单号"
)

// The directions of a stock record's column "type".
const (
	stockIn  = "入库"
	stockOut = "出库"
)

// companyForms are the company's own: customers may look at goods, and at nothing else.
func companyForms() map[string]*form {
	all := map[string]*form{
		ProductsForm:   newForm(ProductsForm, "id code barcode name spec brand unit price quantity minimum", ""),
		WarehousesForm: newForm(WarehousesForm, "id name address", ""),
		StockForm: newForm(StockForm, `id productId productCode barcode productName spec unit price quantity warehouseId
			warehouseName minimum`, ""),
		// No row has an owner, so that no customer sees one.
		StockRecordsForm: newForm(StockRecordsForm, "id date productId warehouseId quantity type operator balance "+StockReference, hiddenOwner),
		PurchasesForm:    newForm(PurchasesForm, "id code title supplierName applicant date amount currency status remark", hiddenOwner),
	}
	for _, f := range all {
		f.staffWrites = true
	}
	return all
}
