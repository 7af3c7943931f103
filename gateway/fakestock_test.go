package gateway

import (
	"context"
	"fmt"
	"strings"

	"snowgate/audit"
	"snowgate/erpclient"
)

// aBarcode is the one that the fake ERP knows.
const aBarcode = "6901234000085"

// fakeStock is what the fake ERP wrote down.
type fakeStock struct {
	records   map[string]erpclient.StockRecord // by reference
	writes    int
	beforeEnd func(reference string) error // what happens after the ERP has written and before it answers
	canFind   bool
}

// ERP operators of the tests carry their permission; give adds one to all bindings by ERP account.
var allPermissions = []string{"orders:read", mayWriteStock, mayWriteOrders, maySeeDocs, mayDecide}

func (f *fakeERP) ProductByBarcode(ctx context.Context, id erpclient.Identity, barcode string) (erpclient.Product, error) {
	if err := f.note(ctx, "product", id, barcode); err != nil {
		return erpclient.Product{}, err
	}
	if barcode != aBarcode {
		return erpclient.Product{}, erpclient.Errorf("product", erpclient.KindNotFound, "none has it")
	}
	return aProduct(), nil
}

func aProduct() erpclient.Product {
	return erpclient.Product{ID: "7001", Code: "FG-HAT", Barcode: aBarcode, Name: "羊毛帽", Spec: "M", Unit: "顶", Price: "59.90", Quantity: "12"}
}

func (f *fakeERP) Stock(ctx context.Context, id erpclient.Identity, q erpclient.StockQuery) (erpclient.StockPage, error) {
	total := 1
	page := erpclient.StockPage{Total: &total}
	if q.Page == 1 {
		page.Items = []erpclient.StockItem{{Product: aProduct(), WarehouseID: "1", WarehouseName: "主仓库", Minimum: "20"}}
	}
	return page, f.note(ctx, "stock", id, q)
}

func (f *fakeERP) Warehouses(ctx context.Context, id erpclient.Identity) ([]erpclient.Warehouse, error) {
	return []erpclient.Warehouse{{ID: "1", Name: "主仓库"}, {ID: "2", Name: "北仓"}}, f.note(ctx, "warehouses", id, nil)
}

// note is ask without the orders' ideas of what is there.
func (f *fakeERP) note(ctx context.Context, op string, id erpclient.Identity, about any) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, erpCall{op, id, erpclient.RequestID(ctx), about})
	return f.fault
}

func (f *fakeERP) RecordStock(ctx context.Context, id erpclient.Identity, e erpclient.StockEntry) (erpclient.StockRecord, error) {
	if err := f.note(ctx, "record", id, e); err != nil {
		return erpclient.StockRecord{}, err
	}
	f.mu.Lock()
	f.stock.writes++
	balance := erpclient.Decimal("14.5")
	record := erpclient.StockRecord{
		ID: fmt.Sprintf("R%d", f.stock.writes), ProductID: e.ProductID, WarehouseID: e.WarehouseID, Quantity: e.Quantity, Direction: e.Direction, Balance: &balance,
	}
	if f.stock.records == nil {
		f.stock.records = map[string]erpclient.StockRecord{}
	}
	f.stock.records[e.Reference] = record
	end := f.stock.beforeEnd
	f.mu.Unlock()
	if end != nil {
		if err := end(e.Reference); err != nil {
			return erpclient.StockRecord{}, err
		}
	}
	return record, nil
}

func (f *fakeERP) FindStockRecord(ctx context.Context, id erpclient.Identity, reference string) (erpclient.StockRecord, error) {
	if err := f.note(ctx, "find record", id, reference); err != nil {
		return erpclient.StockRecord{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	record, ok := f.stock.records[reference]
	switch {
	case !f.stock.canFind:
		return record, erpclient.Errorf("stock_record", erpclient.KindNotSupported, "cannot be asked")
	case !ok:
		return record, erpclient.Errorf("stock_record", erpclient.KindNotFound, "none has it")
	}
	return record, nil
}

func (f *fakeERP) CreateOrder(ctx context.Context, id erpclient.Identity, o erpclient.NewOrder) (erpclient.Order, error) {
	if err := f.note(ctx, "create order", id, o); err != nil {
		return erpclient.Order{}, err
	}
	made := order()
	made.Remark = o.Remark
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stock.writes++
	return made, nil
}

func (f *fakeERP) FindOrder(ctx context.Context, id erpclient.Identity, reference string) (erpclient.Order, error) {
	if err := f.note(ctx, "find order", id, reference); err != nil {
		return erpclient.Order{}, err
	}
	return erpclient.Order{}, erpclient.Errorf("find_order", erpclient.KindNotFound, "none has it")
}

func (f *fakeERP) Sales(ctx context.Context, id erpclient.Identity, from, to erpclient.Day) ([]erpclient.Sale, error) {
	return []erpclient.Sale{
		{Day: to, OrderID: "1", ProductID: "7001", ProductName: "羊毛帽", Quantity: "3", Amount: "179.70"},
		{Day: to, OrderID: "2", ProductID: "7002", ProductName: "手套", Quantity: "1", Amount: "20"},
		{Day: from, OrderID: "3", ProductID: "7001", ProductName: "羊毛帽", Quantity: "2", Amount: "119.80"},
	}, f.note(ctx, "sales", id, string(from)+" "+string(to))
}

func (f *fakeERP) Approvals(ctx context.Context, id erpclient.Identity, q erpclient.ApprovalQuery) (erpclient.ApprovalPage, error) {
	total := 1
	return erpclient.ApprovalPage{Approvals: []erpclient.Approval{anApproval(erpclient.ApprovalPending)}, Total: &total}, f.note(ctx, "approvals", id, q)
}

func anApproval(state erpclient.ApprovalState) erpclient.Approval {
	return erpclient.Approval{
		ID: "12", Kind: "purchase", No: "PO-12", Title: "面料采购", Applicant: "李雷", Amount: "12800.50", Currency: "CNY",
		Date: "2026-01-30", State: state, RawState: "quotation",
	}
}

func (f *fakeERP) Decide(ctx context.Context, id erpclient.Identity, approvalID string, approve bool) (erpclient.Approval, error) {
	if err := f.note(ctx, "decide", id, approvalID); err != nil {
		return erpclient.Approval{}, err
	}
	if approvalID != "12" && approvalID != anOrder {
		return erpclient.Approval{}, erpclient.Errorf("approval", erpclient.KindNotFound, "none such")
	}
	state := erpclient.ApprovalRejected
	if approve {
		state = erpclient.ApprovalApproved
	}
	return anApproval(state), nil
}

func (f *fakeERP) writes() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.stock.writes
}

// set changes what the fake stock does.
func (f *fakeERP) set(change func(*fakeStock)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.stock)
}

func (f *fakeLog) Write(c audit.WriteChange) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.full != nil {
		return f.full
	}
	f.writes = append(f.writes, c)
	return nil
}

// steps are the states that the writes went through.
func (f *fakeLog) steps() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var states []string
	for _, w := range f.writes {
		states = append(states, w.State)
	}
	return strings.Join(states, " ")
}
