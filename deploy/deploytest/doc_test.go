// Package deploytest keeps what stands under deploy/ true: it runs the very files there with a real nginx, a real
// Prometheus, promtool, systemd-analyze and the gateway's own binary, with nothing changed but addresses and paths. It
// has tests only. Programs that are not installed are skipped, or fail the tests when SNOWGATE_TEST_SERVERS is
// "required"; those of systemd and Kubernetes are never required, and their files are read then.
package deploytest
