package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"snowgate/audit"
	"snowgate/erpclient"
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

func (l lastAnswers) SaveAnswer(ctx context.Context, bindingID, question string, answer []byte, ttl time.Duration) error {
	return l.store.SaveAnswer(ctx, bindingID, question, answer, ttl)
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
			ErrorMessage: c.Error, CalledAt: c.CalledAt,
		}
	})))
}

func (s auditSink) WriteSessions(ctx context.Context, changes []audit.SessionChange) error {
	return refused(s.db.SaveSessions(ctx, convert(changes, func(c audit.SessionChange) sql.SessionRow {
		return sql.SessionRow{
			SessionID: c.SessionID, OpenID: c.OpenID, UnionID: c.UnionID,
			CreatedAt: c.CreatedAt, ExpiresAt: c.ExpiresAt, IsActive: c.Active,
		}
	})))
}

func (s auditSink) WriteBindings(ctx context.Context, changes []audit.BindingChange) error {
	return refused(s.db.SaveBindings(ctx, convert(changes, func(c audit.BindingChange) sql.BindingRow {
		return sql.BindingRow{
			BindingID: c.BindingID, SessionID: c.SessionID, ERPUsername: c.ERPUsername,
			CompanyID: c.CompanyID, CompanyName: c.CompanyName, BoundAt: c.BoundAt, IsValid: c.Valid,
		}
	})))
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
