package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"snowgate/audit"
	"snowgate/erpclient"
	"snowgate/gateway"
	"snowgate/session"
	"snowgate/sql"
)

// The leaves of the house do not know each other. Where two have to meet, a few lines here do it.

// erpSessions keeps the ERP client's sessions in the session store.
type erpSessions struct{ store *session.Store }

func (e erpSessions) Load(ctx context.Context, key string) ([]byte, bool, error) {
	return found(e.store.LoadERPLogin(ctx, key))
}

func (e erpSessions) Save(ctx context.Context, key string, blob []byte, ttl time.Duration) error {
	return e.store.SaveERPLogin(ctx, key, blob, ttl)
}

func (e erpSessions) Drop(ctx context.Context, key string, blob []byte) error {
	return e.store.DropERPLogin(ctx, key, blob)
}

func (e erpSessions) Lock(ctx context.Context, name string, lease time.Duration) (func(), error) {
	return e.store.Lock(ctx, name, lease)
}

// lastAnswers keeps the ERP client's last good answers in the session store.
type lastAnswers struct{ store *session.Store }

func (l lastAnswers) SaveAnswers(ctx context.Context, answers []erpclient.KeptAnswer, ttl time.Duration) error {
	return l.store.SaveAnswers(ctx, convert(answers, func(a erpclient.KeptAnswer) session.Answer { return session.Answer(a) }), ttl)
}

func (l lastAnswers) LoadAnswer(ctx context.Context, bindingID, question string) ([]byte, bool, error) {
	return found(l.store.LoadAnswer(ctx, bindingID, question))
}

// found turns an absence into ok == false. A value sealed under a key that was dropped is as good as absent.
func found(blob []byte, err error) ([]byte, bool, error) {
	if errors.Is(err, session.ErrNotFound) || errors.Is(err, session.ErrUnreadable) {
		return nil, false, nil
	}
	return blob, err == nil, err
}

// keyring opens a binding's secret when the ERP has to be logged in to again.
type keyring struct {
	store *session.Store
	log   *slog.Logger
	told  func(audit.BindingChange)
}

func (k keyring) Credentials(ctx context.Context, id erpclient.Identity) (erpclient.Credentials, error) {
	secret, err := k.store.Secret(ctx, id.Owner, id.BindingID)
	if errors.Is(err, session.ErrUnreadable) { // its sealing key was dropped: bind again
		err = session.ErrNotBound
	}
	return erpclient.Credentials{Account: id.Account, Secret: secret}, err
}

// Reject ends a binding whose password the ERP no longer takes: the user has to bind again.
func (k keyring) Reject(ctx context.Context, id erpclient.Identity) {
	current, err := k.store.Binding(ctx, id.Owner)
	if err != nil || current.ID != id.BindingID {
		return // unbound or bound anew meanwhile
	}
	old, err := k.store.Unbind(ctx, id.Owner)
	if err != nil {
		k.log.Warn("rejected binding not removed", "binding_id", id.BindingID, "error", err)
		return
	}
	k.told(audit.BindingChange{
		BindingID: old.ID, ERPUsername: old.ERPUsername, CompanyID: old.CompanyID, CompanyName: old.CompanyName,
		BoundAt: old.BoundAt, Valid: false,
	})
}

// auditSink writes what the audit log hands over into the tables.
type auditSink struct{ db *sql.DB }

func (s auditSink) WriteCalls(ctx context.Context, calls []audit.Call) error {
	return refused(s.db.InsertCalls(ctx, convert(calls, func(c audit.Call) sql.CallRow {
		return sql.CallRow{
			LogID: c.LogID, SessionID: c.SessionID, APIEndpoint: c.Endpoint, RequestMethod: c.Method, RequestParams: c.Params,
			ResponseStatus: c.Status, ResponseData: c.Response, ResponseTimeMS: c.Duration.Milliseconds(),
			ErrorMessage: c.Error, CalledAt: c.CalledAt, RequestID: c.RequestID, Replica: c.Replica, OpenID: c.OpenID,
			Source: c.Source, Attempts: c.Attempts, ERPTimeMS: c.ERPTime.Milliseconds(),
			ChainID: c.Link.ChainID, ChainSeq: c.Link.Seq, ChainPrev: c.Link.Prev, ChainHash: c.Link.Hash,
		}
	})))
}

