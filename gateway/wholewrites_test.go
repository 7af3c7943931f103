package gateway

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// countingListener counts what leaves its connections; a vector of buffers is one.
type countingListener struct {
	net.Listener
	writes *atomic.Int64
}

func (l countingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return countingConn{c, l.writes}, err
}

type countingConn struct {
	net.Conn
	writes *atomic.Int64
}

func (c countingConn) Write(p []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(p)
}

// answering is a server whose answers have as many bytes, in all, as the path says.
func answering(t *testing.T) (addr string, writes *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	writes = new(atomic.Int64)
	head := len("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nContent-Type: text/plain\r\nDate: Mon, 02 Jan 2006 15:04:05 GMT\r\n\r\n")
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		all, _ := strconv.Atoi(r.URL.Path[1:])
		body := strings.Repeat("x", all-head)
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Content-Length", fmt.Sprintf("%04d", len(body)))
		_, _ = io.WriteString(w, body)
	})}
	go func() { _ = server.Serve(WholeWrites(countingListener{l, writes})) }()
	t.Cleanup(func() { _ = server.Close() })
	return l.Addr().String(), writes
}

// TestAnswersOfEverySizeArriveWhole keeps: nothing of an answer stays behind, however it meets net/http's buffer, and the
// connection serves the next request.
func TestAnswersOfEverySizeArriveWhole(t *testing.T) {
	addr, _ := answering(t)
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	in := bufio.NewReader(conn)
	for _, size := range []int{1024, 4095, 4096, 4097, 5000, 8191, 8192, 8193, 4096, 4096, 9000} {
		for _, method := range []string{"GET", "POST"} {
			_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
			if _, err := fmt.Fprintf(conn, "%s /%d HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab", method, size); err != nil {
				t.Fatal(err)
			}
			if got := arrives(t, in); got != size {
				t.Fatalf("%s: %d bytes of %d", method, got, size)
			}
		}
	}
}

// arrives reads one answer and returns how many bytes it had in all.
func arrives(t *testing.T, in *bufio.Reader) (all int) {
	t.Helper()
	length := 0
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		all += len(line)
		if value, ok := strings.CutPrefix(line, "Content-Length: "); ok {
			length, _ = strconv.Atoi(strings.TrimSpace(value))
		}
		if line == "\r\n" {
			n, err := io.CopyN(io.Discard, in, int64(length))
			if err != nil {
				t.Fatal(err)
			}
			return all + int(n)
		}
	}
}

// TestAnswersArriveBeforeTheConnectionCloses keeps the same for whoever asks for one answer only.
func TestAnswersArriveBeforeTheConnectionCloses(t *testing.T) {
	addr, _ := answering(t)
	for _, size := range []int{4096, 8192, 9000} {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
		_, _ = fmt.Fprintf(conn, "GET /%d HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", size)
		all, err := io.ReadAll(conn)
		if want := size + len("Connection: close\r\n"); err != nil || len(all) != want {
			t.Errorf("%d bytes of %d: %v", len(all), want, err)
		}
		_ = conn.Close()
	}
}

// TestALargeAnswerIsOneWrite is what all of it is for. (A vector goes past the counter, to the connection below.)
func TestALargeAnswerIsOneWrite(t *testing.T) {
	c, far := net.Pipe()
	var writes atomic.Int64
	whole := &wholeConn{Conn: countingConn{c, &writes}}
	read := make(chan string, 1)
	go func() {
		all, _ := io.ReadAll(far)
		read <- string(all)
	}()
	full, rest := strings.Repeat("a", netHTTPBuffer), "b"
	if n, err := whole.Write([]byte(full)); n != len(full) || err != nil || writes.Load() != 0 {
		t.Errorf("the full buffer: %d, %v, %d writes", n, err, writes.Load())
	}
	if n, err := whole.Write([]byte(rest)); n != len(rest) || err != nil {
		t.Errorf("what follows: %d, %v", n, err)
	}
	if err := whole.Close(); err != nil {
		t.Error(err)
	}
	if got := <-read; got != full+rest {
		t.Errorf("%d bytes arrived", len(got))
	}
}
