package snowbeasts

import (
	"snowgate/erpclient"
	"snowgate/erpclient/wire"
)

// status is a number by which orders and lines say where they stand.
type status struct {
	number int64
	state  erpclient.State
	text   string
}

// statuses are the known ones. Others have to be expected and pass as unknown, with the raw value beside them.
var statuses = []status{
	{1, erpclient.StateNotStarted, "未开始"},
	{2, erpclient.StateInProgress, "进行中"},
	{4, erpclient.StateDone, "已完成"},
	{5, erpclient.StateCancelled, "已取消"},
}

var unknownStatus = status{state: erpclient.StateUnknown, text: "未知状态"}

// status reads the field, which comes as 2, 2.0 or "2".
func (r row) status(name string) (s status, raw string) {
	v := r.value(name)
	if v.kind == wire.Object || v.kind == wire.Array || v.kind == wire.Bool {
		r.mismatch(name, wire.Number, v.kind)
	}
	n, ok := v.integer()
	for _, s := range statuses {
		if ok && s.number == n {
			return s, v.text()
		}
	}
	return unknownStatus, v.text()
}

// numberOf is the ERP's number for a state. Unknown has none: the ERP's filter names what is wanted, not what is not.
func numberOf(state erpclient.State) (int64, bool) {
	for _, s := range statuses {
		if s.state == state {
			return s.number, true
		}
	}
	return 0, false
}