func (s auditSink) WriteSessions(ctx context.Context, changes []audit.SessionChange) error {
	return refused(s.db.SaveSessions(ctx, convert(changes, func(c audit.SessionChange) sql.SessionRow {
		return sql.SessionRow{
			SessionID: c.SessionID, OpenID: c.OpenID, UnionID: c.UnionID,
			CreatedAt: c.CreatedAt, ExpiresAt: c.ExpiresAt, IsActive: c.Active, UpdatedAt: c.ChangedAt,
		}
	})))
}

func (s auditSink) WriteBindings(ctx context.Context, changes []audit.BindingChange) error {
	return refused(s.db.SaveBindings(ctx, convert(changes, func(c audit.BindingChange) sql.BindingRow {
		return sql.BindingRow{
			BindingID: c.BindingID, SessionID: c.SessionID, ERPUsername: c.ERPUsername,
			CompanyID: c.CompanyID, CompanyName: c.CompanyName, BoundAt: c.BoundAt, IsValid: c.Valid, UpdatedAt: c.ChangedAt,
		}
	})))
}

func (s auditSink) WriteMessages(ctx context.Context, changes []audit.MessageChange) error {
	return refused(s.db.SaveMessages(ctx, convert(changes, func(c audit.MessageChange) sql.MessageRow {
		return sql.MessageRow{
			MsgID: c.MsgID, SessionID: c.SessionID, OpenID: c.OpenID, Sender: c.Sender, TemplateID: c.TemplateID,
			MsgContent: c.Content, MsgStatus: c.Status, Attempts: c.Attempts, ErrCode: c.ErrCode, WXMsgID: c.WXMsgID,
			Reason: c.Reason, ErrorDetail: c.Error, RequestID: c.RequestID,
			AcceptedAt: c.AcceptedAt, SentAt: c.SentAt, UpdatedAt: c.ChangedAt,
		}
	})))
}

func (s auditSink) SaveWrites(ctx context.Context, changes []audit.WriteChange) error {
	return refused(s.db.SaveWrites(ctx, convert(changes, func(c audit.WriteChange) sql.WriteRow {
		return sql.WriteRow{
			KeyHash: c.KeyHash, OpenID: c.OpenID, SessionID: c.SessionID, Op: c.Op, Reference: c.Reference, Operator: c.Operator,
			ERPUsername: c.ERPUsername, Params: c.Params, State: c.State, ERPRecordID: c.ERPRecordID, ErrorMessage: c.Error,
			RequestID: c.RequestID, IntendedAt: c.IntendedAt, UpdatedAt: c.ChangedAt,
		}
	})))
}

func (s auditSink) Forget(ctx context.Context, persons []audit.Forgotten) error {
	for _, p := range persons {
		if _, err := s.db.ForgetUser(ctx, p.OpenID); err != nil {
			return err
		}
	}
	return nil
}

// callOf is a row as the audit trail knows it, for verifying its chain.
func callOf(r sql.CallRow) audit.Call {
	return audit.Call{
		LogID: r.LogID, SessionID: r.SessionID, OpenID: r.OpenID, Endpoint: r.APIEndpoint, Method: r.RequestMethod,
		Params: r.RequestParams, Status: r.ResponseStatus, Response: r.ResponseData,
		Duration: time.Duration(r.ResponseTimeMS) * time.Millisecond, Error: r.ErrorMessage, CalledAt: r.CalledAt,
		RequestID: r.RequestID, Replica: r.Replica, Source: r.Source, Attempts: r.Attempts,
		ERPTime: time.Duration(r.ERPTimeMS) * time.Millisecond,
		Link:    audit.Link{ChainID: r.ChainID, Seq: r.ChainSeq, Prev: r.ChainPrev, Hash: r.ChainHash},
	}
}

// archive answers the gateway's questions about the log.
type archive struct{ db *sql.DB }

func (a archive) FindCalls(ctx context.Context, q gateway.CallQuery) ([]gateway.LoggedCall, bool, error) {
	filter := sql.CallFilter{
		From: q.From, To: q.To, Route: q.Route, OpenID: q.User, RequestID: q.RequestID, Page: q.Page, PageSize: q.PageSize,
	}
	if q.Status != 0 {
		filter.Status = &q.Status
	}
	rows, more, err := a.db.FindCalls(ctx, filter)
	return convert(rows, loggedCall), more, err
}

