package sandbox

import (
	"context"
	"maps"
	"strings"
	"testing"
	"time"
)

func TestWeChatAcceptsAMessage(t *testing.T) {
	c := weChat(t, WeChatOptions{})
	got := c.send(goodMessage(c.openid("alice")))
	if text(got["errcode"]) != "0" || got["errmsg"] != "ok" || text(got["msgid"]) != "3400000000000000001" {
		t.Errorf("send: %v", got)
	}
	if next := c.send(goodMessage(c.openid("alice"))); text(next["msgid"]) != "3400000000000000002" {
		t.Errorf("next: %v", next)
	}
	sent := c.w.Sent()
	if len(sent) != 2 || sent[0].ToUser != c.openid("alice") || sent[0].Data["phrase2"] != "进行中" || sent[0].State != "formal" {
		t.Errorf("sent: %+v", sent)
	}
}

func TestWeChatRefusesBadMessages(t *testing.T) {
	c := weChat(t, WeChatOptions{})
	with := func(key string, value any) m {
		body := goodMessage(c.openid("alice"))
		body[key] = value
		return body
	}
	withData := func(key string, value any) m {
		body := goodMessage(c.openid("alice"))
		data := maps.Clone(body["data"].(m))
		data[key] = m{"value": value}
		body["data"] = data
		return body
	}
	for name, tt := range map[string]struct {
		body any
		code string
		text string
	}{
		"no openid":        {with("touser", ""), "40003", "invalid openid rid: "},
		"unknown openid":   {with("touser", "o1"), "40003", "invalid openid rid: "},
		"unknown template": {with("template_id", "x"), "40037", "invalid template_id rid: "},
		"page elsewhere":   {with("page", "admin/index"), "41030", ""},
		"bad state":        {with("miniprogram_state", "beta"), "47003", ""},
		"bad lang":         {with("lang", "de"), "47003", ""},
		"data as a text":   {with("data", `{"thing1":{"value":"x"}}`), "47003", ""},
		"not an object":    {"x", "47001", ""},
		"thing too long":   {withData("thing4", strings.Repeat("雪", 21)), "47003", "argument invalid! data.thing4.value invalid rid: "},
		"value missing":    {withData("thing4", ""), "47003", "argument invalid! data.thing4.value is emtpy rid: "}, //nolint:misspell // as WeChat spells it
		"value no text":    {withData("thing4", 5), "47003", "argument invalid! data.thing4.value invalid"},
		"phrase too long":  {withData("phrase2", "一二三四五六"), "47003", "argument invalid! data.phrase2.value invalid"},
		"unknown keyword":  {withData("thing9", "x"), "47003", "argument invalid! data.thing9 invalid"},
	} {
		got := c.send(tt.body)
		if text(got["errcode"]) != tt.code || !strings.HasPrefix(text(got["errmsg"]), tt.text) {
			t.Errorf("%s: %v, want %s %s", name, got, tt.code, tt.text)
		}
	}
	got := ask(t, c.http, "POST", c.url+"/cgi-bin/message/subscribe/send?access_token=x", goodMessage(c.openid("alice"))).object(t)
	if text(got["errcode"]) != "40001" || len(c.w.Sent()) != 0 {
		t.Errorf("bad token: %v, sent %v", got, c.w.Sent())
	}
}

