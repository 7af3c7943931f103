package erpclient

import (
	"reflect"
	"testing"
	"time"
)

func TestATraceIsAsFreshAsItsWorstPart(t *testing.T) {
	early, late := time.Unix(100, 0), time.Unix(200, 0)
	tests := []struct {
		name   string
		trails []Trail
		want   Trail
	}{
		{"nothing asked", nil, Trail{Source: SourceLive}},
		{"all live", []Trail{{Source: SourceLive}, {Source: SourceLive}}, Trail{Source: SourceLive}},
		{"one from the standby", []Trail{{Source: SourceStandby}, {Source: SourceLive}}, Trail{Source: SourceStandby}},
		{"one stale", []Trail{{Source: SourceStale, AsOf: late}, {Source: SourceStandby}}, Trail{Source: SourceStale, AsOf: late}},
		{"the oldest of two", []Trail{{Source: SourceStale, AsOf: late}, {Source: SourceStale, AsOf: early}}, Trail{Source: SourceStale, AsOf: early}},
		{"the oldest of two, in the other order", []Trail{{Source: SourceStale, AsOf: early}, {Source: SourceStale, AsOf: late}}, Trail{Source: SourceStale, AsOf: early}},
		{"one shared", []Trail{{Source: SourceLive, Coalesced: true}, {Source: SourceLive}}, Trail{Source: SourceLive, Coalesced: true}},
		{"all attempts", []Trail{{Source: SourceLive, Attempts: []Attempt{{Op: "a"}}}, {Source: SourceLive, Attempts: []Attempt{{Op: "b"}}}},
			Trail{Source: SourceLive, Attempts: []Attempt{{Op: "a"}, {Op: "b"}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, trace := WithTrace(t.Context())
			for _, trail := range tt.trails {
				trace.Add(trail)
			}
			if got := trace.Trail(); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
	traceFrom(t.Context()).Add(Trail{Source: SourceStale}) // nobody listens: nothing happens
}
