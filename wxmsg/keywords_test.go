package wxmsg

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// WeChat: sendSubscribeMessage, limits of parameter values. Each limit is tried from both sides.
func TestEveryKeywordTypeHasItsRule(t *testing.T) {
	n := strings.Repeat
	for key, values := range map[string]struct{ good, bad []string }{
		"thing1": {
			[]string{"a", n("雪", 20), n("a", 20), n("😀", 20), "a b-1，。", "雪\u200d兽", " a"},
			[]string{"", " ", "\u3000", n("雪", 21), n("a", 21), "a\nb", "a\tb", "a\rb", "a\x00", "a\u2028b", "a\u2029b", "a\u0085b", "a\x7f", "a\xff"},
		},
		"number2": {
			[]string{"0", "40", "-3", "12.5", "007", n("1", 32), "-" + n("1", 32), n("1", 30) + ".25"},
			[]string{"4a", n("1", 33), n("1", 31) + ".25", "1,000", "40 件", "1.", ".5", "--1", "1-", "+1", "1.2.3", "１２", "1e3", " 1", "1\n"},
		},
		"letter3": {
			[]string{"A", n("aZ", 16)},
			[]string{n("a", 33), "a1", "a b", "é", "雪", "a\n"},
		},
		"symbol4": {
			[]string{"+", "+-*/=", "，。！", "￥$€"},
			[]string{"++++++", "a", "1", "雪", "+ +", "+\n"},
		},
		"character_string5": {
			[]string{"SF-001", n("1", 32), n("~", 32), "a b", "!@#"},
			[]string{n("1", 33), "单号1", "é", "１", "a\tb", "a\n", "  "},
		},
		"time6": {
			[]string{"15:01", "0:00", "00:00", "23:59", "9:05", "15:01:59", "2019年10月1日 15:01", "2019年10月01日15:01", "2019-10-1 15:01",
				"9:00~10:00", "2019年10月1日 15:01~2019年10月2日 15:01", "2024年2月29日 00:00"},
			[]string{"24:00", "15:60", "15:01:60", "15:1", "15点", "下午3:00", "3:00 PM", "2021年3月4日", "2019年13月1日 15:01", "2023年2月29日 00:00",
				"15:01~", "~15:01", "1:00~2:00~3:00", "15:01 ~ 16:01", " 15:01", "15:01 ", "15:01\n", "2019年10月1日  15:01", "21年3月4日 15:01", "１５:０１"},
		},
		"date7": {
			[]string{"2019年10月1日", "2019年10月01日", "2019-12-25", "2019-12-25 09:42", "2019年10月1日 15:01", "2019年10月1日~2019年10月7日",
				"2019-12-25 09:42~2019-12-26 09:42"},
			[]string{"10月1日", "昨天", "15:01", "2019年10月", "2019/12/25", "20191225", "2019年2月30日", "2019-12-25T09:42", "2019-12-25 24:00",
				"2019-00-01", "2019年10月1日~", "2019年10月1日 ", "2019年10月1日\n", "2019-12-25-"},
		},
		"amount8": {
			[]string{"12", "￥12345.60", "¥1", "$0.5", "€10", "100元", "￥100.00元", n("1", 10), "￥" + n("1", 10) + ".25元"},
			[]string{n("1", 11), "￥￥1", "12 元", "一百", "100块", "元", "￥", "1,000", "-1", "1.", ".5", "1元元", "100RMB", "1\n", "1." + n("1", 11)},
		},
		"phone_number9": {
			[]string{"13800138000", "+86-0766-66888866", "(0766) 6688-8866", n("1", 17), "#1*"},
			[]string{n("1", 18), "电话", "1380013800a", "１３８", "138\t1", "138\n"},
		},
		"car_number10": {
			[]string{"粤A8Z888挂", "粤A8Z888", "A8Z888", "A8Z888挂", "粤A8Z8888", "A1234567"},
			[]string{"粤A8Z8888挂", "A12345678", "粤粤A8Z88", "粤A挂8", "粤A·8Z88", "粤", "粤挂", "粤A 888", "A8Z88\n"},
		},
		"name11": {
			[]string{"李业务", n("李", 10), n("a", 20), "John O'Neill-Smith", "李A", "买买提·艾力", "李" + n("a", 9)},
			[]string{n("李", 11), n("a", 21), "李" + n("a", 10), "李3", "a1", "李３", "a\nb", "a\tb"},
		},
		"phrase12": {
			[]string{"是", "一二三四五", "进行中"},
			[]string{"一二三四五六", "OK", "进行中1", "进行 中", "进行中。", "カナ", "进行\n"},
		},
		"enum13":        {[]string{"快递", n("a", 20)}, []string{"", n("a", 21), "a\nb"}},
		"enum_string14": {[]string{"快递", n("a", 20)}, []string{"", n("a", 21), "a\nb"}},
		"nosuchtype15":  {[]string{"anything 1", n("雪", 20)}, []string{"", n("雪", 21), "a\nb"}},
	} {
		t.Run(key, func(t *testing.T) {
			template := &Template{Keywords: []Keyword{{Key: key, Type: typeOf(key)}}}
			for _, value := range values.good {
				for name, how := range map[string]*Template{"by name": nil, "by template": template} {
					if err := Check(how, map[string]string{key: value}); err != nil {
						t.Errorf("%s: %q is refused: %v", name, value, err)
					}
				}
			}
			for _, value := range values.bad {
				for name, how := range map[string]*Template{"by name": nil, "by template": template} {
					wantDataError(t, name, Check(how, map[string]string{key: value}), key, value)
				}
			}
		})
	}
}

