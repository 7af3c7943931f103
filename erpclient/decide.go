package erpclient

import (
	"context"
	"errors"
	"time"
)

const opDecide = "decide"

// lockMargin is how much longer than its work a document's lock lives: locks end by Redis' clock, work by ours.
const lockMargin = 5 * time.Second

// Decide approves or rejects a document and returns it as the ERP shows it afterwards. One that is decided so already is
// fine; one that is decided otherwise, and a button that did nothing, are a Conflict. An error of kind OutcomeUnknown
// leaves the outcome open; deciding the same again is safe.
//
// A document is decided by one at a time, on whatever replica: measured on Tryton, buttons pressed at the same time all
// take effect. Somebody who waits for that in vain gets Busy.
func (c *Client) Decide(ctx context.Context, id Identity, approvalID string, approve bool) (Approval, error) {
	d := decision{c: c, id: id, document: approvalID, approve: approve}
	q := d.press()
	if err := admit(c, &q); err != nil {
		return Approval{}, err
	}
	return carryOut(ctx, c, opDecide, d.limit(), func(ctx context.Context, s *sending) (o outcome[Approval]) {
		o.value, o.err = d.make(ctx, q, s, &o.trail)
		return o
	})
}

// decision is one document's approval, or rejection, by one identity.
type decision struct {
	c        *Client
	id       Identity
	document string
	approve  bool
}

// limit covers waiting and reading, pressing, and reading back.
func (d decision) limit() time.Duration { return 2*d.c.cfg.Timeout + d.c.cfg.WriteTimeout }

// wanted is the state in which the document is to be.
func (d decision) wanted() ApprovalState {
	if d.approve {
		return ApprovalApproved
	}
	return ApprovalRejected
}

// make decides with a lock on the document. Where the outcome is unknown the lock lives to the end of its lease: the ERP
// may be at it still.
func (d decision) make(ctx context.Context, press question[struct{}], s *sending, trail *Trail) (Approval, error) {
	unlock, err := d.lock(ctx)
	if err != nil {
		return Approval{}, err
	}
	found, err := d.settle(ctx, press, s, trail)
	if KindOf(err) != KindOutcomeUnknown {
		unlock()
	}
	return found, err
}

// settle reads, presses the button where there is something to press, and reads again.
func (d decision) settle(ctx context.Context, press question[struct{}], s *sending, trail *Trail) (Approval, error) {
	found, err := d.look(ctx)
	if err != nil || found.State != ApprovalPending {
		return d.compare(found, err)
	}
	_, err = persistWrite(ctx, d.c, press, s, trail)
	if err != nil && KindOf(err) != KindOutcomeUnknown {
		return Approval{}, err
	}
	return d.readBack(context.WithoutCancel(ctx), err)
}

// press is the button.
func (d decision) press() question[struct{}] {
	return question[struct{}]{
		op: opDecide, class: ClassWrite, needs: CapabilityApprovalDecisions, reach: reachPerson, id: d.id,
		ask: able(opDecide, func(ctx context.Context, b ApprovalDecider, a Auth) (struct{}, error) {
			return struct{}{}, b.Decide(ctx, a, d.document, d.approve)
		}),
	}
}

// look reads the document as it is now.
func (d decision) look(ctx context.Context) (Approval, error) {
	return read(ctx, d.c, approvalQuestion(d.id, d.document, true))
}

// readBack tells what the button did; pressed is the press's own error. After one whose outcome is unknown only the wanted
// state proves anything: what still waits may be decided a moment later.
func (d decision) readBack(ctx context.Context, pressed error) (Approval, error) {
	found, err := d.look(ctx)
	if err != nil || pressed != nil && found.State != d.wanted() {
		return Approval{}, outcomeUnknown(opDecide, errors.Join(pressed, err))
	}
	return d.compare(found, nil)
}

// compare is the document if it is in the wanted state.
func (d decision) compare(found Approval, err error) (Approval, error) {
	if err != nil {
		return Approval{}, err
	}
	if found.State != d.wanted() {
		return Approval{}, Errorf(opDecide, KindConflict, "it is %s, not %s", found.State, d.wanted())
	}
	return found, nil
}

// lock is held while the document is looked at and decided, on any replica.
func (d decision) lock(ctx context.Context) (unlock func(), err error) {
	ctx, cancel := d.c.deadline(ctx)
	defer cancel()
	unlock, err = d.c.cfg.Sessions.Lock(ctx, documentLock(d.c.cfg.Name, "approval", d.document), d.limit()+lockMargin)
	switch {
	case err == nil:
		return unlock, nil
	case errors.Is(ctx.Err(), context.DeadlineExceeded) && errors.Is(err, ctx.Err()):
		return nil, &Error{Op: opDecide, Kind: KindBusy, Unsent: true, RetryAfter: time.Second, Err: err}
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return nil, unsent(ctx, opDecide)
	default:
		return nil, err
	}
}

// documentLock names the lock of one document.
func documentLock(system, kind, id string) string {
	return "erp-document\x00" + systemKey(system, kind+"\x00"+id)
}
