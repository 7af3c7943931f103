// Command audit measures the audit trail's promises on the real program, a real Redis and a real MariaDB: what a minute
// without the database costs the callers and the rows, and how fast the backlog is shipped.
//
//	go run ./bench/audit [-rate 300] [-away 60s]
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"

	_ "github.com/go-sql-driver/mysql"

	"snowgate/internal/servertest"
	"snowgate/sandbox"
)

func main() {
	rate := flag.Int("rate", 300, "requests per second")
	before := flag.Duration("before", 20*time.Second, "load with the database there")
	away := flag.Duration("away", time.Minute, "load with the database stopped")
	flag.Parse()
	if err := measure(*rate, *before, *away); err != nil {
		fmt.Fprintln(os.Stderr, "bench/audit:", err)
		os.Exit(1)
	}
}

func measure(rate int, before, away time.Duration) (err error) {
	w, err := newWorld()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	calm := w.load(rate, before)
	if err := w.mariadb.Stop(); err != nil {
		return err
	}
	outage := w.load(rate, away)
	if err := w.mariadb.Start(); err != nil {
		return err
	}
	answered := calm.answered + outage.answered
	began := time.Now()
	rows, distinct, err := w.drained(answered)
	if err != nil {
		return err
	}
	took := time.Since(began)
	fmt.Println("| what | figure to reach | measured |\n|---|---|---|")
	fmt.Printf("| answered calls at %d/s, database there %s, then away %s | | %d + %d, failed %d + %d |\n",
		rate, before, away, calm.answered, outage.answered, calm.failed, outage.failed)
	fmt.Printf("| rows lost, rows doubled | 0, 0 | %d, %d |\n", answered-distinct, rows-distinct)
	fmt.Printf("| p50 with the database, without | | %s, %s |\n", calm.quantile(0.50), outage.quantile(0.50))
	fmt.Printf("| p99 with the database, without | within 10 %% | %s, %s (%+.0f %%) |\n", calm.quantile(0.99), outage.quantile(0.99),
		100*(float64(outage.quantile(0.99))/float64(calm.quantile(0.99))-1))
	fmt.Printf("| backlog shipped after the database was back | | %d rows within %s, back-off included |\n", outage.answered, took.Round(time.Millisecond))
	return nil
}

// world is the program with everything it needs.
type world struct {
	redis, mariadb *servertest.Process
	outside        []*httptest.Server
	cmd            *exec.Cmd
	dir, url       string
	token          string
}

var listening = regexp.MustCompile(`"msg":"listening".*?"listen":"([0-9.:]+)"`)

func newWorld() (w *world, err error) {
	w = &world{}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	if w.dir, err = os.MkdirTemp("", "snowgate-bench-audit-"); err != nil {
		return w, err
	}
	if w.redis, err = servertest.LaunchRedis(); err != nil {
		return w, err
	}
	if w.mariadb, err = servertest.LaunchMariaDB(); err != nil {
		return w, err
	}
	if err = w.start(); err != nil {
		return w, err
	}
	return w, w.login()
}

func (w *world) start() error {
	binary := filepath.Join(w.dir, "snowgate")
	if out, err := exec.Command("go", "build", "-o", binary, "./cmd/snowgate").CombinedOutput(); err != nil { //nolint:gosec // our own program
		return fmt.Errorf("build: %w: %s", err, out)
	}
	erp, wechat := sandbox.NewERP(sandbox.ERPOptions{}), sandbox.NewWeChat(sandbox.WeChatOptions{AppID: "wx0123456789abcdef", AppSecret: "bench-app-secret"})
	w.outside = []*httptest.Server{httptest.NewServer(erp), httptest.NewServer(wechat)}
	w.cmd = exec.Command(binary) //nolint:gosec // built a moment ago
	w.cmd.Env = []string{
		"SNOWGATE_SERVER__LISTEN=127.0.0.1:0", "SNOWGATE_SERVER__BEHIND_PROXY=true", "SNOWGATE_LOG__LEVEL=info",
		"SNOWGATE_LIMITS__REQUESTS_PER_OPENID=0", "SNOWGATE_LIMITS__REQUESTS_PER_IP=0", "SNOWGATE_LIMITS__LOGINS_PER_IP=0",
		"SNOWGATE_REDIS__URL=" + w.redis.URL(), "SNOWGATE_SQL__DSN=" + w.mariadb.URL(), "SNOWGATE_AUDIT__SPOOL_DIR=" + filepath.Join(w.dir, "spool"),
		"SNOWGATE_WECHAT__BASE_URL=" + w.outside[1].URL, "SNOWGATE_WECHAT__APP_ID=" + wechat.AppID(), "SNOWGATE_WECHAT__APP_SECRET=" + wechat.AppSecret(),
		"SNOWGATE_ERP__ORIGIN=" + w.outside[0].URL, "SNOWGATE_ERP__SNOWBEASTS__APP_ID=" + erp.AppID(),
		"SNOWGATE_SEAL__KEYS=bench:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
	}
	stderr, err := w.cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := w.cmd.Start(); err != nil {
		return err
	}
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		if m := listening.FindStringSubmatch(lines.Text()); m != nil {
			w.url = "http://" + m[1]
			go func() { _, _ = io.Copy(io.Discard, stderr) }()
			return nil
		}
	}
	return errors.New("the program does not listen")
}

