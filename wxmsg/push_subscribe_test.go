package wxmsg

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

// Shapes seen: JSON with an object or an array, beside the event's name or below it, XML, numbers and strings.
func TestPushReadsSubscribeEvents(t *testing.T) {
	popup := []SubscribeItem{{TemplateID: "T1", Status: StatusAccept, PopupScene: "0"}, {TemplateID: "T2", Status: StatusReject, PopupScene: "0"}}
	change := []SubscribeItem{{TemplateID: "T1", Status: StatusReject}}
	sent := []SubscribeItem{{TemplateID: "T1", MsgID: "1864323726461255680", ErrorStatus: "success"}}
	refused := []SubscribeItem{{TemplateID: "T1", MsgID: "1864323726461255680", ErrorCode: 43101, ErrorStatus: "user refuse to accept the msg"}}
	const (
		first  = `{"TemplateId":"T1","SubscribeStatusString":"accept","PopupScene":"0"}`
		second = `{"TemplateId":"T2","SubscribeStatusString":"reject","PopupScene":0}`
	)
	for name, row := range map[string]struct {
		event, json, xml string
		want             []SubscribeItem
	}{
		"popup, several":      {EventSubscribePopup, `"List":[` + first + `,` + second + `]`, "", popup},
		"popup, one":          {EventSubscribePopup, `"List":` + first, "", popup[:1]},
		"popup, one in array": {EventSubscribePopup, `"List":[` + first + `]`, "", popup[:1]},
		"popup, below, array": {EventSubscribePopup, `"SubscribeMsgPopupEvent":[` + first + `,` + second + `]`, "", popup},
		"popup, below, List":  {EventSubscribePopup, `"SubscribeMsgPopupEvent":{"List":[` + first + `,` + second + `]}`, "", popup},
		"popup, below, one":   {EventSubscribePopup, `"SubscribeMsgPopupEvent":{"List":` + first + `}`, "", popup[:1]},
		"popup, XML": {EventSubscribePopup, "", `<SubscribeMsgPopupEvent><List><TemplateId><![CDATA[T1]]></TemplateId>` +
			`<SubscribeStatusString><![CDATA[accept]]></SubscribeStatusString><PopupScene>0</PopupScene></List>` +
			`<List><TemplateId> T2 </TemplateId><SubscribeStatusString>reject</SubscribeStatusString><PopupScene>0</PopupScene></List></SubscribeMsgPopupEvent>`, popup},
		"change": {EventSubscribeChange, `"List":[{"TemplateId":"T1","SubscribeStatusString":"reject"}]`, "", change},
		"change, XML": {EventSubscribeChange, "", `<SubscribeMsgChangeEvent><List><TemplateId>T1</TemplateId>` +
			`<SubscribeStatusString>reject</SubscribeStatusString></List></SubscribeMsgChangeEvent>`, change},
		"sent, strings": {EventSubscribeSent, `"List":{"TemplateId":"T1","MsgID":"1864323726461255680","ErrorCode":"0","ErrorStatus":"success"}`, "", sent},
		"sent, numbers": {EventSubscribeSent, `"List":[{"TemplateId":"T1","MsgID":1864323726461255680,"ErrorCode":0,"ErrorStatus":"success"}]`, "", sent},
		"sent, refused": {EventSubscribeSent, `"List":[{"TemplateId":"T1","MsgId":1864323726461255680,"ErrorCode":43101,"ErrorStatus":"user refuse to accept the msg"}]`, "", refused},
		"sent, XML": {EventSubscribeSent, "", `<SubscribeMsgSentEvent><List><TemplateId>T1</TemplateId><MsgID>1864323726461255680</MsgID>` +
			`<ErrorCode>43101</ErrorCode><ErrorStatus><![CDATA[user refuse to accept the msg]]></ErrorStatus></List></SubscribeMsgSentEvent>`, refused},
		"no list":                    {EventSubscribePopup, `"more":1`, "", nil},
		"an empty list":              {EventSubscribePopup, `"List":[]`, "", nil},
		"a list that is null":        {EventSubscribePopup, `"List":null`, "", nil},
		"items of nothing we know":   {EventSubscribeSent, `"List":[{"a":{}},null,` + `{"TemplateId":"T1","MsgID":1864323726461255680,"ErrorCode":0,"ErrorStatus":"success"}]`, "", sent},
		"another event's list":       {EventRevoke, `"List":"quoted","SubscribeMsgSentEvent":7`, "", nil},
		"another event's list, XML":  {EventRevoke, "", `<SubscribeMsgSentEvent><List><a/></List></SubscribeMsgSentEvent>`, nil},
		"below another event's name": {EventSubscribeChange, `"SubscribeMsgSentEvent":[` + first + `]`, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			body := `{"FromUserName":"oAlice","CreateTime":"1700000000","MsgType":"event","Event":"` + row.event + `",` + row.json + `}`
			if row.xml != "" {
				body = `<xml><FromUserName><![CDATA[oAlice]]></FromUserName><CreateTime>1700000000</CreateTime><Event><![CDATA[` +
					row.event + `]]></Event>` + row.xml + `</xml>`
			}
			got, err := newPush(t, "").Open(plainQuery(), []byte(body))
			want := []Event{{Name: row.event, FromUser: "oAlice", CreateTime: 1700000000, Items: row.want}}
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, %v; want %+v", got, err, want)
			}
		})
	}
}

func TestPushRefusesSubscribeEventsThatCannotBeRead(t *testing.T) {
	const item = `{"TemplateId":"T1","MsgID":"1","ErrorCode":"0"}`
	for name, list := range map[string]string{
		"a string":               `"quoted"`,
		"a number":               `7`,
		"an array of strings":    `["quoted"]`,
		"an array of arrays":     `[[` + item + `]]`,
		"a status that is true":  `{"TemplateId":"T1","ErrorCode":0,"ErrorStatus":true}`,
		"an error that is text":  `{"TemplateId":"T1","ErrorCode":"quoted"}`,
		"an error of 65 bits":    `{"TemplateId":"T1","ErrorCode":36893488147419103232}`,
		"a fraction of an error": `{"TemplateId":"T1","ErrorCode":0.5}`,
		"sent without an error":  `{"TemplateId":"T1","MsgID":"1"}`,
		"a long id":              `{"TemplateId":"` + strings.Repeat("quoted", 50) + `","ErrorCode":0}`,
		"a control character":    `{"TemplateId":"T1","ErrorCode":0,"ErrorStatus":"quoted\u0000"}`,
		"more than anybody asks": `[` + strings.Repeat(item+",", maxItems) + item + `]`,
	} {
		t.Run(name, func(t *testing.T) {
			for _, place := range []string{`"List":` + list, `"SubscribeMsgSentEvent":` + list} {
				events, err := newPush(t, "").Open(plainQuery(), []byte(`{"Event":"subscribe_msg_sent_event",`+place+`}`))
				if !errors.Is(err, ErrMalformed) || events != nil || strings.Contains(err.Error(), "quoted") {
					t.Errorf("%.40s: got %+v, %v", place, events, err)
				}
			}
		})
	}
	many := strings.Repeat("<List><ErrorCode>0</ErrorCode></List>", maxItems+1)
	if _, err := newPush(t, "").Open(plainQuery(), []byte(`<xml><Event>subscribe_msg_sent_event</Event><SubscribeMsgSentEvent>`+many+
		`</SubscribeMsgSentEvent></xml>`)); !errors.Is(err, ErrMalformed) {
		t.Errorf("too many, in XML: %v", err)
	}
}
