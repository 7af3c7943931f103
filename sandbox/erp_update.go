package sandbox

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// Actions of updateBusiness. Update is seen of the real ERP; create is a guess.
const (
	actionCreate = "1"
	actionUpdate = "2"
)

func (e *ERP) serveUpdate(w http.ResponseWriter, call businessCall, a Account) {
	e.dataMu.Lock()
	defer e.dataMu.Unlock()
	var id, refusal string
	switch text(call.Action) {
	case actionUpdate:
		id, refusal = e.data.update(call, a)
	case actionCreate:
		id, refusal = e.data.create(call, a)
	default:
		refusal = "参数错误"
	}
	if refusal != "" {
		fail(w, refusal)
		return
	}
	writeJSON(w, http.StatusOK, answer{Success: true, Data: map[string]any{"id": id}})
}

func (d *dataset) update(call businessCall, a Account) (id, refusal string) {
	f, r, refusal := d.find(call, a)
	if refusal == "" {
		refusal = f.write(r, call.Data, a)
	}
	return text(call.ID), refusal
}

func (d *dataset) create(call businessCall, a Account) (id, refusal string) {
	f := d.forms[text(call.FormID)]
	if f == nil {
		return "", "表单不存在"
	}
	d.lastNew++
	r := record{"id": ident(strconv.Itoa(d.lastNew))}
	if f.owner != "" && a.CustomerID != "" {
		r[f.owner] = ident(a.CustomerID)
	}
	if refusal = f.write(r, call.Data, a); refusal != "" {
		return "", refusal
	}
	f.add(r)
	return r.id(), ""
}

// write sets columns of a row, all of them or none.
func (f *form) write(r record, data map[string]any, a Account) (refusal string) {
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
