package main

import (
	"context"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"snowgate/health"
	"snowgate/wxmsg"
)

// kindsIn reads the constants of a package's type Kind, or those that are named like kinds, from its source: a list in a
// test would be as forgetful as the tables it is to check.
func kindsIn(t *testing.T, file string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(strings.ToLower(spec.Names[0].Name), "kind") || len(spec.Values) != 1 {
			return true
		}
		if literal, ok := spec.Values[0].(*ast.BasicLit); ok {
			kind, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			kinds = append(kinds, kind)
		}
		return true
	})
	return kinds
}

// Whatever goes wrong at the ERP has words for a person, in Chinese and in English, in verdicts and in the console.
func TestEveryKindHasWords(t *testing.T) {
	erp, own := kindsIn(t, "../../erpclient/errors.go"), kindsIn(t, "../../health/failure.go")
	if len(erp) < 14 || len(own) < 7 {
		t.Fatalf("found only %v and %v", erp, own)
	}
	erp = append(erp, kindMisconfigured)
	for _, kind := range erp {
		words := kindWords[kind]
		if words.EN == "" || words.EN == kind || !isChinese(words.ZH) {
			t.Errorf("%s: a verdict says %+v", kind, words)
		}
	}
	for language, fits := range map[string]func(string) bool{"zh": isChinese, "en": func(text string) bool { return text != "" && !isChinese(text) }} {
		raw, err := os.ReadFile("../../console/static/i18n/" + language + ".json")
		if err != nil {
			t.Fatal(err)
		}
		words := map[string]string{}
		if err := json.Unmarshal(raw, &words); err != nil {
			t.Fatal(err)
		}
		for _, kind := range append(erp, own...) {
			if !fits(words["fault."+kind]) {
				t.Errorf("%s: the console says %q (%s)", kind, words["fault."+kind], language)
			}
		}
	}
}

// What WeChat says of us has its own words; what happens below HTTP has health's.
func TestAWeChatThatRefusesUsIsSaidSo(t *testing.T) {
	refused := &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	for name, tt := range map[string]struct {
		err  error
		kind string // "": as it came
	}{
		"well":         {},
		"wrong secret": {&wxmsg.Error{Op: "token", Kind: wxmsg.KindMisconfigured}, kindMisconfigured},
		"502":          {&wxmsg.Error{Op: "probe", Kind: wxmsg.KindUnavailable, Err: errors.New("HTTP status 502")}, "unavailable"},
		"refused":      {&wxmsg.Error{Op: "probe", Kind: wxmsg.KindUnavailable, Err: refused}, ""},
		"late":         {&wxmsg.Error{Op: "probe", Kind: wxmsg.KindTimeout, Err: context.DeadlineExceeded}, ""},
	} {
		err := weChatLook(func(context.Context) error { return tt.err })(t.Context())
		var said *health.Failure
		if errors.As(err, &said) != (tt.kind != "") || said != nil && said.Kind != tt.kind || !errors.Is(err, tt.err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func isChinese(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return r >= '一' && r <= '鿿' })
}

// A kind that no longer exists needs no words, and the monitor's own words come first.
func TestNoWordsForNothing(t *testing.T) {
	known := map[string]bool{kindMisconfigured: true}
	for _, kind := range kindsIn(t, "../../erpclient/errors.go") {
		known[kind] = true
	}
	for kind := range kindWords {
		if !known[kind] {
			t.Errorf("%s is no kind of the ERP client", kind)
		}
	}
	if words := kindWords[health.KindTimeout]; words.ZH != "没有及时回答" {
		t.Errorf("a timeout at the ERP is said differently: %+v", words)
	}
}
