package wxmsg

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// The events about subscribe messages (WeChat: subscribe message, 订阅消息事件推送). FromUser is the person.
const (
	EventSubscribePopup  = "subscribe_msg_popup_event"  // the person has answered the question that the mini-program asked
	EventSubscribeChange = "subscribe_msg_change_event" // the person has changed the answer in the settings; only to reject
	EventSubscribeSent   = "subscribe_msg_sent_event"   // what became of a message
)

// The values of SubscribeItem.Status.
const (
	StatusAccept = "accept" // one more message of a one-time template may be sent
	StatusReject = "reject"
)

// SubscribeItem is what a subscribe event says of one template. Fields that its event does not have are empty.
type SubscribeItem struct {
	TemplateID  string
	Status      string // StatusAccept or StatusReject
	PopupScene  string // where the person was asked; 0 is in the mini-program
	MsgID       string // the id that Send returned
	ErrorCode   int    // of a sent event: 0 says that the message got through
	ErrorStatus string // the same in words
}

// maxItems is far above the five templates that can be asked for at once.
const maxItems = 50

// subscribeLists are the places where an event has its items: in JSON beside the event's name, in XML and in older JSON
// below an element named after the event. Other events may have such names too, and mean something else by them:
// JSON is kept as it is until the event's name is known.
type subscribeLists struct {
	List   json.RawMessage `xml:"-"`
	Popup  subscribeList   `json:"SubscribeMsgPopupEvent" xml:"SubscribeMsgPopupEvent"`
	Change subscribeList   `json:"SubscribeMsgChangeEvent" xml:"SubscribeMsgChangeEvent"`
	Sent   subscribeList   `json:"SubscribeMsgSentEvent" xml:"SubscribeMsgSentEvent"`
}

type subscribeList struct {
	Items []pushedItem `json:"-" xml:"List"`
	json  json.RawMessage
}

// UnmarshalJSON takes everything.
func (l *subscribeList) UnmarshalJSON(raw []byte) error {
	l.json = bytes.Clone(raw)
	return nil
}

// pushedItem is an item as it is written, in JSON and in XML.
type pushedItem struct {
	TemplateID  text `xml:"TemplateId"`
	Status      text `json:"SubscribeStatusString" xml:"SubscribeStatusString"`
	PopupScene  text `xml:"PopupScene"`
	MsgID       text `xml:"MsgID"`
	ErrorCode   text `xml:"ErrorCode"`
	ErrorStatus text `xml:"ErrorStatus"`
}

// itemsOf returns the items of an event; other events have none.
func (l *subscribeLists) itemsOf(event string) ([]SubscribeItem, error) {
	var list *subscribeList
	switch event {
	case EventSubscribePopup:
		list = &l.Popup
	case EventSubscribeChange:
		list = &l.Change
	case EventSubscribeSent:
		list = &l.Sent
	default:
		return nil, nil
	}
	pushed, err := list.pushed(l.List)
	if err != nil {
		return nil, err
	}
	if len(pushed) > maxItems {
		return nil, malformed("too many items")
	}
	return readItems(event, pushed)
}

// pushed are the items of the place that has any.
func (l *subscribeList) pushed(beside json.RawMessage) ([]pushedItem, error) {
	switch {
	case len(l.Items) > 0:
		return l.Items, nil
	case beside != nil:
		return oneOrMore(beside)
	case l.json == nil:
		return nil, nil
	}
	var below struct{ List json.RawMessage }
	if json.Unmarshal(l.json, &below) == nil && below.List != nil {
		return oneOrMore(below.List)
	}
	return oneOrMore(l.json)
}

// oneOrMore reads an object, or an array of them.
func oneOrMore(raw json.RawMessage) (items []pushedItem, err error) {
	if bytes.HasPrefix(raw, []byte("{")) {
		items = make([]pushedItem, 1)
		err = json.Unmarshal(raw, &items[0])
	} else {
		err = json.Unmarshal(raw, &items)
	}
	if err != nil {
		return nil, malformed("List")
	}
	return items, nil
}

func readItems(event string, pushed []pushedItem) (items []SubscribeItem, err error) {
	for _, p := range pushed {
		if p == (pushedItem{}) {
			continue // nothing that we know of
		}
		item, err := p.item()
		if err != nil {
			return nil, err
		}
		if event == EventSubscribeSent && p.ErrorCode == "" {
			return nil, malformed("ErrorCode is missing") // its absence must not read as success
		}
		items = append(items, item)
	}
	return items, nil
}

func (p pushedItem) item() (SubscribeItem, error) {
	for _, field := range []text{p.TemplateID, p.Status, p.PopupScene, p.MsgID, p.ErrorCode, p.ErrorStatus} {
		if !field.short() {
			return SubscribeItem{}, malformed("a field that is no name, number or code")
		}
	}
	item := SubscribeItem{
		TemplateID: string(p.TemplateID), Status: string(p.Status), PopupScene: string(p.PopupScene),
		MsgID: string(p.MsgID), ErrorStatus: string(p.ErrorStatus),
	}
	if p.ErrorCode != "" {
		code, err := strconv.Atoi(string(p.ErrorCode))
		if err != nil {
			return SubscribeItem{}, malformed("ErrorCode")
		}
		item.ErrorCode = code
	}
	return item, nil
}
