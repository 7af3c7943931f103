package sandbox

import (
	"encoding/json"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
)

const filePrefix = "/business/file/"

// answer is every business answer; a failure has a message and no data.
type answer struct {
	Success bool   `json:"success"`
	Message string `json:"message,omitempty"`
	Data    any    `json:"data,omitempty"`
}

type pageList struct {
	Count int              `json:"_count"`
	Sum   map[string]any   `json:"_sum"`
	Rows  []map[string]any `json:"_dataList"`
}

// fail is a refused call: still status 200.
func fail(w http.ResponseWriter, message string) {
	writeJSON(w, http.StatusOK, answer{Message: message})
}

// businessCall is the body of all business operations together.
type businessCall struct {
	AppName      string         `json:"appName"`
	FormID       any            `json:"formId"`
	DatasourceID any            `json:"datasourceId"`
	ColID        any            `json:"colId"`
	Condition    any            `json:"condition"` // an object, or "" for none
	Filters      any            `json:"filters"`
	Columns      any            `json:"columns"` // a list, or names separated by commas
	IsColumnForm bool           `json:"isColumnForm"`
	Page         any            `json:"page"`
	PageSize     any            `json:"pageSize"`
	OrderBy      string         `json:"orderby"`
	ID           any            `json:"id"`
	Action       any            `json:"action"`
	Data         map[string]any `json:"data"`
}

func (c businessCall) condition() map[string]any { return object(c.Condition) }
func (c businessCall) filters() map[string]any   { return object(c.Filters) }

func object(value any) map[string]any {
	m, _ := value.(map[string]any)
	return m
}

// columns are the names asked for; nil means all, which only isColumnForm asks for.
func (c businessCall) columns() []string {
	if c.IsColumnForm {
		return nil
	}
	names := []string{}
	for _, item := range anyOf(c.Columns) {
		for _, name := range strings.Split(item, ",") {
			names = append(names, strings.TrimSpace(name))
		}
	}
	return names
}

type businessFunc func(*ERP, http.ResponseWriter, businessCall, Account)

var businessOps = map[string]businessFunc{
	"getBusinessPageList": (*ERP).servePageList,
	"getBusiness":         (*ERP).serveOne,
	"getDatasource":       (*ERP).serveDatasource,
	"updateBusiness":      (*ERP).serveUpdate,
}

func (e *ERP) businessOp(name string) (op string, handle http.HandlerFunc) {
	do, known := businessOps[name]
	if !known {
		return "unknown", func(w http.ResponseWriter, r *http.Request) {
			if e.caller(r) == nil {
				e.answerExpired(w, r)
				return
			}
			fail(w, "接口不存在")
		}
	}
	return name, func(w http.ResponseWriter, r *http.Request) { e.serveBusiness(w, r, do) }
}

func (e *ERP) serveBusiness(w http.ResponseWriter, r *http.Request, do businessFunc) {
	if r.Method != http.MethodPost {
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	s := e.caller(r)
	if s == nil {
		e.answerExpired(w, r)
		return
	}
	var call businessCall
	dec := json.NewDecoder(r.Body)
	dec.UseNumber()
	if dec.Decode(&call) != nil || !isJSON(r) {
		fail(w, "参数错误")
		return
	}
	if call.AppName != e.appName() {
		fail(w, "应用不存在")
		return
	}
	do(e, w, call, s.account)
}

func isJSON(r *http.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == "application/json"
}

func (e *ERP) servePageList(w http.ResponseWriter, call businessCall, a Account) {
	e.dataMu.RLock()
	defer e.dataMu.RUnlock()
	f := e.data.forms[text(call.FormID)]
	if f == nil {
		fail(w, "表单不存在")
		return
	}
	e.list(w, f, call, a)
}

// list answers a page of f; the caller holds dataMu.
func (e *ERP) list(w http.ResponseWriter, f *form, call businessCall, a Account) {
	rows, columns := f.pick(call, a), call.columns()
	page, errPage := optionalInt(call.Page)
	size, errSize := optionalInt(call.PageSize)
	if errPage != nil || errSize != nil {
		fail(w, "参数错误")
		return
	}
	out := pageList{Count: len(rows), Sum: map[string]any{}, Rows: []map[string]any{}}
	for column, total := range sums(rows, columns) {
		out.Sum[column] = untidy(total, e.data.scatter(f.id, "_sum", column))
	}
	for _, r := range cutPage(rows, page, size) {
		out.Rows = append(out.Rows, e.data.render(f, r, columns))
	}
	writeJSON(w, http.StatusOK, answer{Success: true, Data: out})
}

func optionalInt(value any) (int, error) {
	s := text(value)
	if s == "" {
		return 0, nil
	}
	return strconv.Atoi(s)
}

func (e *ERP) serveOne(w http.ResponseWriter, call businessCall, a Account) {
	e.dataMu.RLock()
	defer e.dataMu.RUnlock()
	f, r, refusal := e.data.find(call, a)
	if refusal != "" {
		fail(w, refusal)
		return
	}
	writeJSON(w, http.StatusOK, answer{Success: true, Data: e.data.render(f, r, nil)})
}

// find returns the row a call names by formId and id, or why not.
func (d *dataset) find(call businessCall, a Account) (f *form, r record, refusal string) {
	f = d.forms[text(call.FormID)]
	if f == nil {
		return nil, nil, "表单不存在"
	}
	r = f.byID[text(call.ID)]
	switch {
	case r == nil:
		return f, nil, "单据不存在"
	case !f.visible(r, a):
		return f, nil, "没有权限"
	}
	return f, r, ""
}

func (e *ERP) serveDatasource(w http.ResponseWriter, call businessCall, a Account) {
	e.dataMu.RLock()
	defer e.dataMu.RUnlock()
	asked := [3]string{text(call.DatasourceID), text(call.FormID), text(call.ColID)}
	if asked != [3]string{datasourceCarrier, formDeliveries, carrierColumn} {
		fail(w, "数据源不存在")
		return
	}
	e.list(w, e.data.carriers, call, a)
}

// serveFile serves an attachment to anyone who knows its path: the URL is handed to
// the mini-program, which has no ERP cookies.
func (e *ERP) serveFile(w http.ResponseWriter, r *http.Request) {
	app, file, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, filePrefix), "/")
	e.dataMu.RLock()
	known := e.data.files[file]
	e.dataMu.RUnlock()
	if app != e.appName() || !known || r.Method != http.MethodGet {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write(fileContent(file)) //nolint:gosec // plain text, and only names of the made data get here
}

func fileContent(file string) []byte {
	return []byte("沙箱附件 " + path.Base(file) + "\n这不是真实的送货单。\n")
}
