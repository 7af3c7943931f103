package gateway

import (
	"net/url"
	"strconv"
	"strings"
	"unicode"

	"snowgate/erpclient"
)

// Bounds on what a query may ask for.
const (
	maxIDRunes      = 64
	maxKeyword      = 64
	maxPage         = 10_000
	maxPageSize     = 100
	defaultPageSize = 20
)

// query is the request's query. A malformed one, or a parameter given twice, is refused: which of the two a client
// meant is not ours to guess.
func (c *call) query() (url.Values, error) {
	if c.malformed != nil {
		return nil, badField.in("query")
	}
	for name, list := range c.values {
		if len(list) > 1 {
			if name == "page" || name == "pageSize" {
				return nil, badPage.in(name)
			}
			return nil, badField.in(knownName(name))
		}
	}
	return c.values, nil
}

// knownName keeps a client's own text out of the answer: only names of this API are repeated.
func knownName(name string) string {
	switch name {
	case "openid", "keyword", "status", "page", "pageSize", "from", "to", "route", "user", "requestId", "state", "template", "msgid", "everywhere",
		"barcode", "warehouseId", "days", "by", "a", "b", "productId", "leadTimeDays", "leadTimeStdDev", "orderingCost", "holdingCost",
		"holdingRate", "unitCost", "serviceLevel",
		"id", "sessionId", "companyId", "customerId":
		return name
	default:
		return "query"
	}
}

// pathID is the path's {id}. It is unescaped before it is judged, and escaped again by whoever sends it on.
func (c *call) pathID() (string, error) {
	id, err := c.unescaped(c.Param("id"))
	if err != nil || !validID(id) {
		return "", badID.because(err)
	}
	c.record.params["id"] = id
	return id, nil
}

// unescaped undoes the escaping of a path parameter, once: the router cuts parameters out of RawPath where there is one,
// and else out of Path, which net/url has unescaped already.
func (c *call) unescaped(param string) (string, error) {
	if c.Request().URL.RawPath == "" {
		return param, nil
	}
	return url.PathUnescape(param)
}

// validID allows letters and digits of any script and . _ - : nothing that means anything in a path, a query or a filter.
func validID(id string) bool {
	if id == "" || strings.Trim(id, ".") == "" || !printable(id, maxIDRunes) {
		return false
	}
	return !strings.ContainsFunc(id, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '.' && r != '_' && r != '-'
	})
}

// orderQuery reads keyword, status, page and pageSize.
func orderQuery(values url.Values) (q erpclient.OrderQuery, err error) {
	keyword := values.Get("keyword")
	if !printable(keyword, maxKeyword) {
		return q, badField.in("keyword")
	}
	q.Keyword = strings.TrimSpace(keyword)
	q.Status = erpclient.State(values.Get("status"))
	if q.Status == erpclient.StateUnknown || q.Status != "" && !q.Status.Valid() {
		return q, badField.in("status")
	}
	if q.Page, err = pageNumber(values, "page", 1, maxPage); err != nil {
		return q, err
	}
	q.PageSize, err = pageNumber(values, "pageSize", defaultPageSize, maxPageSize)
	return q, err
}

// pageNumber is a plain ASCII integer from 1 to limit; absent means the default.
func pageNumber(values url.Values, name string, absent, limit int) (int, error) {
	if !values.Has(name) {
		return absent, nil
	}
	text := values.Get(name)
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > limit || strconv.Itoa(n) != text {
		return 0, badPage.in(name)
	}
	return n, nil
}