func loggedCall(r sql.CallRow) gateway.LoggedCall {
	return gateway.LoggedCall{
		LogID: r.LogID, CalledAt: r.CalledAt, SessionID: r.SessionID, User: r.OpenID, Route: r.APIEndpoint,
		Method: r.RequestMethod, Params: r.RequestParams, Status: r.ResponseStatus, Response: r.ResponseData,
		TookMS: r.ResponseTimeMS, Error: r.ErrorMessage, RequestID: r.RequestID, Replica: r.Replica, Source: r.Source,
		Attempts: r.Attempts, ERPMS: r.ERPTimeMS,
	}
}

func (a archive) FindMessages(ctx context.Context, q gateway.MessageQuery) ([]gateway.LoggedMessage, bool, error) {
	filter := sql.MessageFilter{
		From: q.From, To: q.To, OpenID: q.User, TemplateID: q.TemplateID, MsgID: q.MsgID, Page: q.Page, PageSize: q.PageSize,
	}
	if q.State != "" {
		filter.States = []string{q.State}
	}
	rows, more, err := a.db.FindMessages(ctx, filter)
	return convert(rows, loggedMessage), more, err
}

func loggedMessage(r sql.MessageRow) gateway.LoggedMessage {
	return gateway.LoggedMessage{
		MsgID: r.MsgID, User: r.OpenID, Sender: r.Sender, TemplateID: r.TemplateID, Status: r.MsgStatus, Attempts: r.Attempts,
		Reason: r.Reason, ErrCode: r.ErrCode, WXMsgID: r.WXMsgID, AcceptedAt: timeOrNull(r.AcceptedAt), UpdatedAt: timeOrNull(r.UpdatedAt),
	}
}

func timeOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func (a archive) ExportUser(ctx context.Context, pseudonym string, sessionIDs []string) (gateway.UserRows, error) {
	rows, err := a.db.ExportUser(ctx, pseudonym, sessionIDs)
	return gateway.UserRows{
		Sessions: convert(rows.Sessions, func(r sql.SessionRow) gateway.UserSession {
			return gateway.UserSession{
				SessionID: r.SessionID, OpenID: r.OpenID, UnionID: r.UnionID,
				CreatedAt: r.CreatedAt, ExpiresAt: r.ExpiresAt, Active: r.IsActive,
			}
		}),
		Bindings: convert(rows.Bindings, func(r sql.BindingRow) gateway.UserBinding {
			return gateway.UserBinding{
				BindingID: r.BindingID, SessionID: r.SessionID, ERPUsername: r.ERPUsername,
				CompanyID: r.CompanyID, CompanyName: r.CompanyName, BoundAt: r.BoundAt, Valid: r.IsValid,
			}
		}),
		Calls: convert(rows.Calls, loggedCall),
		Messages: convert(rows.Messages, func(r sql.MessageRow) gateway.UserMessage {
			return gateway.UserMessage{
				MsgID: r.MsgID, SessionID: r.SessionID, TemplateID: r.TemplateID, Content: r.MsgContent,
				Status: r.MsgStatus, SentAt: r.SentAt, Error: cmp.Or(r.ErrorDetail, r.Reason),
			}
		}),
		Writes: convert(rows.Writes, func(r sql.WriteRow) gateway.UserWrite {
			return gateway.UserWrite{
				Op: r.Op, Params: r.Params, State: r.State, ERPRecordID: r.ERPRecordID, ERPUsername: r.ERPUsername,
				Error: r.ErrorMessage, RequestID: r.RequestID, IntendedAt: r.IntendedAt,
			}
		}),
	}, err
}

func convert[A, B any](list []A, f func(A) B) []B {
	out := make([]B, len(list))
	for i, a := range list {
		out[i] = f(a)
	}
	return out
}

// refused tells the audit log which failures a repetition cannot mend.
func refused(err error) error {
	if errors.Is(err, sql.ErrRefused) {
		return fmt.Errorf("%w: %w", audit.ErrRefused, err)
	}
	return err
}
