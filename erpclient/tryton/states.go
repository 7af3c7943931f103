package tryton

import "snowgate/erpclient"

// saleState is where an order stands, in Tryton's word and in ours.
type saleState struct {
	raw   string
	state erpclient.State
	text  string
}

// saleStates are all that Tryton 6.0 has. Others pass as unknown, with the raw value beside them.
var saleStates = []saleState{
	{"draft", erpclient.StateNotStarted, "草稿"},
	{"quotation", erpclient.StateNotStarted, "报价"},
	{"confirmed", erpclient.StateInProgress, "已确认"},
	{"processing", erpclient.StateInProgress, "处理中"},
	{"done", erpclient.StateDone, "已完成"},
	{"cancelled", erpclient.StateCancelled, "已取消"},
}

func saleStateOf(raw string) saleState {
	for _, s := range saleStates {
		if s.raw == raw {
			return s
		}
	}
	return saleState{raw, erpclient.StateUnknown, "未知状态"}
}

// rawStates are Tryton's words for a state of ours; none where it has no word.
func rawStates(state erpclient.State) []string {
	var raw []string
	for _, s := range saleStates {
		if s.state == state {
			raw = append(raw, s.raw)
		}
	}
	return raw
}

// soldStates are those of orders that count as sold: a draft or a quotation is none yet.
var soldStates = []string{"confirmed", "processing", "done"}

// lineTexts are for a line's own state, which Tryton does not have.
var lineTexts = map[erpclient.State]string{
	erpclient.StateNotStarted: "未开始", erpclient.StateInProgress: "进行中", erpclient.StateDone: "已完成",
	erpclient.StateCancelled: "已取消", erpclient.StateUnknown: "未知状态",
}
