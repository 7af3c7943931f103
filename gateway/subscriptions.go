package gateway

import (
	"context"
	"maps"
	"slices"
	"time"

	"snowgate/wxmsg"
	"snowgate/wxmsg/queue"
)

// subscription is how many messages of a template a user still wants.
type subscription struct {
	TemplateID string `json:"templateId"`
	Credits    int    `json:"credits"`
}

// maxAsked is how many templates wx.requestSubscribeMessage asks about at once, and its errMsg.
const maxAsked = 5 + 1

// takeSubscriptions is POST /api/wechat/subscriptions: the mini-program tells what wx.requestSubscribeMessage came back
// with. It is only an estimate of ours: should a client lie, WeChat refuses the message.
func (s *Server) takeSubscriptions(c *call) error {
	body, err := c.body()
	if err != nil {
		return err
	}
	openid := body.optional("openid", maxText)
	results := body.object("results")
	if len(results) == 0 || len(results) > maxAsked {
		body.complain("results")
	}
	if err := body.err(); err != nil {
		return err
	}
	if err := c.checkOpenID(openid); err != nil {
		return err
	}
	delete(results, "errMsg")
	if err := s.checkResults(results); err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(results)) {
		if err := s.takeResult(c.Request().Context(), c.session.OpenID, id, results[id]); err != nil {
			return err
		}
	}
	list, err := s.subscriptions(c)
	if err != nil {
		return err
	}
	return c.ok(map[string]any{"subscriptions": list})
}

// checkResults comes before the first result is taken: a bad one among them leaves nothing half done.
func (s *Server) checkResults(results map[string]any) error {
	for id, result := range results {
		_, listed := s.deps.Templates.Template(id)
		if _, isText := result.(string); !listed || !isText {
			return badField.in("results")
		}
	}
	return nil
}

// takeResult credits what the user accepted. A rejected popup takes nothing back: what was accepted before stays.
// (WeChat: wx.requestSubscribeMessage.)
func (s *Server) takeResult(ctx context.Context, openid, templateID string, result any) error {
	switch result {
	case "accept", "acceptWithAudio", "acceptWithAlert":
		return s.deps.Messages.Credit(ctx, openid, templateID, queue.SourceClient)
	case "ban":
		return s.deps.Messages.Revoke(ctx, openid, templateID)
	default:
		return nil
	}
}

// subscriptions are the caller's credits for every template they ever accepted.
func (s *Server) subscriptions(c *call) ([]subscription, error) {
	credits, err := s.deps.Messages.Credits(c.Request().Context(), c.session.OpenID)
	if err != nil {
		return nil, err
	}
	list := []subscription{}
	for _, id := range slices.Sorted(maps.Keys(credits)) {
		list = append(list, subscription{id, credits[id]})
	}
	return list, nil
}

// takeSubscribeEvent does what WeChat says of subscriptions: one more, all gone, or what became of a message.
func (s *Server) takeSubscribeEvent(ctx context.Context, e wxmsg.Event) error {
	for _, item := range e.Items {
		if err := s.takeSubscribeItem(ctx, e, item); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) takeSubscribeItem(ctx context.Context, e wxmsg.Event, item wxmsg.SubscribeItem) error {
	switch {
	case e.Name == wxmsg.EventSubscribeSent:
		return s.deps.Messages.Settle(ctx, queue.Delivery{
			OpenID: e.FromUser, TemplateID: item.TemplateID, WeChatMsgID: item.MsgID,
			ErrorCode: item.ErrorCode, ErrorStatus: item.ErrorStatus, At: time.Unix(e.CreateTime, 0),
		})
	case e.Name == wxmsg.EventSubscribeChange && item.Status == "reject":
		return s.deps.Messages.Revoke(ctx, e.FromUser, item.TemplateID)
	case e.Name == wxmsg.EventSubscribePopup && item.Status == "accept":
		if _, listed := s.deps.Templates.Template(item.TemplateID); !listed {
			return nil // of a template that is not ours to send
		}
		return s.deps.Messages.Credit(ctx, e.FromUser, item.TemplateID, queue.SourcePush)
	}
	return nil
}
