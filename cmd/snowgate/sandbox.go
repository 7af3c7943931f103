package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"text/template"
	"time"

	_ "embed"

	"snowgate/cmd/snowgate/config"
	"snowgate/erpclient/snowbeasts"
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
	world, err := sandbox.StartOn(time.Now()) // its newest orders are of today
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
		useSandboxWeChat(&cfg.WeChat, world)
	}
	if cfg.ERP.Origin == "" {
		cfg.ERP.Origin, cfg.ERP.Snowbeasts.AppID = world.ERPURL, world.ERP.AppID()
		cfg.ERP.Snowbeasts.ServiceAccount, cfg.ERP.Snowbeasts.ServicePassword = account, config.Secret(password)
		useSandboxForms(&cfg.ERP.Snowbeasts.Forms)
	}
	if len(cfg.Seal.Keys) == 0 {
		cfg.Seal.Keys = []config.Secret{config.SandboxSealKey}
	}
	if len(cfg.Admin.Tokens) == 0 {
		cfg.Admin.Tokens = []config.Secret{config.SandboxAdminToken}
	}
	if len(cfg.Service.Keys) == 0 {
		cfg.Service.Keys = []config.Secret{config.SandboxServiceKey}
	}
	return &box{world: world, dir: dir}, nil
}

// sandboxCallbackToken signs the stand-in's pushes.
const sandboxCallbackToken = "sandbox-callback-token"

// useSandboxWeChat points at the stand-in, and sends what it has templates for.
func useSandboxWeChat(w *config.WeChat, world *sandbox.World) {
	w.BaseURL, w.AppID = world.WeChatURL, world.WeChat.AppID()
	w.AppSecret = config.Secret(world.WeChat.AppSecret())
	fill(&w.CallbackToken, sandboxCallbackToken)
	if len(w.Templates) > 0 {
		return
	}
	templates := world.WeChat.Templates()
	for _, t := range templates {
		w.Templates = append(w.Templates, t.ID)
	}
	w.Events.OrderStatusChanged = config.EventMessage{
		Template: templates[0].ID, Page: "pages/order/detail?id={orderId}",
		Fields: []string{"character_string1={orderNo}", "phrase2={statusText}", "time3={at}", "thing4={remark}"},
	}
	w.Events.Shipped = config.EventMessage{
		Template: templates[1].ID, Page: "pages/order/detail?id={orderId}",
		Fields: []string{"character_string1={orderNo}", "thing2={logisticsCompany}", "character_string3={trackingNo}", "date4={shippedAt}", "enum_string5={way}"},
	}
	w.Events.MaterialProgress = config.EventMessage{
		Template: templates[2].ID, Page: "pages/order/progress?id={materialId}",
		Fields: []string{"thing1={materialName}", "number2={producedQuantity}", "amount3={amount}", "name4={contact}"},
	}
}

// useSandboxForms tells the driver the stand-in's numbers of the forms that differ per installation.
func useSandboxForms(f *snowbeasts.Forms) {
	f.Products.ID, f.Stock.ID, f.Warehouses.ID = sandbox.ProductsForm, sandbox.StockForm, sandbox.WarehousesForm
	f.StockRecords.ID, f.Purchases.ID = sandbox.StockRecordsForm, sandbox.PurchasesForm
	f.NewestFirst = "date desc"
	f.StockRecords.Fields["reference"] = sandbox.StockReference
	f.Orders.Fields["reference"], f.Orders.Fields["newLines"] = "customerOrderCode", sandbox.NewOrderLines
}

// answersTo has the stand-in push its events to the gateway.
func (b *box) answersTo(address net.Addr) error {
	return b.world.WeChat.PushTo("http://"+address.String()+"/api/wechat/callback", sandboxCallbackToken, "")
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
		"Redis": b.world.RedisURL, "Log": filepath.Join(b.dir, "log.db"), "AdminToken": config.SandboxAdminToken, "ServiceKey": config.SandboxServiceKey,
		"Template": b.world.WeChat.Templates()[0].ID, "Barcode": sandbox.Barcode("8001"),
		"Users": b.world.WeChat.Users(), "Accounts": b.world.ERP.Accounts(), "Customers": b.world.ERP.Customers(),
	})
}
