package main

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"snowgate/audit"
	"snowgate/cmd/snowgate/config"
	"snowgate/gateway"
	"snowgate/session"
	"snowgate/wxmsg"
	"snowgate/wxmsg/queue"
)

// openQueue makes the queue of subscribe messages, with its workers unless they are switched off here.
func (h *house) openQueue(cfg *config.Config, rdb redis.UniversalClient, sealer *session.Sealer, sender *wxmsg.Sender, registry prometheus.Registerer) (*queue.Queue, error) {
	var tolerated []queue.Risk
	if cfg.Sandbox() { // its Redis forgets everything, as its first line says
		tolerated = []queue.Risk{queue.RiskNotDurable, queue.RiskEviction}
	}
	q, err := queue.New(queue.Config{
		Redis: rdb, Sealer: sealer, Pseudonym: sealer.Pseudonym, Sender: withState{sender, cfg.WeChat.State, h.watch.weChat}, Note: h.noteMessage,
		Workers: cfg.WeChat.Workers, Rate: cfg.WeChat.SendRate, RequireConsent: cfg.WeChat.RequireConsent,
		Timeout: cfg.Redis.Timeout, Tolerate: tolerated, Logger: h.log, Metrics: registry,
	})
	if err != nil {
		return nil, err
	}
	h.roles = append(h.roles, q.Run)
	return q, nil
}

// withState opens the configured version of the mini-program with every message.
type withState struct {
	*wxmsg.Sender
	state string
	told  func(error) // hears how it ended
}

func (w withState) Send(ctx context.Context, m wxmsg.Message) (string, error) {
	m.State = w.state
	id, err := w.Sender.Send(ctx, m)
	w.told(err)
	return id, err
}

// noteMessage takes a message's state into the audit trail. Its text stays in the queue: the trail has no use for it.
// What the trail cannot take now the queue brings again.
func (h *house) noteMessage(c queue.Change) error {
	if err := h.audit.Ready(); err != nil {
		return err
	}
	row := audit.MessageChange{
		MsgID: c.MsgID, OpenID: c.Person, Sender: c.Sender, TemplateID: c.TemplateID, Status: string(c.State),
		Attempts: c.Attempts, Reason: c.Reason, ErrCode: c.ErrCode, WXMsgID: c.WeChatMsgID,
		AcceptedAt: c.AcceptedAt, ChangedAt: c.ChangedAt,
	}
	if c.State == queue.StateSent {
		row.SentAt = c.ChangedAt
	}
	h.audit.Message(row)
	return nil
}

// templates are the subscribe messages that may be sent, and what WeChat says they look like once it has said it.
type templates struct {
	listed atomic.Pointer[[]string]
	known  atomic.Pointer[map[string]wxmsg.Template]
}

// list replaces the ids that may be sent.
func (t *templates) list(ids []string) { t.listed.Store(&ids) }

// Template implements gateway.Templates.
func (t *templates) Template(id string) (*wxmsg.Template, bool) {
	if !slices.Contains(*t.listed.Load(), id) {
		return nil, false
	}
	if known := t.known.Load(); known != nil {
		if template, ok := (*known)[id]; ok {
			return &template, true
		}
	}
	return nil, true
}

// Between two questions for the account's templates: soon until the first answer, then now and then, because an operator
// changes them in WeChat's console.
const (
	templatesSoon  = 10 * time.Second
	templatesLater = time.Hour
)

// learnTemplates asks WeChat for the account's templates and tells which of ours it does not have.
func (h *house) learnTemplates(t *templates, sender *wxmsg.Sender) func(context.Context) error {
	return func(ctx context.Context) error {
		told := ""
		for ctx.Err() == nil {
			if len(*t.listed.Load()) == 0 { // there may be some after a reload
				pause(ctx, templatesSoon)
				continue
			}
			wait := templatesLater
			list, err := sender.Templates(ctx)
			switch {
			case err != nil:
				wait = templatesSoon
				if told != "away" {
					h.log.Warn("message templates not checked; data is held to its keywords' types alone", "error", err)
				}
				told = "away"
			default:
				t.learn(list)
				if missing := strings.Join(t.missing(), " "); missing != "" && missing != told {
					h.log.Warn("the account has no such templates; messages of them will fail", "key", "wechat.templates", "ids", missing)
					told = missing
				}
			}
			pause(ctx, wait)
		}
		return nil
	}
}

func (t *templates) learn(list []wxmsg.Template) {
	known := make(map[string]wxmsg.Template, len(list))
	for _, template := range list {
		known[template.ID] = template
	}
	t.known.Store(&known)
}

func (t *templates) missing() []string {
	known := *t.known.Load()
	return slices.DeleteFunc(slices.Clone(*t.listed.Load()), func(id string) bool {
		_, ok := known[id]
		return ok
	})
}

// eventMessages are the configured messages by the type of ERP event.
func eventMessages(e config.Events) map[string]gateway.EventMessage {
	configured := map[string]config.EventMessage{
		gateway.EventOrderStatusChanged: e.OrderStatusChanged,
		gateway.EventMaterialProgress:   e.MaterialProgress,
		gateway.EventShipped:            e.Shipped,
	}
	messages := map[string]gateway.EventMessage{}
	for kind, m := range configured {
		if m.Template == "" {
			continue
		}
		fields := map[string]string{}
		for _, field := range m.Fields {
			keyword, text, _ := strings.Cut(field, "=")
			fields[keyword] = text
		}
		messages[kind] = gateway.EventMessage{TemplateID: m.Template, Page: m.Page, Fields: fields}
	}
	return messages
}
