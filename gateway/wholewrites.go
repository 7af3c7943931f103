package gateway

import (
	"net"
	"sync"
)

// netHTTPBuffer is how much of an answer net/http gathers before it writes. A write of exactly so much is a full buffer,
// behind which more comes at once.
const netHTTPBuffer = 4 << 10

// WholeWrites has connections that send an answer larger than net/http's buffer in one piece instead of two. That saves
// the system call, and the caller's being woken for half an answer: 9 µs of CPU for a page of orders (docs/performance.md).
// It is for plain HTTP/1: TLS writes records, and has its own way with them.
func WholeWrites(l net.Listener) net.Listener { return wholeWrites{l} }

type wholeWrites struct{ net.Listener }

// Accept returns the next connection.
func (l wholeWrites) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &wholeConn{Conn: c}, nil
}

// wholeConn keeps a full buffer back until what follows it is there. An answer may end with its buffer: then net/http reads
// the next request, or closes, and the buffer leaves before.
type wholeConn struct {
	net.Conn
	mu   sync.Mutex
	held *[netHTTPBuffer]byte // nil: nothing is kept back
	// both are held and what follows it. The array and the slice, which net uses up, belong to the connection so that
	// no write makes an object.
	both   [2][]byte
	pieces net.Buffers
}

var heldBuffers = sync.Pool{New: func() any { return new([netHTTPBuffer]byte) }}

// Write sends p with what was kept back, or keeps p back.
func (c *wholeConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held == nil && len(p) == netHTTPBuffer {
		c.held, _ = heldBuffers.Get().(*[netHTTPBuffer]byte)
		return copy(c.held[:], p), nil
	}
	return c.send(p)
}

// send writes what was kept back and p behind it, and tells how much of p has left.
func (c *wholeConn) send(p []byte) (int, error) {
	if c.held == nil {
		return c.Conn.Write(p)
	}
	c.both = [2][]byte{c.held[:], p}
	c.pieces = c.both[:]
	n, err := c.pieces.WriteTo(c.Conn)
	heldBuffers.Put(c.held)
	c.held, c.both = nil, [2][]byte{}
	return max(0, int(n)-netHTTPBuffer), err
}

// flush sends what was kept back.
func (c *wholeConn) flush() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held == nil {
		return nil
	}
	_, err := c.send(nil)
	return err
}

// Read reads once the answer before has left.
func (c *wholeConn) Read(p []byte) (int, error) {
	if err := c.flush(); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

// Close closes once the answer has left.
func (c *wholeConn) Close() error {
	_ = c.flush() // whoever would want to know is gone
	return c.Conn.Close()
}

// CloseWrite tells the other side that nothing more comes; net/http does it after an answer to a request it has not read whole.
func (c *wholeConn) CloseWrite() error {
	_ = c.flush()
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
