package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"snowgate/bench/host"
)

// requester writes the n-th request of a load into buf.
type requester func(buf []byte, n int) []byte

// get is a GET with a token, as the mini-program sends it.
func get(buf []byte, path, token string) []byte {
	buf = append(append(buf, "GET "...), path...)
	buf = append(buf, " HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer "...)
	return append(append(buf, token...), "\r\nAccept: application/json\r\n\r\n"...)
}

// sample is what a load saw. Times are those of every single request, so that quantiles are exact.
type sample struct {
	took   []time.Duration
	failed int
	ran    time.Duration
}

func (s *sample) quantile(q float64) time.Duration {
	if len(s.took) == 0 {
		return 0
	}
	return s.took[int(q*float64(len(s.took)-1))]
}

func (s *sample) perSecond() float64 { return float64(len(s.took)) / s.ran.Seconds() }

// client is one connection that asks and reads whole answers. It knows as much HTTP as that needs: a full client of
// Go's would use more of the machine than what is measured.
type client struct {
	conn net.Conn
	in   *bufio.Reader
	buf  []byte
}

const answerWithin = 10 * time.Second

func dial(addr string) (*client, error) {
	conn, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		return nil, err
	}
	return &client{conn: conn, in: bufio.NewReaderSize(conn, 16<<10)}, nil
}

func (c *client) close() {
	if c != nil {
		_ = c.conn.Close()
	}
}

// ask sends the request and reads the answer to its end.
func (c *client) ask(request []byte) (status int, err error) {
	if err := c.conn.SetDeadline(time.Now().Add(answerWithin)); err != nil {
		return 0, err
	}
	if _, err := c.conn.Write(request); err != nil {
		return 0, err
	}
	status, length, err := c.head()
	if err != nil {
		return 0, err
	}
	if length >= 0 {
		_, err = c.in.Discard(length)
		return status, err
	}
	return status, c.chunks()
}

// head reads status line and headers; length is -1 for an answer in chunks.
func (c *client) head() (status, length int, err error) {
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return 0, 0, err
	}
	if len(line) < 12 {
		return 0, 0, errors.New("no status line")
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, 0, err
	}
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return 0, 0, err
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		switch {
		case !ok:
			return status, length, nil
		case bytes.EqualFold(name, []byte("Content-Length")):
			length, err = strconv.Atoi(string(bytes.TrimSpace(value)))
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			length = -1
		}
		if err != nil {
			return 0, 0, err
		}
	}
}

func (c *client) chunks() error {
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		size, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 16, 32)
		if err != nil {
			return err
		}
		if _, err := c.in.Discard(int(size) + 2); err != nil || size == 0 {
			return err
		}
	}
}

// closed is a load of so many clients that ask one after the other, without a pause.
func closed(addr string, clients int, during time.Duration, request requester) (*sample, error) {
	all := make([]*client, clients)
	defer func() {
		for _, c := range all {
			c.close()
		}
	}()
	for i := range all {
		var err error
		if all[i], err = dial(addr); err != nil {
			return nil, err
		}
	}
	var n atomic.Int64
	start := time.Now()
	until := start.Add(during)
	return gather(clients, start, func(i int, s *sample) {
		for time.Now().Before(until) {
			s.record(all[i], request, int(n.Add(1)), time.Now())
		}
	}), nil
}

// record asks once. Time counts from when the request was due.
func (s *sample) record(c *client, request requester, n int, due time.Time) {
	c.buf = request(c.buf[:0], n)
	status, err := c.ask(c.buf)
	s.took = append(s.took, time.Since(due))
	if err != nil || status != 200 {
		s.failed++
	}
}

// gather runs the clients and puts together what they saw.
func gather(clients int, start time.Time, run func(i int, s *sample)) *sample {
	samples := make([]sample, clients)
	var all sync.WaitGroup
	for i := range samples {
		samples[i].took = make([]time.Duration, 0, 1<<14)
		all.Go(func() { run(i, &samples[i]) })
	}
	all.Wait()
	sum := &sample{ran: time.Since(start)}
	for _, s := range samples {
		sum.took, sum.failed = append(sum.took, s.took...), sum.failed+s.failed
	}
	slices.Sort(sum.took)
	return sum
}

// open is a load of requests at random moments, rate a second on average, over enough connections that none waits for
// another. Times count from the moment at which a request was due.
func open(addr string, rate float64, during time.Duration, request requester) (*sample, error) {
	const connections = 16
	due := make(chan time.Time, connections)
	clients := make([]*client, connections)
	defer func() {
		for _, c := range clients {
			c.close()
		}
	}()
	for i := range clients {
		var err error
		if clients[i], err = dial(addr); err != nil {
			return nil, err
		}
	}
	go arrivals(due, rate, during)
	var n atomic.Int64
	return gather(connections, time.Now(), func(i int, s *sample) {
		for at := range due {
			s.record(clients[i], request, int(n.Add(1)), at)
		}
	}), nil
}

func arrivals(due chan<- time.Time, rate float64, during time.Duration) {
	defer close(due)
	at := time.Now()
	for until := at.Add(during); ; {
		at = at.Add(time.Duration(rand.ExpFloat64() * float64(time.Second) / rate)) //nolint:gosec // arrivals, no secret
		if at.After(until) {
			return
		}
		host.Wait(context.Background(), time.Until(at))
		due <- time.Now() // a late timer is the load's fault, not the program's
	}
}

// once asks a single question and returns the body, for checks.
func once(addr string, request []byte) (status int, body []byte, err error) {
	c, err := dial(addr)
	if err != nil {
		return 0, nil, err
	}
	defer c.close()
	request = bytes.Replace(request, []byte("HTTP/1.1\r\n"), []byte("HTTP/1.1\r\nConnection: close\r\n"), 1)
	if _, err := c.conn.Write(request); err != nil {
		return 0, nil, err
	}
	raw, err := io.ReadAll(io.LimitReader(c.in, 1<<20))
	if err != nil || len(raw) < 12 {
		return 0, nil, errors.Join(err, fmt.Errorf("%d bytes of an answer", len(raw)))
	}
	status, err = strconv.Atoi(string(raw[9:12]))
	_, body, _ = bytes.Cut(raw, []byte("\r\n\r\n"))
	return status, body, err
}
