package health

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// TestAProbeMayHaveAnIntervalOfItsOwn keeps: what must be known soon is looked at more often than the rest.
func TestAProbeMayHaveAnIntervalOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var redis, erp int
		count := func(looks *int) func(context.Context) error {
			return func(context.Context) error { *looks++; return nil }
		}
		m := NewMonitor(quiet(),
			Probe{Name: "redis", Check: count(&redis), Every: 2 * time.Second}, Probe{Name: "erp", Check: count(&erp)})
		ctx, cancel := context.WithTimeout(t.Context(), 59*time.Second)
		defer cancel()
		if err := m.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if redis != 30 || erp != 2 {
			t.Errorf("looked at redis %d and at erp %d times in 59 s, want 30 and 2", redis, erp)
		}
	})
}
