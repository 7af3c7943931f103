package audit

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// fullCall has something in every field, and is as the database gives it back.
func fullCall() Call {
	return Call{
		LogID: "0190a1b2-0000-7000-8000-000000000001", SessionID: "hash", OpenID: "pseudonym", Endpoint: "/api/erp/orders/:id",
		Method: "GET", Params: `{"id":"7","备注":"<b>&"}`, Status: 200, Response: `{"code":200}`, Duration: 12 * time.Millisecond,
		Error: "erp_timeout", CalledAt: time.Date(2026, 5, 4, 3, 2, 1, 123e6, time.UTC), RequestID: "req", Replica: "r1",
		Source: "standby", Attempts: 2, ERPTime: 9 * time.Millisecond,
		Link: Link{ChainID: strings.Repeat("a", 32), Seq: 1, Prev: strings.Repeat("0", 64), Hash: strings.Repeat("1", 64)},
	}
}

// awkward are calls that a database does not give back as they are.
func awkward() map[string]Call {
	calls := map[string]Call{"zero": {}, "plain": fullCall()}
	edit := func(name string, change func(*Call)) {
		c := fullCall()
		change(&c)
		calls[name] = c
	}
	everyText := func(text string) func(*Call) {
		return func(c *Call) {
			v := reflect.ValueOf(c).Elem()
			for i := range v.NumField() {
				if v.Field(i).Kind() == reflect.String {
					v.Field(i).SetString(text)
				}
			}
		}
	}
	edit("not UTF-8", everyText("a\xff\xfeb\xc3"))
	edit("NUL", everyText("a\x00b"))
	edit("long ASCII", everyText(strings.Repeat("x", 9000)))
	edit("long, four bytes each", everyText(strings.Repeat("🀄", 9000)))
	edit("cut in the middle of bad bytes", everyText(strings.Repeat("é\xff", 9000)))
	edit("what JSON escapes", everyText("<&>\u2028\u2029\"\\\b\n\x7f\uFFFD"))
	edit("nanoseconds", func(c *Call) {
		c.CalledAt, c.Duration, c.ERPTime = c.CalledAt.Add(999_999), 1_999_999, 2_000_001
	})
	edit("another zone", func(c *Call) { c.CalledAt = c.CalledAt.In(time.FixedZone("Shanghai", 8*3600)) })
	edit("monotonic clock", func(c *Call) { c.CalledAt = time.Now() })
	edit("before 1970", func(c *Call) { c.CalledAt = time.Date(1969, 12, 31, 23, 59, 59, 999_999_999, time.UTC) })
	edit("clock set back", func(c *Call) { c.Duration, c.ERPTime = -1_500_000, -1 })
	return calls
}

func TestACallIsNormalOnceAndForAll(t *testing.T) {
	for name, c := range awkward() {
		t.Run(name, func(t *testing.T) {
			once := c.normal()
			if twice := once.normal(); !reflect.DeepEqual(twice, once) {
				t.Errorf("got %+v\nwant %+v", twice, once)
			}
			want := stored(once)
			want.Link = once.Link
			if !reflect.DeepEqual(once, want) {
				t.Errorf("got %+v\nbut the database would give back %+v", once, want)
			}
		})
	}
}

func TestTheDigestOutlivesTheSpoolAndTheDatabase(t *testing.T) {
	for name, c := range awkward() {
		t.Run(name, func(t *testing.T) {
			want := c.normal()
			text, err := json.Marshal(want)
			if err != nil {
				t.Fatal(err)
			}
			var spooled Call
			if err := json.Unmarshal(text, &spooled); err != nil {
				t.Fatal(err)
			}
			if spooled.digest() != want.digest() {
				t.Errorf("from the spool: %+v\nwant %+v", spooled, want)
			}
			if row := stored(spooled); row.digest() != want.digest() {
				t.Errorf("from the database: %+v\nwant %+v", row, want)
			}
		})
	}
}

// stored is the call as api_call_logs gives it back: columns of the table's sizes, times in whole milliseconds.
func stored(c Call) Call {
	column := func(s string, runes int) string {
		if utf8.RuneCountInString(s) > runes {
			s = string([]rune(s)[:runes])
		}
		return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
	}
	text := func(s string) string { return s[:min(len(s), 65535)] } // TEXT counts bytes
	return Call{
		LogID: column(c.LogID, 64), SessionID: column(c.SessionID, 64), OpenID: column(c.OpenID, 64),
		Endpoint: column(c.Endpoint, 200), Method: column(c.Method, 10), Params: text(c.Params), Response: text(c.Response),
		Error: text(c.Error), RequestID: column(c.RequestID, 64), Replica: column(c.Replica, 64), Source: column(c.Source, 16),
		Status: c.Status, Attempts: c.Attempts, CalledAt: c.CalledAt.UTC().Truncate(time.Millisecond),
		Duration: time.Duration(c.Duration.Milliseconds()) * time.Millisecond,
		ERPTime:  time.Duration(c.ERPTime.Milliseconds()) * time.Millisecond,
	}
}

func TestTheDigestCoversEveryFieldButThePerson(t *testing.T) {
	base := fullCall()
	fields := reflect.TypeFor[Call]()
	for i := range fields.NumField() {
		name := fields.Field(i).Name
		changed := base
		switch field := reflect.ValueOf(&changed).Elem().Field(i); v := field.Interface().(type) {
		case string:
			field.SetString(v + "x")
		case int:
			field.SetInt(int64(v) + 1)
		case time.Duration:
			field.SetInt(int64(v + time.Millisecond))
		case time.Time:
			field.Set(reflect.ValueOf(v.Add(time.Millisecond)))
		case Link:
			field.Set(reflect.ValueOf(Link{}))
		default:
			t.Fatalf("%s: a field of a new type", name)
		}
		free := name == "OpenID" || name == "Link" // a person may ask to be forgotten; the link is covered by the chain
		if same := changed.digest() == base.digest(); same != free {
			t.Errorf("%s: digest unchanged: %v, want %v", name, same, free)
		}
	}
}

func TestTheDigestKnowsWhereAFieldEnds(t *testing.T) {
	a, b := Call{LogID: "ab", SessionID: "c"}, Call{LogID: "a", SessionID: "bc"}
	if a.digest() == b.digest() {
		t.Error("text moved from one field to the next unseen")
	}
}