// wantDataError wants the keyword named and the value not told.
func wantDataError(t *testing.T, name string, err error, keyword, value string) {
	t.Helper()
	var e *DataError
	if !errors.As(err, &e) || e.Keyword != keyword || e.Rule == "" {
		t.Errorf("%s: %q: got %v", name, value, err)
		return
	}
	if utf8.RuneCountInString(value) > 9 && strings.Contains(err.Error(), value) {
		t.Errorf("%s: the value is told: %v", name, err)
	}
}

func TestKeywordsAreNamedAsWeChatNamesThem(t *testing.T) {
	for key, good := range map[string]bool{
		"thing1": true, "thing01": true, "thing999": true, "character_string12": true, "a_b_c_d1": true,
		"": false, "thing": false, "1": false, "Thing1": false, "thing1 ": false, "thing1\n": false, "thing-1": false, "_thing1": false,
		"thing_1": false, "thing1234": false, "雪1": false, "thing1.DATA": false, "first": false,
		strings.Repeat("a", 39) + "1": true, strings.Repeat("a", 40) + "1": false,
	} {
		err := Check(nil, map[string]string{key: "1"})
		if good && err != nil {
			t.Errorf("%q is refused: %v", key, err)
		}
		var e *DataError
		if !good && (!errors.As(err, &e) || e.Keyword != "") {
			t.Errorf("%q: got %v", key, err)
		}
	}
}

