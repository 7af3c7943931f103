package audit

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"snowgate/audit/spool"
)

func TestAWriteThatIsNotOnDiskIsTold(t *testing.T) {
	sink := &table{}
	l := openLog(t, Config{Dir: t.TempDir(), MaxBytes: 64 << 10}, sink)
	intent := WriteChange{KeyHash: "k", Op: "record_stock", State: "intended", Params: strings.Repeat("x", 1000)}
	taken := 0
	for ; taken < 1000; taken++ {
		if err := l.Write(intent); err != nil {
			if !errors.Is(err, ErrUnavailable) || !errors.Is(err, spool.ErrFull) {
				t.Errorf("full: %v", err)
			}
			break
		}
	}
	if s := sum(mustBalance(t, l)); s.Pending != int64(taken) || s.Dropped != 1 || taken == 0 || taken == 1000 {
		t.Errorf("%d taken, %+v", taken, s)
	}
	shut(t, l)
	if len(sink.writes) != taken {
		t.Errorf("%d writes arrived, %d were taken", len(sink.writes), taken)
	}
	if err := l.Write(intent); !errors.Is(err, ErrUnavailable) {
		t.Errorf("after Close: %v", err)
	}
}

func TestAWriteThatWasTakenOutlivesItsProcess(t *testing.T) {
	dir, sink := t.TempDir(), &table{}
	first := openLog(t, Config{Dir: dir}, sink)
	want := WriteChange{KeyHash: "k", Op: "approve", State: "intended", IntendedAt: time.Unix(1_800_000_000, 0).UTC(),
		ChangedAt: time.Unix(1_800_000_001, 0).UTC()}
	if err := first.Write(want); err != nil {
		t.Fatal(err)
	}
	die(t, first)
	shut(t, openLog(t, Config{Dir: dir}, sink))
	if !reflect.DeepEqual(sink.writes, []WriteChange{want}) {
		t.Errorf("got %+v\nwant %+v", sink.writes, want)
	}
}

func TestNoWriteIsTooLarge(t *testing.T) {
	sink := &table{}
	l := openLog(t, Config{Dir: t.TempDir()}, sink)
	huge := strings.Repeat("\x01", 1<<20) // six bytes each in JSON
	err := l.Write(WriteChange{KeyHash: "k", OpenID: huge, SessionID: huge, Op: huge, Reference: huge, Operator: huge,
		ERPUsername: huge, Params: huge, State: huge, ERPRecordID: huge, Error: huge, RequestID: huge})
	if err != nil {
		t.Fatal(err)
	}
	shut(t, l)
	if got := sink.writes[0].Params; got != huge[:maxText] {
		t.Errorf("params of %d bytes", len(got))
	}
}

func TestStatesKeepTheTimesTheyBring(t *testing.T) {
	now, sink := time.Date(2026, 5, 4, 3, 2, 1, 5e6, time.UTC), &table{}
	l := openLog(t, Config{Dir: t.TempDir(), Now: func() time.Time { return now }}, sink)
	own := now.Add(-time.Hour)
	for _, at := range []time.Time{own, {}} {
		l.Message(MessageChange{MsgID: "m", ChangedAt: at})
		if err := l.Write(WriteChange{KeyHash: "k", ChangedAt: at}); err != nil {
			t.Fatal(err)
		}
	}
	shut(t, l)
	for i, want := range []time.Time{own, now} {
		if m, w := sink.messages[i], sink.writes[i]; !m.ChangedAt.Equal(want) || !w.ChangedAt.Equal(want) || !w.IntendedAt.Equal(want) {
			t.Errorf("message of %v, write of %v, intended at %v, want %v", m.ChangedAt, w.ChangedAt, w.IntendedAt, want)
		}
	}
}
