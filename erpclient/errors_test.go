package erpclient_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"snowgate/erpclient"
)

func retryAfter(err error) time.Duration {
	var e *erpclient.Error
	if !errors.As(err, &e) {
		return 0
	}
	return e.RetryAfter
}

func TestKindOfFindsTheFirstErrorInTheChain(t *testing.T) {
	inner := erpclient.Errorf("login", erpclient.KindBadCredentials, "no")
	tests := []struct {
		name string
		err  error
		want erpclient.Kind
	}{
		{"nil", nil, ""},
		{"a stranger", errors.New("x"), ""},
		{"bare", inner, erpclient.KindBadCredentials},
		{"wrapped", fmt.Errorf("bind: %w", inner), erpclient.KindBadCredentials},
		{"the outer one wins", &erpclient.Error{Op: "o", Kind: erpclient.KindUnavailable, Err: inner}, erpclient.KindUnavailable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := erpclient.KindOf(tt.err); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestOnlyFourKindsCountAgainstTheERP(t *testing.T) {
	unhealthy := map[erpclient.Kind]bool{
		erpclient.KindBusy: true, erpclient.KindUnavailable: true, erpclient.KindTimeout: true, erpclient.KindBadAnswer: true,
		erpclient.KindBadCredentials: false, erpclient.KindTooManyAttempts: false, erpclient.KindSessionExpired: false,
		erpclient.KindForbidden: false, erpclient.KindNotFound: false, erpclient.KindInvalid: false, erpclient.KindConflict: false,
		erpclient.KindOutcomeUnknown: false, erpclient.KindNotSupported: false, "": false, "new": false,
	}
	for kind, want := range unhealthy {
		if got := kind.Unhealthy(); got != want {
			t.Errorf("%q: got %v, want %v", kind, got, want)
		}
	}
}

func TestAnErrorNamesOperationKindAndCause(t *testing.T) {
	err := erpclient.Errorf("order", erpclient.KindTimeout, "waited: %w", context.DeadlineExceeded)
	if got, want := err.Error(), "erp order: timeout: waited: context deadline exceeded"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Error("the cause is not in the chain")
	}
	if got, want := (&erpclient.Error{Op: "order", Kind: erpclient.KindBusy}).Error(), "erp order: busy"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
