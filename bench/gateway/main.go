// Command gateway measures what the gateway costs, on the real program with a real Redis and MariaDB and a stand-in for
// the ERP, beside the programs that Debian and Go offer for a part of its work, in alternating rounds of one run.
//
//	go run ./bench/gateway [-only search,hot] [-rounds 3] [-seconds 5] [-svg docs/performance] [-json result.json]
//
// The figure that a busy machine disturbs least is the CPU time a program uses per 1,000 requests. All the others are
// only as good as the machine is quiet: how much of it somebody else used stands beside them.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

// settings are how long and how often is measured.
type settings struct {
	rounds      int
	during      time.Duration
	warm        time.Duration
	clients     int
	sessions    int
	peers       int
	millions    bool
	profiles    string // folder; "": none are taken
	profileOnly string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/gateway:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	var s settings
	role := flag.String("role", "", "be one of the programs that are compared; used by this program itself")
	listen, erp, redisAddr := flag.String("listen", "", "with -role"), flag.String("erp", "", "with -role"), flag.String("redis", "", "with -role")
	only := flag.String("only", "", "works to do, separated by commas: "+strings.Join(names(), ", "))
	bin := flag.String("bin", "", "gateway program; built from this module when empty")
	svg := flag.String("svg", "", "folder for the plots")
	out := flag.String("json", "", "file for all figures")
	flag.IntVar(&s.rounds, "rounds", 3, "rounds; figures are their medians")
	flag.DurationVar(&s.during, "seconds", 5*time.Second, "of each measurement")
	flag.DurationVar(&s.warm, "warm", time.Second, "before each measurement")
	flag.IntVar(&s.clients, "clients", 32, "connections")
	flag.IntVar(&s.peers, "peers", len(peers), "how many of the programs to compare; the first is ours, the second Go's bare proxy")
	flag.IntVar(&s.sessions, "sessions", 1000, "people who are logged in")
	flag.StringVar(&s.profiles, "profiles", "", "folder for the profiles that the work \"profile\" takes")
	flag.StringVar(&s.profileOnly, "profile-only", "", "search or hot: nothing else")
	flag.BoolVar(&s.millions, "millions", false, "grow to a million sessions; takes minutes")
	flag.Parse()
	if *role != "" {
		return serveRole(*role, *listen, *erp, *redisAddr)
	}
	return measure(ctx, *bin, s, strings.FieldsFunc(*only, func(r rune) bool { return r == ',' }), *svg, *out)
}

func measure(ctx context.Context, bin string, s settings, only []string, svg, out string) (err error) {
	for _, name := range only {
		if !slices.Contains(names(), name) {
			return fmt.Errorf("no work is called %q", name)
		}
	}
	w, err := openWorld(ctx, bin, s.sessions)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	fmt.Println(machine(w))
	r := &report{}
	for _, work := range works {
		if len(only) > 0 && !slices.Contains(only, work.name) {
			continue
		}
		if err := work.do(ctx, w, s, r); err != nil {
			return fmt.Errorf("%s: %w", work.name, err)
		}
	}
	if svg != "" {
		err = r.plot(svg)
	}
	if out != "" {
		all, failed := json.MarshalIndent(r, "", " ")
		err = errors.Join(err, failed, os.WriteFile(out, all, 0o600))
	}
	return err
}