func TestDataFillTheTemplate(t *testing.T) {
	template := &Template{ID: "T1", Keywords: []Keyword{
		{"thing2", "thing", nil}, {"number1", "number", nil}, {"enum_string3", "enum_string", []string{"快递", "自提"}}, {"phrase4", "phrase", []string{"YES"}},
	}}
	odd := &Template{ID: "T2", Keywords: []Keyword{{"first", "first", nil}}}
	type change struct{ key, value string } // without a value: the key is left out
	with := func(changes ...change) map[string]string {
		data := map[string]string{"thing2": "a", "number1": "1", "enum_string3": "快递", "phrase4": "YES"}
		for _, c := range changes {
			data[c.key] = c.value
			if c.value == "" {
				delete(data, c.key)
			}
		}
		return data
	}
	for name, row := range map[string]struct {
		template *Template
		data     map[string]string
		want     *DataError
	}{
		"complete":                    {template, with(), nil},
		"another listed value":        {template, with(change{"enum_string3", "自提"}), nil},
		"no data":                     {template, nil, &DataError{"thing2", "missing"}},
		"the card's first is missing": {template, with(change{"thing2", ""}, change{"number1", ""}), &DataError{"thing2", "missing"}},
		"the last is missing":         {template, with(change{"phrase4", ""}), &DataError{"phrase4", "missing"}},
		"empty":                       {template, map[string]string{"thing2": "a", "number1": ""}, &DataError{"number1", "empty"}},
		"not UTF-8":                   {template, with(change{"number1", "\xff"}), &DataError{"number1", "not UTF-8"}},
		"breaks its rule":             {template, with(change{"number1", "x"}), &DataError{"number1", "not a number of at most 32 digits"}},
		"a value that is not listed":  {template, with(change{"enum_string3", "骆驼"}), &DataError{"enum_string3", "none of the template's values"}},
		"the list goes before a rule": {template, with(change{"phrase4", "是"}), &DataError{"phrase4", "none of the template's values"}},
		"one too many":                {template, with(change{"thing9", "a"}), &DataError{"thing9", "not a keyword of this template"}},
		"two too many":                {template, with(change{"thing9", "a"}, change{"name1", "a"}), &DataError{"name1", "not a keyword of this template"}},
		"no keyword's name":           {template, with(change{"<b>", "a"}), &DataError{"", "a keyword is not named as thing1 is"}},
		"an odd name of WeChat's own": {odd, map[string]string{"first": "a"}, nil},
		"a template without keywords": {&Template{ID: "T3"}, nil, nil},
		"no template and no data":     {nil, map[string]string{}, &DataError{"", "there are no data"}},
		"no template, two wrong":      {nil, map[string]string{"thing2": "", "number1": "x"}, &DataError{"number1", "not a number of at most 32 digits"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := Check(row.template, row.data)
			var got *DataError
			if err != nil && !errors.As(err, &got) {
				t.Fatalf("got %v", err)
			}
			if !reflect.DeepEqual(got, row.want) {
				t.Errorf("got %v, want %v", got, row.want)
			}
			if got != nil && (!strings.HasPrefix(got.Error(), "wechat message: "+got.Keyword) || !strings.HasSuffix(got.Error(), ": "+got.Rule)) {
				t.Errorf("text %q", got)
			}
		})
	}
}

// What is accepted is one line of UTF-8 that fits its type, by whichever way it is looked at.
func FuzzCheck(f *testing.F) {
	for key, value := range map[string]string{
		"thing1": "雪地帐篷", "number2": "-12.5", "letter3": "abc", "symbol4": "+-", "character_string5": "SF-1", "time6": "9:00~10:00",
		"date7": "2019年10月1日 15:01", "amount8": "￥1.5元", "phone_number9": "+86-1", "car_number10": "粤A8Z888挂", "name11": "李",
		"phrase12": "进行中", "enum13": "x", "other14": "y", "": "", "thing": "\xff",
	} {
		f.Add(key, value)
	}
	longest := map[string]int{"number": 34, "letter": 32, "symbol": 5, "character_string": 32, "time": 64, "date": 64, "amount": 23, "phone_number": 17,
		"car_number": 8, "phrase": 5}
	f.Fuzz(func(t *testing.T, key, value string) {
		err := Check(nil, map[string]string{key: value})
		template := &Template{Keywords: []Keyword{{Key: key, Type: typeOf(key)}}}
		if errWith := Check(template, map[string]string{key: value}); isKey(key) && (err == nil) != (errWith == nil) {
			t.Errorf("%q=%q: %v by name, %v by template", key, value, err, errWith)
		}
		if err != nil {
			var e *DataError
			if !errors.As(err, &e) || e.Keyword != "" && e.Keyword != key {
				t.Errorf("%q=%q: %v", key, value, err)
			}
			return
		}
		most, known := longest[typeOf(key)]
		if !known {
			most = 20
		}
		if !isKey(key) || !utf8.ValidString(value) || strings.TrimSpace(value) == "" || utf8.RuneCountInString(value) > most ||
			strings.ContainsFunc(value, unicode.IsControl) {
			t.Errorf("%q=%q was accepted", key, value)
		}
	})
}
