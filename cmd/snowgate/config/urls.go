package config

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"snowgate/health/alert"
	"snowgate/session"
	"snowgate/sql"
)

// The values that are addresses of the outside world. url.Parse quotes its input in errors, so its errors go nowhere.

var (
	errOrigin    = errors.New("must be an origin such as https://erp.example.com, without path, query or user; plain http is for loopback hosts only")
	errBaseURL   = errors.New("must be a URL such as https://api.weixin.qq.com, without query or user; plain http is for loopback hosts only")
	errCollector = errors.New("must be the base URL of an OTLP/HTTP collector such as http://127.0.0.1:4318, without query or user")
	errWebhook   = errors.New("must each be wecom:URL, dingtalk:URL#SECRET, feishu:URL#SECRET or json:URL; plain http is for loopback hosts only")
)

const (
	wantRedis = "must be redis://[user:password@]host:6379/0, rediss:// for TLS, several hosts for a Cluster, or redis+sentinel://hosts/master/0"
	wantDSN   = "must be the URL of a database"
)

func origin(at *string) value    { return scalar[string]{at: at, parse: parseOrigin, format: same} }
func origins(at *[]string) value { return sequence[string]{at: at, parse: parseOrigin, format: same} }

func parseOrigin(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	u, ok := parseHTTP(s)
	if !ok || u.Fragment != "" || u.RawQuery != "" || strings.Trim(u.Path, "/") != "" {
		return "", errOrigin
	}
	return u.Scheme + "://" + u.Host, nil
}

func baseURL(at *string) value {
	parse := func(s string) (string, error) {
		u, ok := parseHTTP(s)
		if !ok || u.Fragment != "" || u.RawQuery != "" {
			return "", errBaseURL
		}
		return strings.TrimRight(s, "/"), nil
	}
	return scalar[string]{at: at, parse: parse, format: same}
}

// parseHTTP reads an https URL, or an http one of a loopback host, without user information.
func parseHTTP(s string) (*url.URL, bool) {
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || u.User != nil || u.Opaque != "" || !portOK(u.Port()) {
		return nil, false
	}
	return u, u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname())
}

// portOK accepts no port and 1 to 65535.
func portOK(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && n > 0
}

// isLoopback knows 127.0.0.0/8, ::1 and localhost, and asks no name server.
func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return host == "localhost"
	}
	return addr.Unmap().IsLoopback()
}

// collectorURL may be plain http on any host: collectors stand in the cluster's own network, and what they are sent holds no
// secret.
func collectorURL(at *string) value {
	parse := func(s string) (string, error) {
		if s == "" {
			return "", nil
		}
		u, err := url.Parse(s)
		if err != nil || u.Hostname() == "" || u.User != nil || u.Opaque != "" || !portOK(u.Port()) || u.Fragment != "" || u.RawQuery != "" ||
			u.Scheme != "http" && u.Scheme != "https" {
			return "", errCollector
		}
		return strings.TrimRight(s, "/"), nil
	}
	return scalar[string]{at: at, parse: parse, format: same}
}

// redisURL is read by the package that dials, so that what passes here connects there. Dialling does not connect.
func redisURL(at *Secret) value {
	parse := func(s string) (Secret, error) {
		client, err := session.Dial(s)
		if err != nil {
			return "", fmt.Errorf("%s: %w", wantRedis, err)
		}
		return Secret(s), client.Close()
	}
	return scalar[Secret]{at: at, parse: parse, format: maskURL, masked: true}
}

// dsn is read by the package that opens the database. Opening does not connect and makes no file.
func dsn(at *Secret) value {
	parse := func(s string) (Secret, error) {
		db, err := sql.Open(s)
		if err != nil {
			return "", fmt.Errorf("%s: %w", wantDSN, err)
		}
		return Secret(s), db.Close()
	}
	return scalar[Secret]{at: at, parse: parse, format: maskURL, masked: true}
}

// webhooks are read by the package that tells people, so that what passes here can be told to.
func webhooks(at *[]Secret) value {
	parse := func(s string) (Secret, error) {
		if _, err := alert.Parse([]string{s}); err != nil {
			return "", errWebhook
		}
		return Secret(s), nil
	}
	return sequence[Secret]{at: at, parse: parse, format: maskWebhook, masked: true}
}

// maskWebhook keeps only the kind and the host: the rest of such a URL is its password.
func maskWebhook(s Secret) string {
	kind, target, _ := strings.Cut(string(s), ":")
	u, ok := parseHTTP(target)
	if !ok {
		return mask
	}
	return kind + ":" + u.Scheme + "://" + u.Host + "/" + mask
}

var secretParameter = regexp.MustCompile(`(?i)([?&][^=&]*(?:pass|pwd|secret|token|auth)[^=&]*=)[^&]*`)

// maskURL hides the password of a URL and of its parameters, and leaves what helps to recognise it: scheme, user,
// hosts, path. It does not parse, so that an odd password cannot slip through a failed parse.
func maskURL(s Secret) string {
	scheme, rest, found := strings.Cut(string(s), "://")
	if !found {
		return s.String()
	}
	if at := strings.LastIndex(rest, "@"); at >= 0 {
		rest = maskUser(scheme, rest[:at]) + rest[at:]
	}
	return scheme + "://" + secretParameter.ReplaceAllString(rest, "${1}"+mask)
}

// maskUser hides the password. A lone word before the @ of a Redis URL is masked too: it is often a password that
// lacks its colon.
func maskUser(scheme, userinfo string) string {
	user, _, hasPassword := strings.Cut(userinfo, ":")
	switch {
	case hasPassword:
		return user + ":" + mask
	case strings.HasPrefix(scheme, "redis"):
		return mask
	}
	return user
}
