package erpclient

import (
	"sync"
	"sync/atomic"
	"testing"
)

func TestWhatHasLeftCannotBeGivenUpNorWhatIsGivenUpLeave(t *testing.T) {
	left := &sending{}
	for range 2 { // a repeat, where the first has not been seen
		if !left.leave() || left.giveUp() {
			t.Error("what has left goes on")
		}
	}
	givenUp := &sending{}
	if !givenUp.giveUp() || givenUp.leave() || givenUp.giveUp() {
		t.Error("what is given up stays")
	}
}

func TestAWriteAndItsCallerNeverBothDecide(t *testing.T) {
	for range 200 {
		s, both := &sending{}, sync.WaitGroup{}
		var decided atomic.Int32
		for _, decide := range []func() bool{s.leave, s.giveUp} {
			both.Go(func() {
				if decide() {
					decided.Add(1)
				}
			})
		}
		both.Wait()
		if n := decided.Load(); n != 1 {
			t.Fatalf("%d have decided, want 1", n)
		}
	}
}
