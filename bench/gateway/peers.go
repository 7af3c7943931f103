package main

import (
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed conf
var configurations embed.FS

// peer is a program that is measured beside ours. start returns an errMissing where it is not installed.
type peer struct {
	name, does string
	start      func(*world) (*program, error)
}

// The names that ratios are made with.
const (
	nameGateway  = "snowgate"
	nameProxy    = "Go ReverseProxy, bare"
	nameEchoJSON = "Echo + go-redis + resty, JSON"
	nameLua      = "nginx + Lua + Redis"
)

var errMissing = errors.New("not installed")

var peers = []peer{
	{nameGateway, "everything", startGateway},
	{nameProxy, "forwards", floor(roleProxy)},
	{"nginx", "forwards", configured("nginx", "nginx.conf", "-p", "@DIR@", "-c", "@CONF@")},
	{"HAProxy", "forwards", configured("haproxy", "haproxy.cfg", "-f", "@CONF@")},
	{nameLua, "session, forwards", startLua},
	{"Echo + go-redis + resty, bytes", "session, forwards", floor(roleEchoBytes)},
	{nameEchoJSON, "session, JSON decoded and encoded", floor(roleEchoJSON)},
}

// floor starts this program again in another role.
func floor(role string) func(*world) (*program, error) {
	return func(w *world) (*program, error) {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		addr, _, err := freeAddr()
		if err != nil {
			return nil, err
		}
		return launch(w.dir, addr, os.Environ(), self, "-role", role, "-listen", addr, "-erp", w.erp.addr, "-redis", w.redis.Addr())
	}
}

// luaModule is where Debian puts it.
const luaModule = "/usr/lib/nginx/modules/ngx_http_lua_module.so"

func startLua(w *world) (*program, error) {
	for _, needed := range []string{luaModule, "/usr/share/lua/5.1/nginx/redis.lua"} {
		if _, err := os.Stat(needed); err != nil {
			return nil, fmt.Errorf("%w: %s (Debian: libnginx-mod-http-lua, lua-nginx-redis, lua-cjson)", errMissing, needed)
		}
	}
	return configured("nginx", "nginx-lua.conf", "-p", "@DIR@", "-c", "@CONF@")(w)
}

// configured starts a program with one of our configurations.
func configured(name, conf string, args ...string) func(*world) (*program, error) {
	return func(w *world) (*program, error) {
		path, err := find(name)
		if err != nil {
			return nil, err
		}
		addr, port, err := freeAddr()
		if err != nil {
			return nil, err
		}
		text, err := configurations.ReadFile("conf/" + conf)
		if err != nil {
			return nil, err
		}
		_, redisPort, _ := strings.Cut(w.redis.Addr(), ":")
		fill := strings.NewReplacer("@DIR@", w.dir, "@PORT@", port, "@ERP@", w.erp.addr, "@REDIS_PORT@", redisPort, "@CONF@", filepath.Join(w.dir, conf))
		if err := os.WriteFile(filepath.Join(w.dir, conf), []byte(fill.Replace(string(text))), 0o600); err != nil {
			return nil, err
		}
		argv := []string{path}
		for _, arg := range args {
			argv = append(argv, fill.Replace(arg))
		}
		return launch(w.dir, addr, os.Environ(), argv...)
	}
}

func find(name string) (string, error) {
	for _, candidate := range []string{name, "/usr/sbin/" + name} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%w: %s", errMissing, name)
}

// startGateway starts ours in production mode with everything on. The limits are so high that nobody meets them, and
// are counted all the same.
func startGateway(w *world) (*program, error) { return w.gateway() }

func (w *world) gateway(more ...string) (*program, error) {
	addr, _, err := freeAddr()
	if err != nil {
		return nil, err
	}
	spool, err := os.MkdirTemp(w.dir, "spool-")
	if err != nil {
		return nil, err
	}
	return launch(w.dir, addr, append([]string{
		"SNOWGATE_SERVER__LISTEN=" + addr, "SNOWGATE_SERVER__BEHIND_PROXY=true",
		"SNOWGATE_SERVER__MAX_IN_FLIGHT=4096", "SNOWGATE_ERP__MAX_IN_FLIGHT=2048",
		"SNOWGATE_LIMITS__REQUESTS_PER_OPENID=1000000/s", "SNOWGATE_LIMITS__REQUESTS_PER_IP=1000000/s",
		"SNOWGATE_REDIS__URL=" + w.redis.URL(), "SNOWGATE_SQL__DSN=" + w.database.URL(), "SNOWGATE_AUDIT__SPOOL_DIR=" + spool,
		"SNOWGATE_WECHAT__BASE_URL=http://" + w.erp.addr, "SNOWGATE_WECHAT__APP_ID=wx0123456789abcdef", "SNOWGATE_WECHAT__APP_SECRET=bench-app-secret",
		"SNOWGATE_ERP__ORIGIN=http://" + w.erp.addr, "SNOWGATE_ERP__SNOWBEASTS__APP_ID=10001",
		"SNOWGATE_ERP__SNOWBEASTS__SERVICE_ACCOUNT=bench", "SNOWGATE_ERP__SNOWBEASTS__SERVICE_PASSWORD=bench-password",
		"SNOWGATE_SEAL__KEYS=" + sealKey, "SNOWGATE_ADMIN__TOKENS=" + adminToken,
	}, more...), w.bin)
}

// adminToken reads the figures of a gateway that lives for minutes on 127.0.0.1.
const adminToken = "bench-gateway-admin-token-1"
