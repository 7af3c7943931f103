package gateway

import (
	"strconv"

	"snowgate/erpclient"
)

// orderPageAnswer is what a search answers.
type orderPageAnswer struct {
	erpclient.OrderPage
	Page     int `json:"page"`
	PageSize int `json:"pageSize"`
	provenance
}

func (a orderPageAnswer) appendJSON(to []byte) []byte {
	to = erpclient.AppendOrderPage(append(to, '{'), a.OrderPage)
	to = strconv.AppendInt(append(to, `,"page":`...), int64(a.Page), 10)
	to = strconv.AppendInt(append(to, `,"pageSize":`...), int64(a.PageSize), 10)
	return append(a.appendMembers(append(to, ',')), '}')
}

// orderStatusAnswer is where one order stands.
type orderStatusAnswer struct {
	erpclient.OrderStatus
	provenance
}

func (a orderStatusAnswer) appendJSON(to []byte) []byte {
	to = erpclient.AppendOrderStatus(append(to, '{'), a.OrderStatus)
	return append(a.appendMembers(append(to, ',')), '}')
}

// appendMembers appends the provenance without braces around it.
func (p provenance) appendMembers(to []byte) []byte {
	to = erpclient.AppendString(append(to, `"queryTime":`...), p.QueryTime)
	to = strconv.AppendBool(append(to, `,"cacheHit":`...), p.CacheHit)
	to = erpclient.AppendString(append(to, `,"source":`...), string(p.Source))
	if p.Stale {
		to = append(to, `,"stale":true`...)
	}
	if p.AsOf != "" {
		to = erpclient.AppendString(append(to, `,"asOf":`...), p.AsOf)
	}
	if p.AgeMS != 0 {
		to = strconv.AppendInt(append(to, `,"ageMs":`...), p.AgeMS, 10)
	}
	if p.Notice != "" {
		to = erpclient.AppendString(append(to, `,"notice":`...), p.Notice)
	}
	return to
}
