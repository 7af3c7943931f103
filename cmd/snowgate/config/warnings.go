package config

import (
	"fmt"
	"net"
)

// drivers are the ERPs that this release speaks.
var drivers = []string{"snowbeasts", "psi", "tryton"}

// warnings says what is allowed and yet probably not meant.
func (c *Config) warnings() []string {
	var lines []string
	warn := func(key, text string, args ...any) {
		lines = append(lines, Complaint{Key: key, Source: c.sources[key].name, Text: fmt.Sprintf(text, args...)}.String())
	}
	if c.Server.RequestTimeout < c.ERP.Timeout {
		warn("server.request_timeout", "is shorter than erp.timeout (%s), which can never be used up", formatDuration(c.ERP.Timeout))
	}
	if c.Mode == ModeProduction && len(c.Admin.Tokens) == 0 {
		warn("admin.tokens", "is empty; the routes for admins refuse everybody")
	}
	if c.Server.BehindProxy && len(c.Server.TrustedProxies) == 0 {
		warn("server.trusted_proxies", "is empty; every caller seems to come from the proxy's address, and limits per address count them as one")
	}
	if c.WeChat.CallbackAESKey != "" && c.WeChat.CallbackToken == "" {
		warn("wechat.callback_aes_key", "has no effect without wechat.callback_token; the push callback is off")
	}
	if c.Given("tracing.sample_ratio") && c.Tracing.Endpoint == "" {
		warn("tracing.sample_ratio", "has no effect without tracing.endpoint; there are no traces")
	}
	if c.Sandbox() && !listensOnLoopback(c.Server.Listen) {
		warn("server.listen", "opens the sandbox, whose secrets everybody knows, to other machines")
	}
	return lines
}

func listensOnLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	return err == nil && isLoopback(host)
}
