package main

import "context"

func serveRole(role, listen, erp, redisAddr string) error {
	return serveFloor(role, listen, erp, redisAddr)
}
func doAudit(context.Context, *world, settings, *report) error       { return nil }
func doSessions(context.Context, *world, settings, *report) error    { return nil }
func doConnections(context.Context, *world, settings, *report) error { return nil }
func doIdle(context.Context, *world, settings, *report) error        { return nil }
func doStart(context.Context, *world, settings, *report) error       { return nil }
func (r *report) plot(dir string) error                              { return nil }
