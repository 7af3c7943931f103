package gateway

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// settings are the part of a Config that Reconfigure changes while requests are served. Nothing in them changes afterwards.
type settings struct {
	Config
	admins, services []digest
	address          echo.IPExtractor
}

func newSettings(cfg Config) *settings {
	return &settings{
		Config: cfg, admins: digestsOf(cfg.AdminTokens), services: digestsOf(cfg.ServiceKeys), address: ipExtractor(cfg.TrustedProxies),
	}
}

// live are the settings in force at this moment. A request may see those before and those after a change.
func (s *Server) live() *settings { return s.settings.Load() }

// Reconfigure puts other AdminTokens, ServiceKeys, EventMessages, TrustedProxies, MetricsNetworks, MaxInFlight and limits
// (BindWindow, BindLimit, Limits) in force, all at once, from the next request on. Everything else stays as New was told. A
// console session ends with the admin token it was made with. Safe for concurrent use.
func (s *Server) Reconfigure(cfg Config) {
	cfg = cfg.withDefaults()
	next := s.cfg
	next.AdminTokens, next.ServiceKeys, next.EventMessages = cfg.AdminTokens, cfg.ServiceKeys, cfg.EventMessages
	next.TrustedProxies, next.MetricsNetworks, next.MaxInFlight = cfg.TrustedProxies, cfg.MetricsNetworks, cfg.MaxInFlight
	next.BindWindow, next.BindLimit, next.Limits = cfg.BindWindow, cfg.BindLimit, cfg.Limits
	s.settings.Store(newSettings(next))
}

// addressOf is the caller's address, by the proxies that are trusted now.
func (s *Server) addressOf(r *http.Request) string { return s.live().address(r) }