func (w *world) login() error {
	res, err := http.Post(w.url+"/api/auth/wx-login", "application/json", strings.NewReader(`{"code":"test-bob-bench"}`))
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	var answer struct{ Data struct{ Token string } }
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || answer.Data.Token == "" {
		return fmt.Errorf("no login: %w", err)
	}
	w.token = answer.Data.Token
	return nil
}

func (w *world) close() error {
	var errs []error
	if w.cmd != nil && w.cmd.Process != nil {
		errs = append(errs, w.cmd.Process.Kill())
		_ = w.cmd.Wait() // killed
	}
	for _, s := range w.outside {
		s.Close()
	}
	for _, p := range []*servertest.Process{w.redis, w.mariadb} {
		if p != nil {
			errs = append(errs, p.Close())
		}
	}
	return errors.Join(append(errs, os.RemoveAll(w.dir))...)
}

// sample is what one stretch of load saw. Times count from the moment at which a request was due.
type sample struct {
	mu               sync.Mutex
	took             []time.Duration
	answered, failed int
}

func (s *sample) quantile(q float64) time.Duration {
	if len(s.took) == 0 {
		return 0
	}
	slices.Sort(s.took)
	return s.took[int(q*float64(len(s.took)-1))].Round(10 * time.Microsecond)
}

// load asks at random moments, rate times a second on average.
func (w *world) load(rate int, during time.Duration) *sample {
	s := &sample{}
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	var all sync.WaitGroup
	due := time.Now()
	for until := due.Add(during); due.Before(until); due = due.Add(time.Duration(rand.ExpFloat64() * float64(time.Second) / float64(rate))) { //nolint:gosec // arrivals, no secret
		<-time.After(time.Until(due))
		at := due
		all.Go(func() {
			ok := w.ask(client)
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.took = append(s.took, time.Since(at)); ok {
				s.answered++
			} else {
				s.failed++
			}
		})
	}
	all.Wait()
	return s
}

func (w *world) ask(client *http.Client) bool {
	req, err := http.NewRequest(http.MethodGet, w.url+"/api/user/profile", nil)
	if err != nil {
		return false
	}
	req.Header.Set("Authorization", "Bearer "+w.token)
	res, err := client.Do(req)
	if err != nil {
		return false
	}
	defer func() { _ = res.Body.Close() }()
	_, err = io.Copy(io.Discard, res.Body)
	return err == nil && res.StatusCode == http.StatusOK
}

// drained waits until the answered calls are in the table and returns how many rows they have.
func (w *world) drained(answered int) (rows, distinct int, err error) {
	user, rest, _ := strings.Cut(strings.TrimPrefix(w.mariadb.URL(), "mysql://"), "@")
	host, name, _ := strings.Cut(rest, "/")
	db, err := sqlx.Open("mysql", fmt.Sprintf("%s@tcp(%s)/%s", user, host, name))
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = db.Close() }()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		err = db.QueryRowxContext(ctx, `SELECT count(*), count(DISTINCT request_id) FROM api_call_logs WHERE api_endpoint = '/api/user/profile'`).Scan(&rows, &distinct)
		if err == nil && rows >= answered {
			return rows, distinct, nil
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return rows, distinct, err
		}
	}
}
