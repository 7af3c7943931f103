package erptest

import (
	"bytes"
	"context"
	"sync"
	"time"

	"snowgate/erpclient"
)

// Answers is an erpclient.AnswerStore in memory. The zero value is ready. A script makes it fail, or hang until the
// context ends.
type Answers struct {
	mu     sync.Mutex
	kept   map[[2]string]kept
	saves  int
	before func(ctx context.Context, operation string) error
}

// Script has before run first in every operation ("Save", "Load") from now on; what it returns, unless nil, is the
// operation's failure. Nil heals the store.
func (a *Answers) Script(before func(ctx context.Context, operation string) error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.before = before
}

// Saves is how many answers were handed over, failed and replaced ones included.
func (a *Answers) Saves() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.saves
}

// Len is how many live answers are kept.
func (a *Answers) Len() (n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, k := range a.kept {
		if time.Now().Before(k.until) {
			n++
		}
	}
	return n
}

func (a *Answers) begin(ctx context.Context, operation string) error {
	a.mu.Lock()
	before := a.before
	if operation == "Save" {
		a.saves++
	}
	a.mu.Unlock()
	if before == nil {
		return ctx.Err()
	}
	return before(ctx, operation)
}

// SaveAnswers implements erpclient.AnswerStore.
func (a *Answers) SaveAnswers(ctx context.Context, answers []erpclient.KeptAnswer, ttl time.Duration) error {
	for _, answer := range answers {
		if err := a.save(ctx, answer, ttl); err != nil {
			return err
		}
	}
	return nil
}

func (a *Answers) save(ctx context.Context, answer erpclient.KeptAnswer, ttl time.Duration) error {
	if err := a.begin(ctx, "Save"); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.kept == nil {
		a.kept = map[[2]string]kept{}
	}
	a.kept[[2]string{answer.BindingID, answer.Question}] = kept{bytes.Clone(answer.Answer), time.Now().Add(ttl)}
	return nil
}

// LoadAnswer implements erpclient.AnswerStore.
func (a *Answers) LoadAnswer(ctx context.Context, bindingID, question string) ([]byte, bool, error) {
	if err := a.begin(ctx, "Load"); err != nil {
		return nil, false, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	k, ok := a.kept[[2]string{bindingID, question}]
	if !ok || !time.Now().Before(k.until) {
		return nil, false, nil
	}
	return bytes.Clone(k.blob), true, nil
}
