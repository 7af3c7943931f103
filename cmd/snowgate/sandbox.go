package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"text/template"

	_ "embed"

	"snowgate/cmd/snowgate/config"
	"snowgate/sandbox"
)

//go:embed welcome.txt
var welcomeText string

var welcomeTemplate = template.Must(template.New("welcome").Parse(welcomeText))

// box is the sandbox the gateway runs in when nobody configured anything: stand-ins for everything outside, and a
// folder for the log that goes away with it.
type box struct {
	world *sandbox.World
	dir   string
}

// enterSandbox starts the stand-ins and points the configuration at them. What the user did configure stays.
func enterSandbox(cfg *config.Config) (*box, error) {
	dir, err := os.MkdirTemp("", "snowgate-sandbox-")
	if err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	world, err := sandbox.Start()
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	account, password := world.ERP.ServiceAccount()
	fill(&cfg.Redis.URL, config.Secret(world.RedisURL))
	fill(&cfg.SQL.DSN, config.Secret("sqlite://"+filepath.Join(dir, "log.db")))
	if !cfg.Given("audit.spool_dir") {
		cfg.Audit.SpoolDir = filepath.Join(dir, "spool")
	}
	if cfg.WeChat.AppID == "" {
		cfg.WeChat.BaseURL, cfg.WeChat.AppID = world.WeChatURL, world.WeChat.AppID()
		cfg.WeChat.AppSecret = config.Secret(world.WeChat.AppSecret())
	}
	if cfg.ERP.Origin == "" {
		cfg.ERP.Origin, cfg.ERP.Snowbeasts.AppID = world.ERPURL, world.ERP.AppID()
		cfg.ERP.Snowbeasts.ServiceAccount, cfg.ERP.Snowbeasts.ServicePassword = account, config.Secret(password)
	}
	if len(cfg.Seal.Keys) == 0 {
		cfg.Seal.Keys = []config.Secret{config.SandboxSealKey}
	}
	if len(cfg.Admin.Tokens) == 0 {
		cfg.Admin.Tokens = []config.Secret{config.SandboxAdminToken}
	}
	return &box{world: world, dir: dir}, nil
}

func fill(at *config.Secret, value config.Secret) {
	if *at == "" {
		*at = value
	}
}

// Close ends the stand-ins and removes the log.
func (b *box) Close() error { return errors.Join(b.world.Close(), os.RemoveAll(b.dir)) }

// welcome prints what a newcomer needs: the warning, who can log in, and a walk to paste.
func (b *box) welcome(out io.Writer, address net.Addr) {
	_ = welcomeTemplate.Execute(out, map[string]any{
		"Gateway": "http://" + address.String(), "ERP": b.world.ERPURL, "WeChat": b.world.WeChatURL,
		"Redis": b.world.RedisURL, "Log": filepath.Join(b.dir, "log.db"), "AdminToken": config.SandboxAdminToken,
		"Users": b.world.WeChat.Users(), "Accounts": b.world.ERP.Accounts(), "Customers": b.world.ERP.Customers(),
	})
}