func TestWeChatKeywordRules(t *testing.T) {
	enum := Template{Enums: []TemplateEnum{{"enum_string5.DATA", []string{"快递"}}}}
	for key, values := range map[string]struct{ good, bad []string }{
		"thing1":            {[]string{strings.Repeat("雪", 20), "a b-1"}, []string{strings.Repeat("a", 21), "a\nb"}},
		"number2":           {[]string{"40", "12.5", "-3"}, []string{"4a", strings.Repeat("1", 33), "40 件"}},
		"letter1":           {[]string{"Abc"}, []string{"a1", strings.Repeat("a", 33)}},
		"symbol1":           {[]string{"+-*"}, []string{"a", "++++++"}},
		"character_string3": {[]string{"SF-001 a"}, []string{"单号1", strings.Repeat("1", 33)}},
		"time3":             {[]string{"15:01", "2019年10月1日 15:01", "9:00~10:00"}, []string{"15点", "2019年10月1日"}},
		"date4":             {[]string{"2019年10月1日", "2019-12-25 09:42", "2019年10月1日~2019年10月7日"}, []string{"10月1日", "昨天"}},
		"amount3":           {[]string{"￥12345.60", "100元", "12"}, []string{"￥12345678901", "12 元", "一百"}},
		"phone_number1":     {[]string{"+86-0766-66888866"}, []string{strings.Repeat("1", 18), "电话"}},
		"car_number1":       {[]string{"粤A8Z888挂"}, []string{"粤A8Z88888挂"}},
		"name4":             {[]string{"李业务", strings.Repeat("a", 20)}, []string{strings.Repeat("李", 11), strings.Repeat("a", 21), "李" + strings.Repeat("a", 10)}},
		"phrase2":           {[]string{"进行中", "一二三四五"}, []string{"OK", "进行中1"}},
		"enum_string5":      {[]string{"快递"}, []string{"骆驼"}},
		"nosuchtype1":       {nil, []string{"x"}},
	} {
		for _, value := range values.good {
			if !enum.allows(key, value) {
				t.Errorf("%s refuses %q", key, value)
			}
		}
		for _, value := range values.bad {
			if enum.allows(key, value) {
				t.Errorf("%s allows %q", key, value)
			}
		}
	}
}

// TestWeChatTemplatesFollowTheirOwnRules sends each template's example.
func TestWeChatTemplatesFollowTheirOwnRules(t *testing.T) {
	c := weChat(t, WeChatOptions{})
	for _, template := range c.w.Templates() {
		keys := keywordPattern.FindAllStringSubmatch(template.Content, -1)
		data := m{}
		for i, line := range strings.Split(template.Example, "\n") {
			_, value, _ := strings.Cut(line, ":")
			data[keys[i][1]] = m{"value": value}
		}
		if got := c.send(m{"touser": c.openid("bob"), "template_id": template.ID, "data": data}); text(got["errcode"]) != "0" {
			t.Errorf("%s: %v", template.Title, got)
		}
	}
}

func TestWeChatGrantsAreUsedUp(t *testing.T) {
	c := weChat(t, WeChatOptions{})
	c.w.RequireGrants(true)
	message := goodMessage(c.openid("alice"))
	send := func() string { return text(c.send(message)["errcode"]) }
	if got := send(); got != "43101" {
		t.Errorf("without a grant: %s", got)
	}
	c.w.Grant(c.openid("alice"), wechatTemplates[0].ID, 2)
	c.w.Grant(c.openid("alice"), wechatTemplates[1].ID, 1)
	if a, b, after := send(), send(), send(); a != "0" || b != "0" || after != "43101" {
		t.Errorf("with two grants: %s %s %s", a, b, after)
	}
	c.w.RequireGrants(false)
	if got := send(); got != "0" {
		t.Errorf("switched off: %s", got)
	}
}

func TestWeChatRefusesConcurrentSendsToOneUser(t *testing.T) {
	c := weChat(t, WeChatOptions{})
	target := c.url + "/cgi-bin/message/subscribe/send?access_token=" + c.token()
	c.w.SetFaults(Fault{Kind: "hang", Match: "send", Times: 1})
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan struct{})
	go func() {
		defer close(left)
		_, _ = tryAsk(ctx, c.http, "POST", target, goodMessage(c.openid("alice"))) // held until leave
	}()
	eventually(t, "the first send is under way", func() bool { return c.w.Count("send") == 1 && len(c.w.Faults()) == 0 })
	if got := c.send(goodMessage(c.openid("alice"))); text(got["errcode"]) != "43108" {
		t.Errorf("second send to alice: %v", got)
	}
	if got := c.send(goodMessage(c.openid("bob"))); text(got["errcode"]) != "0" {
		t.Errorf("send to bob meanwhile: %v", got)
	}
	leave()
	<-left
	eventually(t, "alice can be sent to again", func() bool { return text(c.send(goodMessage(c.openid("alice")))["errcode"]) == "0" })
}

func TestWeChatSendCanBeSlow(t *testing.T) {
	c := weChat(t, WeChatOptions{})
	c.w.SetFaults(Fault{Kind: "slow", Match: "subscribe/send", Delay: 30 * time.Millisecond})
	start := time.Now()
	if got := c.send(goodMessage(c.openid("alice"))); text(got["errcode"]) != "0" || time.Since(start) < 30*time.Millisecond {
		t.Errorf("%v after %v", got, time.Since(start))
	}
}
