package session

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// patience is what one step towards Redis may take: dialling, writing, reading, waiting for a free connection. With
// go-redis' own values a frozen Redis held a caller for 5 s.
const patience = 150 * time.Millisecond

// Dial makes a Redis client from a URL. It does not connect: the first command does. The caller closes the client.
//
//	redis://[user:password@]host[:6379][/db]              one server
//	redis://[user:password@]host1,host2,…                 Redis Cluster (seed nodes); ?cluster=true for a single seed
//	redis+sentinel://[user:password@]host1[:26379],host2/master[/db]   Sentinel
//
// rediss:// and rediss+sentinel:// speak TLS 1.2 or newer. Options after "?": pool_size, cluster, sentinel_username,
// sentinel_password. An error names the part that is wrong and never quotes the URL.
func Dial(rawURL string) (redis.UniversalClient, error) { return DialWithin(rawURL, patience) }

// DialWithin is Dial with the time that one step of a command may take: to connect, to write, to read, to wait for a
// connection.
func DialWithin(rawURL string, step time.Duration) (redis.UniversalClient, error) {
	opts, err := parseURL(rawURL)
	if err != nil {
		return nil, fmt.Errorf("redis url: %w", err)
	}
	opts.DialTimeout, opts.ReadTimeout, opts.WriteTimeout, opts.PoolTimeout = step, step, step, step
	return redis.NewUniversalClient(opts), nil
}

// guarded are the options every client of ours has. Writes must not be repeated by the library (a lost reply would run
// them twice), deadlines of the context count, and the push features of Redis Cloud stay off.
func guarded() *redis.UniversalOptions {
	return &redis.UniversalOptions{
		ContextTimeoutEnabled:    true,
		MaxRetries:               -1,
		DialerRetries:            1,
		DialTimeout:              patience,
		ReadTimeout:              patience,
		WriteTimeout:             patience,
		PoolTimeout:              patience,
		DisableIdentity:          true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
}

func parseURL(rawURL string) (*redis.UniversalOptions, error) {
	scheme, rest, found := strings.Cut(rawURL, "://")
	if !found {
		return nil, errors.New("it has no scheme (redis://, rediss://, redis+sentinel://)")
	}
	base, sentinel := strings.CutSuffix(scheme, "+sentinel")
	if base != "redis" && base != "rediss" {
		return nil, errors.New("its scheme is none of redis, rediss, redis+sentinel, rediss+sentinel")
	}
	userinfo, hosts, tail := splitAuthority(rest)
	// net/url knows one host only, and since Go 1.26 refuses a list; it reads everything else.
	u, err := url.Parse("redis://" + userinfo + "host" + tail)
	if err != nil {
		return nil, errors.New("its user, password, path or options are not URL-encoded correctly")
	}
	opts := guarded()
	opts.Username = u.User.Username()
	opts.Password, _ = u.User.Password()
	if base == "rediss" {
		opts.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if opts.Addrs, err = parseHosts(hosts, sentinel); err != nil {
		return nil, err
	}
	if err := parsePath(opts, u.Path, sentinel); err != nil {
		return nil, err
	}
	return opts, parseOptions(opts, u.Query(), sentinel)
}

// splitAuthority cuts "user:pw@h1,h2/path?query" into "user:pw@", "h1,h2" and "/path?query".
func splitAuthority(rest string) (userinfo, hosts, tail string) {
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	authority, tail := rest[:end], rest[end:]
	at := strings.LastIndex(authority, "@") + 1
	return authority[:at], authority[at:], tail
}

func parseHosts(list string, sentinel bool) ([]string, error) {
	port := "6379"
	if sentinel {
		port = "26379"
	}
	var addrs []string
	for i, host := range strings.Split(list, ",") {
		u, err := url.Parse("redis://" + strings.TrimSpace(host))
		if err != nil || u.Hostname() == "" || strings.ContainsAny(host, "@/?#") {
			return nil, fmt.Errorf("host %d of its list is not host or host:port", i+1)
		}
		p := u.Port()
		if p == "" {
			p = port
		}
		addrs = append(addrs, net.JoinHostPort(u.Hostname(), p))
	}
	return addrs, nil
}

// parsePath reads "/db", or "/master/db" for Sentinel.
func parsePath(opts *redis.UniversalOptions, path string, sentinel bool) error {
	parts := strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
	if sentinel {
		if len(parts) == 0 {
			return errors.New("a Sentinel URL needs the master's name after the hosts")
		}
		opts.MasterName, parts = parts[0], parts[1:]
	}
	if len(parts) == 0 {
		return nil
	}
	db, err := strconv.Atoi(parts[0])
	if err != nil || db < 0 || len(parts) > 1 {
		return errors.New("its path is not a database number")
	}
	opts.DB = db
	return nil
}

func parseOptions(opts *redis.UniversalOptions, query url.Values, sentinel bool) error {
	known := []string{"pool_size", "cluster", "sentinel_username", "sentinel_password"}
	for name := range query {
		if !slices.Contains(known, name) {
			return fmt.Errorf("option %q is unknown (known: %s)", name, strings.Join(known, ", "))
		}
	}
	opts.SentinelUsername = query.Get("sentinel_username")
	opts.SentinelPassword = query.Get("sentinel_password")
	if size := query.Get("pool_size"); size != "" {
		n, err := strconv.Atoi(size)
		if err != nil || n < 1 {
			return errors.New("option pool_size is not a positive number")
		}
		opts.PoolSize = n
	}
	opts.IsClusterMode = query.Get("cluster") == "true"
	cluster := !sentinel && (opts.IsClusterMode || len(opts.Addrs) > 1)
	if sentinel && opts.IsClusterMode {
		return errors.New("option cluster does not go with Sentinel")
	}
	if cluster && opts.DB != 0 {
		return errors.New("a Redis Cluster has database 0 only")
	}
	return nil
}
