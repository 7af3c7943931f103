package sandbox

import (
	"bytes"
	"encoding/json"
	"io"
	"math/big"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// PSIRecord is goods that came in or went out, as the PSI wrote it down.
type PSIRecord struct {
	ID             string    `json:"id"`
	ProductID      string    `json:"productId"`
	WarehouseID    string    `json:"warehouseId"`
	Quantity       string    `json:"quantity"`
	Type           string    `json:"type"` // in, out
	Operator       string    `json:"operator"`
	Reference      string    `json:"reference"`      // the caller's own number
	IdempotencyKey string    `json:"idempotencyKey"` // as the header said, honoured or not
	Balance        string    `json:"balance"`        // in that warehouse afterwards
	At             time.Time `json:"at"`
}

// Records returns everything written down, oldest first.
func (p *PSI) Records() []PSIRecord {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]PSIRecord{}, p.records...)
}

// psiEntry is the body of a record call.
type psiEntry struct {
	ProductID   any    `json:"productId"`
	WarehouseID any    `json:"warehouseId"`
	Quantity    any    `json:"quantity"`
	Type        string `json:"type"`
	Operator    string `json:"operator"`
	Reference   string `json:"reference"`
}

// psiFirst is the first request with an Idempotency-Key, and its record.
type psiFirst struct {
	body   string
	record PSIRecord
}

func (p *PSI) serveRecord(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var in psiEntry
	if err != nil || decodeNumbers(body, &in) != nil {
		psiFail(w, http.StatusBadRequest, "请求格式不正确")
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	key := r.Header.Get("Idempotency-Key")
	if first, seen := p.first[key]; seen {
		p.repeat(w, first, string(body))
		return
	}
	rec, code, refusal := p.write(in, key)
	if refusal != "" {
		psiFail(w, code, refusal)
		return
	}
	if p.opts.Idempotent && key != "" {
		p.first[key] = psiFirst{string(body), rec}
	}
	psiOK(w, p.recordAnswer(rec))
}

func (p *PSI) repeat(w http.ResponseWriter, first psiFirst, body string) {
	if first.body != body {
		psiFail(w, http.StatusUnprocessableEntity, "幂等键已用于其他请求")
		return
	}
	psiOK(w, p.recordAnswer(first.record))
}

// write moves the stock; the caller holds p.mu.
func (p *PSI) write(in psiEntry, key string) (rec PSIRecord, code int, refusal string) {
	place := psiPlace{text(in.ProductID), text(in.WarehouseID)}
	_, isProduct := p.product(func(g psiProduct) bool { return g.id == place.product })
	_, isWarehouse := warehouseName(place.warehouse)
	quantity, ok := quantityOf(in.Quantity)
	switch {
	case !isProduct:
		return rec, http.StatusNotFound, "商品不存在"
	case !isWarehouse:
		return rec, http.StatusNotFound, "仓库不存在"
	case !ok:
		return rec, http.StatusUnprocessableEntity, "数量必须大于零"
	case in.Type != "in" && in.Type != "out":
		return rec, http.StatusUnprocessableEntity, "类型不正确"
	}
	balance := new(big.Rat).Add(rat(p.stock[place]), quantity)
	if in.Type == "out" {
		balance.Sub(rat(p.stock[place]), quantity)
	}
	if balance.Sign() < 0 {
		return rec, http.StatusConflict, "库存不足"
	}
	p.stock[place] = plainNumber(balance)
	rec = PSIRecord{
		ID: strconv.Itoa(60001 + len(p.records)), ProductID: place.product, WarehouseID: place.warehouse, Quantity: text(in.Quantity),
		Type: in.Type, Operator: in.Operator, Reference: in.Reference, IdempotencyKey: key, Balance: string(p.stock[place]), At: p.opts.Now(),
	}
	p.records = append(p.records, rec)
	return rec, 0, ""
}

func (p *PSI) recordAnswer(rec PSIRecord) map[string]any {
	return map[string]any{
		"recordId": p.num(rec.ID), "productId": p.num(rec.ProductID), "warehouseId": p.num(rec.WarehouseID),
		"quantity": p.num(rec.Quantity), "type": rec.Type, "balance": p.num(rec.Balance), "reference": rec.Reference,
	}
}

func (p *PSI) serveLookup(w http.ResponseWriter, r *http.Request) {
	reference := r.URL.Query().Get("reference")
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.IndexFunc(p.records, func(rec PSIRecord) bool { return rec.Reference == reference })
	if reference == "" || i < 0 {
		psiFail(w, http.StatusNotFound, "记录不存在")
		return
	}
	psiOK(w, p.recordAnswer(p.records[i]))
}

func decodeNumbers(body []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	return dec.Decode(v)
}
