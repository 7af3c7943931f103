package alert

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"snowgate/health"
)

// Severity is how bad it is.
type Severity string

// The severities. Only Critical calls everybody in a group by name.
const (
	Info     Severity = "info"
	Warning  Severity = "warning"
	Critical Severity = "critical"
)

var severityWords = map[Severity]health.Words{
	Info: {ZH: "通知", EN: "info"}, Warning: {ZH: "警告", EN: "warning"}, Critical: {ZH: "严重", EN: "critical"},
}

// Event is what happened to an alert.
type Event string

// The events.
const (
	Raised    Event = "raised"
	Changed   Event = "changed" // its severity is another
	Reminder  Event = "reminder"
	Recovered Event = "recovered"
	Digest    Event = "digest" // of several messages
	Trial     Event = "test"
)

var eventWords = map[Event]health.Words{
	Reminder: {ZH: "提醒", EN: "reminder"}, Recovered: {ZH: "恢复", EN: "recovered"}, Trial: {ZH: "测试", EN: "test"},
}

// Message is one thing to tell. Its JSON is what a json webhook gets, and what the history shows.
type Message struct {
	Event    Event        `json:"event"`
	Key      string       `json:"key,omitempty"`
	Severity Severity     `json:"severity,omitempty"`
	Title    health.Words `json:"title"`
	Text     health.Words `json:"text"`
	At       time.Time    `json:"at"`              // when it happened
	Since    time.Time    `json:"since,omitzero"`  // when it began
	Seconds  int64        `json:"durationSeconds"` // how long it lasts, or lasted
	Replica  string       `json:"replica"`         // who tells
	// Alone says that the replicas cannot hear of each other: every one that sees it tells.
	Alone    bool      `json:"alone,omitempty"`
	Messages []Message `json:"messages,omitempty"` // of a digest, oldest first
	// Dropped is how many messages before this one were never sent: the webhook failed for too long.
	Dropped int `json:"dropped,omitempty"`
}

// body is the message as text of at most limit bytes.
func (m Message) body(limit int) string {
	if m.Event == Digest {
		return m.digest(limit)
	}
	lines := []string{m.headline(), m.headlineEN()}
	lines = append(lines, clean(m.Text.ZH), clean(m.Text.EN), m.footer())
	if m.Alone {
		lines = append(lines, "注意：副本之间无法协调（Redis 不可用），同一告警可能由多个副本各发一次", "Redis is away: every replica that sees this tells it")
	}
	if m.Dropped > 0 {
		lines = append(lines, fmt.Sprintf("此前有 %d 条告警未能送达 / %d earlier alerts were never delivered", m.Dropped, m.Dropped))
	}
	return cut(strings.Join(filled(lines), "\n"), limit)
}

func (m Message) headline() string {
	title := fmt.Sprintf("【%s】%s", m.label().ZH, clean(m.Title.ZH))
	switch m.Event {
	case Recovered:
		title += "（持续 " + lasted(m.Seconds).ZH + "）"
	case Reminder:
		title += "（已持续 " + lasted(m.Seconds).ZH + "）"
	}
	return title
}

func (m Message) headlineEN() string {
	title := fmt.Sprintf("[%s] %s", m.label().EN, clean(m.Title.EN))
	switch m.Event {
	case Recovered:
		title += " (lasted " + lasted(m.Seconds).EN + ")"
	case Reminder:
		title += " (for " + lasted(m.Seconds).EN + ")"
	}
	return title
}

// label is the word in brackets: what happened where that says more than how bad it is.
func (m Message) label() health.Words {
	if words, ok := eventWords[m.Event]; ok {
		return words
	}
	return severityWords[m.Severity]
}

func (m Message) footer() string {
	at := m.At
	if !m.Since.IsZero() {
		at = m.Since
	}
	text := "开始 " + at.Format("2006-01-02 15:04:05 -07:00")
	if m.Replica != "" {
		text += " · 副本 " + clean(m.Replica)
	}
	return text
}

// wakesAll says whether everybody in the group is called: when something critical begins, not when it is over.
func (m Message) wakesAll() bool {
	for _, one := range m.Messages {
		if one.wakesAll() {
			return true
		}
	}
	return m.Severity == Critical && (m.Event == Raised || m.Event == Changed)
}

// digest lists the messages, each with its headline, as many as fit.
func (m Message) digest(limit int) string {
	text := fmt.Sprintf("【汇总】%d 条告警\n[digest] %d alerts", len(m.Messages)+m.Dropped, len(m.Messages)+m.Dropped)
	const more = "\n… 另有 %d 条 / %d more"
	for i, one := range m.Messages {
		line := "\n" + one.At.Format("15:04:05") + " " + one.headline() + "\n  " + one.headlineEN()
		left := len(m.Messages) - i + m.Dropped
		rest := fmt.Sprintf(more, left, left)
		if len(text)+len(line)+len(rest) > limit {
			return cut(text+rest, limit)
		}
		text += line
	}
	if m.Dropped > 0 {
		text += fmt.Sprintf(more, m.Dropped, m.Dropped)
	}
	return cut(text, limit)
}

// lasted is a number of seconds in words.
func lasted(seconds int64) health.Words {
	d := time.Duration(seconds) * time.Second
	h, m, s := int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60
	switch {
	case h > 0:
		return health.Words{ZH: fmt.Sprintf("%d 小时 %d 分", h, m), EN: fmt.Sprintf("%d h %d min", h, m)}
	case m > 0:
		return health.Words{ZH: fmt.Sprintf("%d 分 %d 秒", m, s), EN: fmt.Sprintf("%d min %d s", m, s)}
	}
	return health.Words{ZH: fmt.Sprintf("%d 秒", s), EN: fmt.Sprintf("%d s", s)}
}

func filled(lines []string) (list []string) {
	for _, line := range lines {
		if line != "" {
			list = append(list, line)
		}
	}
	return list
}

// clean takes out what a chat would stumble over: control characters other than line ends, and broken UTF-8.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "�"))
}

// cut shortens a text to limit bytes at the end of a character, and shows that it did.
func cut(s string, limit int) string {
	const mark = "…"
	if len(s) <= limit {
		return s
	}
	end := limit - len(mark)
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + mark
}

// encode writes JSON as people would: "<" stays "<", so that a size limit counts what is seen.
func encode(v any) (io.Reader, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	b.Truncate(b.Len() - 1) // the encoder ends with a line feed
	return &b, nil
}
