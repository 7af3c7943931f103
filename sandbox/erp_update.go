package sandbox

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// Actions of updateBusiness. Update is seen of the real ERP; create is a guess.
const (
	actionCreate = "1"
	actionUpdate = "2"
)

// newRow fills in what the ERP itself knows of a created row, and does what follows from
// it. Nothing has happened when it refuses.
type newRow func(d *dataset, r record, now time.Time) (refusal string)

// newRows are the forms whose rows need it.
var newRows = map[string]newRow{
	formOrders:       completeOrder,
	StockRecordsForm: moveStock,
}

// changeGuards say which changes of a row its form refuses.
var changeGuards = map[string]func(r record, data map[string]any) (refusal string){
	formOrders:    keepOrderLines,
	PurchasesForm: decideOnce,
}

// Created returns how many rows of a form were created through the wire since the start.
func (e *ERP) Created(formID string) int {
	e.dataMu.RLock()
	defer e.dataMu.RUnlock()
	return e.data.created[formID]
}

// SetDeaf makes updates of a form's rows answer success and change nothing, as buttons
// were seen to do.
func (e *ERP) SetDeaf(formID string, on bool) {
	e.dataMu.Lock()
	defer e.dataMu.Unlock()
	e.data.deaf[formID] = on
}

func (e *ERP) serveUpdate(w http.ResponseWriter, call businessCall, a Account) {
	e.dataMu.Lock()
	defer e.dataMu.Unlock()
	var told map[string]any
	var refusal string
	switch text(call.Action) {
	case actionUpdate:
		told, refusal = e.data.update(call, a)
	case actionCreate:
		told, refusal = e.data.create(call, a, e.opts.Now())
	default:
		refusal = "参数错误"
	}
	if refusal != "" {
		fail(w, refusal)
		return
	}
	writeJSON(w, http.StatusOK, answer{Success: true, Data: told})
}

func (d *dataset) update(call businessCall, a Account) (told map[string]any, refusal string) {
	f, r, refusal := d.find(call, a)
	if guard := changeGuards[text(call.FormID)]; refusal == "" && guard != nil {
		refusal = guard(r, call.Data)
	}
	if refusal == "" && !d.deaf[text(call.FormID)] {
		refusal = f.write(r, call.Data, a)
	}
	return map[string]any{"id": text(call.ID)}, refusal
}

func (d *dataset) create(call businessCall, a Account, now time.Time) (told map[string]any, refusal string) {
	f := d.forms[text(call.FormID)]
	if f == nil {
		return nil, "表单不存在"
	}
	r := record{"id": ident(strconv.Itoa(d.lastNew + 1))}
	if f.owner != "" && a.CustomerID != "" {
		r[f.owner] = ident(a.CustomerID)
	}
	if refusal = f.write(r, call.Data, a); refusal != "" {
		return nil, refusal
	}
	if complete := newRows[f.id]; complete != nil {
		refusal = complete(d, r, now)
	}
	if refusal != "" {
		return nil, refusal
	}
	d.lastNew++
	d.created[f.id]++
	f.add(r)
	return toldOf(r), ""
}

// toldOf is what a creation answers: the id, and what is left in stock where that changed.
func toldOf(r record) map[string]any {
	told := map[string]any{"id": r.id()}
	if balance, moved := r["balance"].(number); moved {
		told["balance"] = json.Number(balance)
	}
	return told
}

// write sets columns of a row, all of them or none.
func (f *form) write(r record, data map[string]any, a Account) (refusal string) {
	if f.staffWrites && a.CustomerID != "" {
		return "没有权限"
	}
	for column, value := range data {
		if !f.columns[column] || column == "id" {
			return "字段不存在：" + column
		}
		if column == f.owner && a.CustomerID != "" && text(value) != a.CustomerID {
			return "没有权限"
		}
	}
	for column, value := range data {
		if n, isNumber := value.(json.Number); isNumber {
			value = number(n)
		}
		r[column] = value
	}
	return ""
}
