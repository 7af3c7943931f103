package health

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/url"
	"reflect"
	"sync"
	"testing"
	"testing/synctest"
)

// told is one call of a listener.
type told struct {
	name     string
	from, to State
	err      error
}

func TestListenersHearChangesOnlyAndTheWholeError(t *testing.T) {
	p := &patient{}
	m := NewMonitor(quiet(), Probe{Name: "erp", Check: p.check})
	var heard []told
	m.OnChange(func(string, State, State, error) { panic("a bad listener") })
	m.OnChange(func(name string, from, to State, err error) { heard = append(heard, told{name, from, to, err}) })
	for _, err := range []error{nil, nil, errSick, errSick, nil, nil} {
		p.become(err)
		look(t, m, "erp")
	}
	want := []told{{"erp", Unknown, Up, nil}, {"erp", Up, Down, errSick}, {"erp", Down, Up, nil}}
	if !reflect.DeepEqual(heard, want) {
		t.Errorf("heard %v, want %v", heard, want)
	}
}

func TestAListenerMayUseTheMonitor(t *testing.T) {
	p := &patient{err: errSick}
	m := NewMonitor(quiet(), Probe{Name: "erp", Check: p.check})
	var heard []State
	m.OnChange(func(name string, _, to State, _ error) {
		heard = append(heard, to)
		m.Snapshot()
		m.History(name)
		m.OnChange(func(string, State, State, error) {})
		if to == Down {
			p.become(nil)
			if _, err := m.Look(context.Background(), name); err != nil {
				t.Errorf("Look in a listener: %v", err)
			}
		}
	})
	look(t, m, "erp")
	if want := []State{Down, Up}; !reflect.DeepEqual(heard, want) {
		t.Errorf("heard %v, want %v", heard, want)
	}
}

func TestChangesAreHeardInOrderThoughAListenerIsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &patient{err: errSick}
		m := NewMonitor(quiet(), Probe{Name: "erp", Check: p.check})
		var heard []State
		proceed := make(chan struct{})
		m.OnChange(func(_ string, _, to State, _ error) {
			<-proceed
			heard = append(heard, to)
		})
		var first sync.WaitGroup
		first.Go(func() { look(t, m, "erp") })
		synctest.Wait()
		p.become(nil)
		look(t, m, "erp") // does not wait for the listener, nor overtake it
		p.become(errSick)
		look(t, m, "erp")
		close(proceed)
		first.Wait()
		if want := []State{Down, Up, Down}; !reflect.DeepEqual(heard, want) {
			t.Errorf("heard %v, want %v", heard, want)
		}
	})
}

func TestAChangeIsLoggedOnceAndASteadyStateNotAtAll(t *testing.T) {
	var log bytes.Buffer
	cfg := quiet()
	cfg.Logger = slog.New(slog.NewJSONHandler(&log, nil))
	p := &patient{}
	m := NewMonitor(cfg, Probe{Name: "wechat", Check: p.check})
	leaky := &url.Error{Op: "Get", URL: "https://api.weixin.qq.com/cgi-bin/token?secret=S3CRET", Err: errors.New("refused")}
	for _, err := range []error{nil, nil, leaky, leaky, nil} {
		p.become(err)
		look(t, m, "wechat")
	}
	var got []map[string]string
	for line := range bytes.Lines(log.Bytes()) {
		var fields map[string]string
		if err := json.Unmarshal(line, &fields); err != nil {
			t.Fatal(err)
		}
		delete(fields, "time")
		delete(fields, "msg")
		got = append(got, fields)
	}
	want := []map[string]string{
		{"level": "INFO", "probe": "wechat", "from": "unknown", "to": "up"},
		{"level": "WARN", "probe": "wechat", "from": "up", "to": "down", "kind": "error", "error": `Get "https://api.weixin.qq.com": refused`},
		{"level": "INFO", "probe": "wechat", "from": "down", "to": "up"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("logged %v, want %v", got, want)
	}
}
