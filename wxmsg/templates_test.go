package wxmsg

import (
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"snowgate/sandbox"
)

func TestTemplatesAreRead(t *testing.T) {
	for name, row := range map[string]struct {
		body string
		want []Template
	}{
		"as documented": {`{"errcode":0,"errmsg":"ok","data":[{"priTmplId":"T1","title":"发货","type":2,` +
			`"content":"单号:{{character_string1.DATA}}\n方式:{{enum_string5.DATA}}\n","example":"x",` +
			`"keywordEnumValueList":[{"keywordCode":"enum_string5.DATA","enumValueList":["快递","自提"]}]},` +
			`{"priTmplId":"T2","title":"","type":3,"content":"{{thing2.DATA}}{{ thing1.DATA }}{{thing2.DATA}}","keywordEnumValueList":[]}]}`,
			[]Template{
				{"T1", "发货", TemplateOneTime, []Keyword{{"character_string1", "character_string", nil}, {"enum_string5", "enum_string", []string{"快递", "自提"}}}},
				{"T2", "", TemplateLongTerm, []Keyword{{"thing2", "thing", nil}, {"thing1", "thing", nil}}},
			}},
		"an enum named without .DATA": {`{"data":[{"priTmplId":"T1","content":"{{phrase1.DATA}}","keywordEnumValueList":[{"keywordCode":"{{phrase1.DATA}}","enumValueList":["是"]}]}]}`,
			[]Template{{ID: "T1", Keywords: []Keyword{{"phrase1", "phrase", []string{"是"}}}}}},
		"odd details": {`{"data":[7,null,{},{"priTmplId":7},{"priTmplId":"T1","type":"x","keywordEnumValueList":{},"content":"{{.DATA}}{{a b.DATA}}","more":1}]}`,
			[]Template{{ID: "T1"}}},
		"none":         {`{"errcode":0,"data":[]}`, []Template{}},
		"none at all":  {`{"errcode":0,"errmsg":"ok"}`, []Template{}},
		"data is null": {`{"data":null}`, []Template{}},
	} {
		t.Run(name, func(t *testing.T) {
			d := startDesk(t, says(row.body))
			got, err := d.sender.Templates(ctx)
			if err != nil || !reflect.DeepEqual(got, row.want) {
				t.Errorf("got %+v, %v; want %+v", got, err, row.want)
			}
			asked := d.asked(t)
			if asked.Method != http.MethodGet || asked.URL.Path != "/wxaapi/newtmpl/gettemplate" || asked.URL.RawQuery != "access_token="+testToken+"1" {
				t.Errorf("asked %s %s", asked.Method, asked.URL)
			}
		})
	}
}

func TestTemplatesThatCannotBeHad(t *testing.T) {
	for _, row := range []struct {
		name   string
		answer http.HandlerFunc
		want   Kind
		asked  int32
	}{
		{"busy", says(`{"errcode":-1}`), KindBusy, 1},
		{"token refused", says(`{"errcode":40001}`), KindToken, 2},
		{"token expired", says(`{"errcode":42001}`), KindToken, 2},
		{"not allowed", says(`{"errcode":48001}`), KindMisconfigured, 1},
		{"no token arrives", says(`{"errcode":41001}`), KindMisconfigured, 1},
		{"of another call", says(`{"errcode":43101}`), KindBadAnswer, 1},
		{"502", status(502), KindUnavailable, 1},
		{"hang", hangs, KindTimeout, 1},
		{"html", says(`<html>`), KindBadAnswer, 1},
		{"no list", says(`{"data":{"T1":1}}`), KindBadAnswer, 1},
		{"huge", says(`{"data":["` + strings.Repeat("x", maxTemplateBytes) + `"]}`), KindBadAnswer, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			d := startDesk(t, row.answer)
			d.client.timeout = 2 * time.Second
			got, err := d.sender.Templates(ctx)
			if e := errorOf(t, err, row.want); got != nil || e.Op != "gettemplate" {
				t.Errorf("got %+v, %v", got, err)
			}
			if got := d.client.Misconfigured() != nil; got != (row.want == KindMisconfigured) {
				t.Errorf("misconfigured: %v", got)
			}
			d.wantSent(t, row.asked)
			noSecrets(t, err, d.log)
		})
	}
}

func TestALongListOfTemplatesIsRead(t *testing.T) {
	one := `{"priTmplId":"T","content":"` + strings.Repeat("{{thing1.DATA}}", 100) + `"}`
	d := startDesk(t, says(`{"data":[`+strings.Repeat(one+",", 99)+one+`]}`))
	if got, err := d.sender.Templates(ctx); err != nil || len(got) != 100 {
		t.Errorf("%d templates, %v", len(got), err)
	}
}

// The sandbox's examples keep to the rules here, as they do to its own.
func TestTemplatesOfTheSandboxAndTheirExamples(t *testing.T) {
	world := sandbox.NewWeChat(sandbox.WeChatOptions{})
	server := httptest.NewServer(world)
	t.Cleanup(func() { _ = world.Close(); server.Close() })
	c, err := New(Config{BaseURL: server.URL, AppID: world.AppID(), AppSecret: world.AppSecret()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	templates, err := NewSender(c, NewTokens(c, newStore(newClock()))).Templates(ctx)
	if err != nil || len(templates) != len(world.Templates()) {
		t.Fatalf("%d templates, %v", len(templates), err)
	}
	for i, theirs := range world.Templates() {
		ours := templates[i]
		lines := strings.Split(theirs.Example, "\n")
		if ours.ID != theirs.ID || ours.Title != theirs.Title || ours.Type != TemplateOneTime || len(ours.Keywords) != len(lines) {
			t.Fatalf("got %+v, want %+v", ours, theirs)
		}
		data := map[string]string{}
		for j, line := range lines {
			_, data[ours.Keywords[j].Key], _ = strings.Cut(line, ":")
		}
		if err := Check(&ours, data); err != nil {
			t.Errorf("%s: %v", ours.Title, err)
		}
		if err := Check(nil, data); err != nil {
			t.Errorf("%s, by the names alone: %v", ours.Title, err)
		}
	}
}

func FuzzReadTemplates(f *testing.F) {
	f.Add([]byte(`{"data":[{"priTmplId":"T","content":"{{enum1.DATA}}","type":2,"keywordEnumValueList":[{"keywordCode":"enum1.DATA","enumValueList":["a"]}]}]}`))
	f.Add([]byte(`{"errcode":40001}`))
	c := &Client{now: time.Now}
	f.Fuzz(func(t *testing.T, body []byte) {
		templates, failure := c.readTemplates(body)
		if (failure == nil) != (templates != nil) {
			t.Errorf("%q: %v, %v", body, templates, failure)
		}
		for _, one := range templates {
			if one.ID == "" {
				t.Errorf("%q: a template without an id", body)
			}
		}
	})
}
