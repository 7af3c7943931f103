package session

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// A world is a Redis with a clock to wind. The contract suite runs in each.
type world struct {
	rdb     redis.UniversalClient
	prefix  string
	forward func(t *testing.T, d time.Duration)
}

func (w *world) store(t *testing.T, cfg Config, keys ...string) *Store {
	t.Helper()
	if len(keys) == 0 {
		keys = []string{testKey("k1", 1)}
	}
	cfg.Prefix = w.prefix
	if cfg.Timeout == 0 {
		cfg.Timeout = 5 * time.Second // a busy machine is no outage
	}
	return NewStore(w.rdb, testSealer(t, keys...), cfg)
}

func openMiniredis(t *testing.T) *world {
	t.Helper()
	m := miniredis.RunT(t)
	rdb := client(t, "redis://"+m.Addr())
	now := time.Now()
	m.SetTime(now)
	return &world{rdb: rdb, prefix: "test:", forward: func(_ *testing.T, d time.Duration) {
		now = now.Add(d)
		m.SetTime(now)
		m.FastForward(d)
	}}
}

// openRedis uses a real server that others may use too: an own prefix, cleaned up afterwards.
func openRedis(t *testing.T) *world {
	t.Helper()
	w := &world{rdb: client(t, os.Getenv("SNOWGATE_TEST_REDIS")), prefix: "test:" + newOwner() + ":"}
	w.forward = w.age
	t.Cleanup(func() {
		for _, key := range w.keys(t) {
			w.rdb.Del(context.Background(), key)
		}
	})
	return w
}

// client dials as the product does, with more patience: under -race on a busy machine 150 ms is not an outage.
func client(t *testing.T, url string) redis.UniversalClient {
	t.Helper()
	opts, err := parseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	opts.DialTimeout, opts.ReadTimeout, opts.WriteTimeout, opts.PoolTimeout = 5*time.Second, 5*time.Second, 5*time.Second, 5*time.Second
	opts.PoolSize = 20
	rdb := redis.NewUniversalClient(opts)
	rdb.AddHook(oneSlot{t})
	t.Cleanup(func() { _ = rdb.Close() })
	return rdb
}

// age makes everything a real server keeps d older, as if that time had passed.
func (w *world) age(t *testing.T, d time.Duration) {
	t.Helper()
	ctx := context.Background()
	for _, key := range w.keys(t) {
		if left := w.rdb.PTTL(ctx, key).Val(); left > d {
			w.rdb.PExpire(ctx, key, left-d)
		} else if left > 0 {
			w.rdb.Del(ctx, key)
			continue
		}
		switch w.rdb.Type(ctx, key).Val() {
		case "string":
			if strings.Contains(key, "{limit}:") {
				w.rdb.DecrBy(ctx, key, d.Microseconds())
			}
		case "hash":
			if strings.Contains(key, "customer:") {
				w.ageIndex(key, d)
				continue
			}
			for _, field := range []string{"c", "u"} {
				if w.rdb.HExists(ctx, key, field).Val() {
					w.rdb.HIncrBy(ctx, key, field, -d.Milliseconds())
				}
			}
		case "zset":
			for _, member := range w.rdb.ZRange(ctx, key, 0, -1).Val() {
				w.rdb.ZIncrBy(ctx, key, -float64(d.Milliseconds()), member)
			}
		}
	}
}

// ageIndex makes the entries of a customer's index older.
func (w *world) ageIndex(key string, d time.Duration) {
	for field, entry := range w.rdb.HGetAll(ctx, key).Val() {
		at, sealed, _ := strings.Cut(entry, ":")
		ms, _ := strconv.ParseInt(at, 10, 64)
		w.rdb.HSet(ctx, key, field, fmt.Sprintf("%d:%s", ms-d.Milliseconds(), sealed))
	}
}

func (w *world) keys(t *testing.T) (keys []string) {
	t.Helper()
	scan := func(ctx context.Context, c *redis.Client) error {
		it := c.Scan(ctx, 0, w.prefix+"*", 1000).Iterator()
		for it.Next(ctx) {
			keys = append(keys, it.Val())
		}
		return it.Err()
	}
	var err error
	switch c := w.rdb.(type) {
	case *redis.ClusterClient:
		err = c.ForEachMaster(context.Background(), scan)
	case *redis.Client:
		err = scan(context.Background(), c)
	default:
		t.Fatalf("unexpected client %T", c)
	}
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// dump is all that Redis holds, as text.
func (w *world) dump(t *testing.T) string {
	t.Helper()
	ctx := context.Background()
	var all strings.Builder
	for _, key := range w.keys(t) {
		all.WriteString(key + "\n")
		switch w.rdb.Type(ctx, key).Val() {
		case "hash":
			fmt.Fprintln(&all, w.rdb.HGetAll(ctx, key).Val())
		case "zset":
			fmt.Fprintln(&all, w.rdb.ZRange(ctx, key, 0, -1).Val())
		case "string":
			fmt.Fprintln(&all, w.rdb.Get(ctx, key).Val())
		}
	}
	return all.String()
}

// oneSlot fails the test when a command names keys that a Redis Cluster would keep on different nodes.
type oneSlot struct{ t *testing.T }

func (o oneSlot) DialHook(next redis.DialHook) redis.DialHook { return next }

func (o oneSlot) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		for _, cmd := range cmds {
			o.look(cmd)
		}
		return next(ctx, cmds)
	}
}

func (o oneSlot) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		o.look(cmd)
		return next(ctx, cmd)
	}
}

func (o oneSlot) look(cmd redis.Cmder) {
	slots := map[string]bool{}
	for _, key := range keysOf(cmd.Args()) {
		slots[hashTag(key)] = true
	}
	if len(slots) > 1 {
		o.t.Errorf("%s names keys of %d slots", cmd.Name(), len(slots))
	}
}

func keysOf(args []any) (keys []string) {
	named := args[:0]
	switch strings.ToLower(fmt.Sprint(args[0])) {
	case "eval", "evalsha":
		if n, ok := args[2].(int); ok {
			named = args[3 : 3+n]
		}
	case "del":
		named = args[1:]
	}
	for _, key := range named {
		if pointed, ok := key.(*string); ok {
			key = *pointed
		}
		keys = append(keys, fmt.Sprint(key))
	}
	return keys
}

func hashTag(key string) string {
	if _, rest, found := strings.Cut(key, "{"); found {
		if tag, _, closed := strings.Cut(rest, "}"); closed && tag != "" {
			return tag
		}
	}
	return key
}

// frozenServer accepts connections and never answers.
func frozenServer(t *testing.T) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	var conns []net.Conn
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns = append(conns, c)
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
		for _, c := range conns {
			_ = c.Close()
		}
	})
	return l.Addr().String()
}

// closedPort is an address where nothing listens.
func closedPort(t *testing.T) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// Get is the session part of Arrive, by itself.
func (s *Store) Get(ctx context.Context, token string) (sess Session, renewed bool, err error) {
	a, err := s.Arrive(ctx, token, Wanted{})
	return a.Session, a.Renewed, err
}

// SaveAnswer is SaveAnswers for one.
func (s *Store) SaveAnswer(ctx context.Context, bindingID, question string, answer []byte, ttl time.Duration) error {
	return s.SaveAnswers(ctx, []Answer{{bindingID, question, answer}}, ttl)
}
