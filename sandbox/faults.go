package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// ErrFault is wrapped by every complaint about a fault that cannot be put in force.
var ErrFault = errors.New("sandbox: bad fault")

// Fault says what is wrong with a stand-in. Kinds:
//
//	slow         the real answer after Delay; combines with any other kind
//	hang         no answer until the client leaves or the stand-in closes
//	reset        the connection ends with a TCP RST; the request is not carried out
//	lost         the request IS carried out, then the connection ends with a RST
//	late         the request is carried out and answered after Delay, also when the client
//	             has left by then (a slow request is given up with its client)
//	status       HTTP status Status (503 when 0), Retry-After when RetryAfter > 0
//	html         200 with a text/html page
//	broken_json  the real answer, cut in the middle, in a well-formed HTTP answer
//	wrong_shape  the real answer with lists, amounts and ids of another JSON type
//	huge         200 and more than 16 MiB of valid JSON
//	drip         the real answer one byte at a time, Delay (50 ms when 0) between bytes
//
// An unknown Kind answers 500 and names itself, so that a typing error in a test is seen.
type Fault struct {
	Kind  string
	Match string // substring of "METHOD path op formId"; "" = everything but the control API
	// Delay is the wait of slow, late and drip; in JSON a string such as "300ms".
	Delay      time.Duration
	Status     int
	RetryAfter int     // seconds, with kind status
	Times      int     // how many requests it applies to; 0 = until cleared
	Share      float64 // 0..1 of the matching requests; 0 = all of them
}

// faultJSON is the control API's form of a Fault.
type faultJSON struct {
	Kind       string  `json:"kind"`
	Match      string  `json:"match"`
	Delay      string  `json:"delay,omitempty"`
	Status     int     `json:"status,omitempty"`
	RetryAfter int     `json:"retryAfter,omitempty"`
	Times      int     `json:"times,omitempty"`
	Share      float64 `json:"share,omitempty"`
}

// MarshalJSON writes the fault as the control API takes it.
func (f Fault) MarshalJSON() ([]byte, error) {
	out := faultJSON{f.Kind, f.Match, "", f.Status, f.RetryAfter, f.Times, f.Share}
	if f.Delay > 0 {
		out.Delay = f.Delay.String()
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads a fault as the control API takes it. Errors wrap [ErrFault].
func (f *Fault) UnmarshalJSON(data []byte) error {
	var in faultJSON
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields() // a misspelt "times" would otherwise break everything for good
	if err := dec.Decode(&in); err != nil {
		return fmt.Errorf("%w: %w", ErrFault, err)
	}
	*f = Fault{in.Kind, in.Match, 0, in.Status, in.RetryAfter, in.Times, in.Share}
	if in.Delay == "" {
		return nil
	}
	delay, err := time.ParseDuration(in.Delay)
	if err != nil {
		return fmt.Errorf("%w: delay: %w", ErrFault, err)
	}
	f.Delay = delay
	return nil
}

func (f Fault) check() error {
	switch {
	case f.Kind != "slow" && faultWays[f.Kind] == nil:
		return fmt.Errorf("%w: unknown kind %q", ErrFault, f.Kind)
	case f.Share < 0 || f.Share > 1:
		return fmt.Errorf("%w: share must lie in 0..1", ErrFault)
	case f.Delay < 0 || f.Times < 0 || f.RetryAfter < 0:
		return fmt.Errorf("%w: delay, times and retryAfter must not be negative", ErrFault)
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf("%w: status must lie in 200..599", ErrFault)
	}
	return nil
}

// faultBoard holds the faults in force for one stand-in, and the channel that
// ends held requests. Safe for concurrent use.
type faultBoard struct {
	mu     sync.Mutex
	faults []Fault
	draws  uint64

	closeOnce sync.Once
	closed    chan struct{}
}

func newFaultBoard() *faultBoard { return &faultBoard{closed: make(chan struct{})} }

// SetFaults replaces the faults in force. Of several that match a request all
// slow ones add up, and the first of another kind decides.
func (b *faultBoard) SetFaults(faults ...Fault) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults = append([]Fault(nil), faults...)
}

// AddFaults puts more faults in force, behind those that are.
func (b *faultBoard) AddFaults(faults ...Fault) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults = append(b.faults, faults...)
}

// ClearFaults makes all well again. Requests already held stay held.
func (b *faultBoard) ClearFaults() { b.SetFaults() }

// Faults returns the faults in force; Times is what is left of each.
func (b *faultBoard) Faults() []Fault {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]Fault{}, b.faults...)
}

// Close ends every request that a fault holds; faults of later requests do not
// wait any more. It does not stop a server. Calling it again does nothing.
func (b *faultBoard) Close() error {
	b.closeOnce.Do(func() { close(b.closed) })
	return nil
}

// pick takes the faults that apply to the request described by what.
func (b *faultBoard) pick(what string) (main Fault, slow time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	kept := make([]Fault, 0, len(b.faults))
	for _, f := range b.faults {
		applies := (f.Kind == "slow" || main.Kind == "") && strings.Contains(what, f.Match) && b.draw(f.Share)
		if !applies {
			kept = append(kept, f)
			continue
		}
		if f.Kind == "slow" {
			slow += f.Delay
		} else {
			main = f
		}
		if f.Times != 1 {
			f.Times = max(f.Times-1, 0)
			kept = append(kept, f)
		}
	}
	b.faults = kept
	return main, slow
}

// draw decides whether a fault with this share hits. The draws are scattered but
// the same in every run (splitmix64 over a counter), so a failing test fails again.
func (b *faultBoard) draw(share float64) bool {
	if share == 0 || share == 1 {
		return true
	}
	b.draws++
	z := b.draws * 0x9e3779b97f4a7c15
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb
	return float64((z^(z>>31))>>11)/(1<<53) < share
}
