// Package console is the admins' web page: plain files, embedded, that ask the gateway's JSON API from the browser.
//
// It knows no ERP, no Redis and no session; who may see what is decided by the API, and these files are the same for
// everybody. It never answers with anything that was not compiled in, loads nothing from elsewhere, and needs no build
// step: what is in static/ is what the browser gets.
package console

import (
	"embed"
	"net/http"
	"strings"
)

//go:embed static
var static embed.FS

// Prefix is where the page lives. The files refer to each other relative to it.
const Prefix = "/console/"

// Handler serves the page and its files below Prefix, and sends Prefix without its slash there. What it does not have is
// 404, so routes of others below Prefix (login, logout, session) are to be asked first. Safe for concurrent use.
func Handler() http.Handler {
	return handler(files())
}

type handler map[string]*file

func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == strings.TrimSuffix(Prefix, "/") {
		http.Redirect(w, r, Prefix, http.StatusPermanentRedirect)
		return
	}
	protect(w.Header())
	f := h[strings.TrimPrefix(r.URL.Path, Prefix)]
	switch {
	case f == nil || !strings.HasPrefix(r.URL.Path, Prefix):
		http.NotFound(w, r)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
	default:
		f.serve(w, r)
	}
}
