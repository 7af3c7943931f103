package queue

import (
	"context"
	"encoding/json"
	"log/slog"
	"testing"

	"github.com/hibiken/asynq"

	"snowgate/wxmsg"
)

// openSealer seals nothing: what is fuzzed is what was sealed.
type openSealer struct{}

func (openSealer) Seal(_, _ string, plain []byte) string    { return string(plain) }
func (openSealer) Open(_, _, sealed string) ([]byte, error) { return []byte(sealed), nil }

// Whatever Redis holds in a message's place is read as a message, or as nothing: of a state that callers know, noted
// without a fault, and never as anything but text to the sender.
func FuzzRecord(f *testing.F) {
	f.Add("queued", "3", "1800000000000", `{"OpenID":"o","TemplateID":"T","Data":{"thing1":"x"}}`, []byte(`{"person":"p","turn":"1"}`))
	f.Add("sending", "-1", "99999999999999999999", `{"Data":{"a":1}}`, []byte(`[]`))
	f.Add("", "x", "", `null`, []byte(`{"person":7}`))
	f.Add("\xff", "1e3", "-9223372036854775808", "\x00", []byte(``))
	f.Fuzz(func(t *testing.T, state, number, moment, content string, payload []byte) {
		q := &Queue{cfg: Config{Sealer: openSealer{}}.withDefaults(), log: slog.New(slog.DiscardHandler)}
		rec := recordFrom(answer{"id", "m1", "st", state, "n", number, "a", moment, "u", moment, "e", number, "c", content, "d", "1", "odd"})
		s := rec.status()
		if s.MsgID != "m1" || s.State == stateSending || !s.Delivered {
			t.Errorf("read as %+v", s)
		}
		if _, err := json.Marshal(s.AcceptedAt.Unix()); err != nil {
			t.Error(err)
		}
		m, err := q.openMessage("m1", content)
		if err == nil {
			again, err := q.sealMessage(Request{MsgID: "m1", Message: m})
			if second, errSecond := q.openMessage("m1", again); err == nil && (errSecond != nil || second.TemplateID != m.TemplateID) {
				t.Errorf("%+v was sealed as %q", m, again)
			}
		}
		said := answer{state, number, nil, []any{moment}, int64(7)}
		if said.word() != state || said.text(9) != "" || said.list(1) != nil || len(said.list(3)) != 1 || said.number(4) != 7 {
			t.Errorf("heard %v", said)
		}
		var points turn
		if json.Unmarshal(payload, &points) != nil { // one that is not ours is left alone: there is no Redis here to ask
			if err := (handler{q}).ProcessTask(context.Background(), asynq.NewTask(taskType, payload)); err != nil {
				t.Errorf("%q is a failure: %v", payload, err)
			}
		}
		_ = q.mask(wxmsg.Message{})
	})
}
