package sandbox

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// psiAnswer is every answer of the PSI. The total stands beside a list.
type psiAnswer struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Data    any    `json:"data"`
	Total   any    `json:"total,omitempty"`
}

// psiFail is a refused call: still status 200.
func psiFail(w http.ResponseWriter, code int, message string) {
	writeJSON(w, http.StatusOK, psiAnswer{Code: code, Message: message})
}

func psiOK(w http.ResponseWriter, data any) {
	writeJSON(w, http.StatusOK, psiAnswer{Message: "success", Data: data})
}

// num writes a number or an id as the options say.
func (p *PSI) num(n string) any {
	if p.opts.NumbersText {
		return n
	}
	return json.Number(n)
}

// goodsAnswer is an article with what there is of it in one warehouse, or in all.
func (p *PSI) goodsAnswer(g psiProduct, warehouseID string) map[string]any {
	return map[string]any{
		"id": p.num(g.id), "code": g.code, "barcode": g.barcode, "name": g.name, "spec": g.spec, "unit": g.unit,
		"price": p.num(string(g.price)), "quantity": p.num(string(p.level(g.id, warehouseID))),
	}
}

func (p *PSI) serveProduct(w http.ResponseWriter, r *http.Request) {
	barcode := r.URL.Query().Get("barcode")
	if barcode == "" {
		psiFail(w, http.StatusBadRequest, "条码不能为空")
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	g, found := p.product(func(g psiProduct) bool { return g.barcode == barcode })
	if !found {
		psiFail(w, http.StatusNotFound, "商品不存在")
		return
	}
	psiOK(w, p.goodsAnswer(g, ""))
}

func (p *PSI) serveWarehouses(w http.ResponseWriter, _ *http.Request) {
	list := []map[string]any{}
	for _, at := range warehouses {
		list = append(list, map[string]any{"id": p.num(at.id), "name": at.name})
	}
	psiOK(w, list)
}

func (p *PSI) serveInventory(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	page, size, ok := psiPage(q.Get("page"), q.Get("pageSize"))
	if !ok {
		psiFail(w, http.StatusUnprocessableEntity, "分页参数不正确")
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	all := p.inventory(q.Get("keyword"), q.Get("warehouseId"))
	from := min((page-1)*size, len(all))
	list := all[from:min(from+size, len(all))]
	writeJSON(w, http.StatusOK, psiAnswer{Message: "success", Data: list, Total: p.num(strconv.Itoa(len(all)))})
}

// maxPSIPage keeps page times size far from an overflow.
const maxPSIPage = 1_000_000

// psiPage reads page and size, 1 and 20 where they are left out.
func psiPage(page, size string) (int, int, bool) {
	number := func(given string, otherwise, most int) (int, bool) {
		if given == "" {
			return otherwise, true
		}
		n, err := strconv.Atoi(given)
		return n, err == nil && n >= 1 && n <= most
	}
	p, okPage := number(page, 1, maxPSIPage)
	s, okSize := number(size, defaultPageSize, 500)
	return p, s, okPage && okSize
}

// inventory is every article that mentions the keyword, in the order of their ids. With a
// warehouse its rows say what is in there.
func (p *PSI) inventory(keyword, warehouseID string) []map[string]any {
	out := []map[string]any{}
	keyword = strings.ToLower(keyword)
	for _, g := range p.goods {
		if !strings.Contains(strings.ToLower(g.code+"\n"+g.barcode+"\n"+g.name), keyword) {
			continue
		}
		row := p.goodsAnswer(g, warehouseID)
		row["minimum"] = p.num(string(g.minimum))
		if name, known := warehouseName(warehouseID); known {
			row["warehouseId"], row["warehouseName"] = p.num(warehouseID), name
		}
		out = append(out, row)
	}
	return out
}
