package main

import (
	"net/http"

	"snowgate/cmd/snowgate/config"
	"snowgate/console"
)

// consoleFor is the admins' web page, or nil where it is not served.
func consoleFor(cfg *config.Config) http.Handler {
	if !cfg.ConsoleOn() {
		return nil
	}
	return console.Handler()
}
