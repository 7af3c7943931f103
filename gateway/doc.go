// Package gateway is the HTTP surface: one table of routes, the middleware around them, the handlers, the envelope and
// the one place where errors become answers.
//
// A request's way is one way: route → door (id, log, recover) → access (session, binding, admin) → handler → ERP, and
// back. The package declares the interfaces it needs beside the handlers that need them and keeps no state of its own.
// It believes nothing about the caller but the session: no header, query, cookie or body decides who is asking.
package gateway
