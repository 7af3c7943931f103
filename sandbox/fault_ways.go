package sandbox

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

const (
	dripPause    = 50 * time.Millisecond
	hugeBytes    = 17 << 20 // above the 16 MiB promised, and twice the gateway's body limit
	faultPage    = "<!DOCTYPE html><html><head><title>系统维护</title></head><body><h1>系统维护中，请稍后再试</h1></body></html>"
	maxBodyBytes = 1 << 20
)

// faultWays maps a kind to the way it goes wrong. slow is not among them: it only
// waits, then lets the request go its way.
var faultWays map[string]func(*faultBoard, http.ResponseWriter, *http.Request, Fault, http.HandlerFunc)

func init() { // in init because the check of a Fault looks at the table too
	faultWays = map[string]func(*faultBoard, http.ResponseWriter, *http.Request, Fault, http.HandlerFunc){
		"hang":        playHang,
		"reset":       playReset,
		"lost":        playLost,
		"late":        playLate,
		"status":      playStatus,
		"html":        playHTML,
		"broken_json": playBrokenJSON,
		"wrong_shape": playWrongShape,
		"huge":        playHuge,
		"drip":        playDrip,
	}
}

// serve answers one request: as the faults in force for what say, else with handle.
func (b *faultBoard) serve(w http.ResponseWriter, r *http.Request, what string, handle http.HandlerFunc) {
	fault, slow := b.pick(what)
	if !b.wait(r.Context(), slow) {
		cut(w, false)
		return
	}
	if fault.Kind == "" {
		handle(w, r)
		return
	}
	play := faultWays[fault.Kind]
	if play == nil {
		http.Error(w, fmt.Sprintf("sandbox: unknown fault kind %q", fault.Kind), http.StatusInternalServerError)
		return
	}
	play(b, w, r, fault, handle)
}

// wait lets d pass; false when the client left or the stand-in closed first.
func (b *faultBoard) wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
	case <-b.closed:
	}
	return false
}

func playHang(b *faultBoard, w http.ResponseWriter, r *http.Request, _ Fault, _ http.HandlerFunc) {
	select {
	case <-r.Context().Done():
	case <-b.closed:
	}
	cut(w, false)
}

func playReset(_ *faultBoard, w http.ResponseWriter, _ *http.Request, _ Fault, _ http.HandlerFunc) {
	cut(w, true)
}

func playLost(_ *faultBoard, w http.ResponseWriter, r *http.Request, _ Fault, handle http.HandlerFunc) {
	handle(newCapture(), r)
	cut(w, true)
}

func playLate(b *faultBoard, w http.ResponseWriter, r *http.Request, f Fault, handle http.HandlerFunc) {
	if !b.wait(context.WithoutCancel(r.Context()), f.Delay) {
		cut(w, false)
		return
	}
	handle(w, r)
}

func playStatus(_ *faultBoard, w http.ResponseWriter, _ *http.Request, f Fault, _ http.HandlerFunc) {
	if f.Status == 0 {
		f.Status = http.StatusServiceUnavailable
	}
	if f.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(f.RetryAfter))
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(f.Status)
	// A client that left early is the fault's purpose, so write errors mean nothing here and below.
	_, _ = fmt.Fprintf(w, "<html><body><h1>%d %s</h1></body></html>", f.Status, http.StatusText(f.Status))
}

func playHTML(_ *faultBoard, w http.ResponseWriter, _ *http.Request, _ Fault, _ http.HandlerFunc) {
	writeHTML(w, faultPage)
}

func playBrokenJSON(_ *faultBoard, w http.ResponseWriter, r *http.Request, _ Fault, handle http.HandlerFunc) {
	got := newCapture()
	handle(got, r)
	got.body.Truncate(got.body.Len() / 2)
	got.replay(w)
}

func playWrongShape(_ *faultBoard, w http.ResponseWriter, r *http.Request, _ Fault, handle http.HandlerFunc) {
	got := newCapture()
	handle(got, r)
	bent := bendJSON(got.body.Bytes())
	got.body.Reset()
	got.body.Write(bent)
	got.replay(w)
}

func playHuge(b *faultBoard, w http.ResponseWriter, r *http.Request, _ Fault, _ http.HandlerFunc) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	row := []byte(`{"id":"1","remark":"` + string(bytes.Repeat([]byte("雪"), 20<<10)) + `"},`)
	_, err := io.WriteString(w, `{"success":true,"errcode":0,"data":{"_count":1,"_dataList":[`)
	for sent := 0; err == nil && sent < hugeBytes && r.Context().Err() == nil; sent += len(row) {
		select {
		case <-b.closed:
			cut(w, false)
			return
		default:
			_, err = w.Write(row)
		}
	}
	_, _ = io.WriteString(w, `{"id":"2"}]}}`)
}

func playDrip(b *faultBoard, w http.ResponseWriter, r *http.Request, f Fault, handle http.HandlerFunc) {
	got := newCapture()
	handle(got, r)
	if f.Delay == 0 {
		f.Delay = dripPause
	}
	body := got.body.Bytes()
	got.head(w)
	for i := range body {
		_, err := w.Write(body[i : i+1])
		if err != nil || http.NewResponseController(w).Flush() != nil {
			return
		}
		if !b.wait(r.Context(), f.Delay) {
			cut(w, false)
			return
		}
	}
}

// cut ends the connection without an answer: with a RST when reset is set, else as
// the kernel does on close.
func cut(w http.ResponseWriter, reset bool) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil { // answer already begun or no TCP below: net/http's own way to break off
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok && reset {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// capture keeps the real answer so that a fault can spoil it.
type capture struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func newCapture() *capture { return &capture{header: http.Header{}, status: http.StatusOK} }

func (c *capture) Header() http.Header         { return c.header }
func (c *capture) WriteHeader(status int)      { c.status = status }
func (c *capture) Write(p []byte) (int, error) { return c.body.Write(p) }

func (c *capture) head(w http.ResponseWriter) {
	for name, values := range c.header {
		w.Header()[name] = values
	}
	w.WriteHeader(c.status)
}

func (c *capture) replay(w http.ResponseWriter) {
	c.head(w)
	_, _ = w.Write(c.body.Bytes())
}

func writeHTML(w http.ResponseWriter, page string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(w, page)
}
