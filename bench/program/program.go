// Package program runs the real program for a measurement, with a real Redis, a real MariaDB and stand-ins for the ERP and
// WeChat, and puts load on it. It is used by the commands beside it only.
package program

import (
	"bufio"
	"encoding/json"
	"errors"
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

	_ "github.com/go-sql-driver/mysql" // the driver

	"snowgate/internal/servertest"
	"snowgate/sandbox"
)

// World is the program with everything it needs. Its fields are for the measurement to break.
type World struct {
	Redis, MariaDB *servertest.Process
	ERP            *sandbox.ERP
	WeChat         *sandbox.WeChat
	URL            string // of the program

	outside []*httptest.Server
	binary  string
	environ []string
	cmd     *exec.Cmd
	dir     string
}

var listening = regexp.MustCompile(`"msg":"listening".*?"listen":"([0-9.:]+)"`)

// New builds and starts the program; more are variables of its environment. The caller closes it, also after an error.
func New(name string, more ...string) (w *World, err error) {
	w = &World{ERP: sandbox.NewERP(sandbox.ERPOptions{}), WeChat: sandbox.NewWeChat(sandbox.WeChatOptions{AppID: "wx0123456789abcdef", AppSecret: "bench-app-secret"})}
	if w.dir, err = os.MkdirTemp("", "snowgate-bench-"+name+"-"); err != nil {
		return w, err
	}
	if w.Redis, err = servertest.LaunchRedis(); err != nil {
		return w, err
	}
	if w.MariaDB, err = servertest.LaunchMariaDB(); err != nil {
		return w, err
	}
	w.binary = filepath.Join(w.dir, "snowgate")
	if out, err := exec.Command("go", "build", "-o", w.binary, "./cmd/snowgate").CombinedOutput(); err != nil { //nolint:gosec // our own program
		return w, fmt.Errorf("build: %w: %s", err, out)
	}
	w.outside = []*httptest.Server{httptest.NewServer(w.ERP), httptest.NewServer(w.WeChat)}
	w.environ = append([]string{
		"SNOWGATE_SERVER__LISTEN=127.0.0.1:0", "SNOWGATE_SERVER__BEHIND_PROXY=true", "SNOWGATE_LOG__LEVEL=info",
		"SNOWGATE_LIMITS__REQUESTS_PER_OPENID=0", "SNOWGATE_LIMITS__REQUESTS_PER_IP=0", "SNOWGATE_LIMITS__LOGINS_PER_IP=0",
		"SNOWGATE_REDIS__URL=" + w.Redis.URL(), "SNOWGATE_SQL__DSN=" + w.MariaDB.URL(), "SNOWGATE_AUDIT__SPOOL_DIR=" + filepath.Join(w.dir, "spool"),
		"SNOWGATE_WECHAT__BASE_URL=" + w.outside[1].URL, "SNOWGATE_WECHAT__APP_ID=" + w.WeChat.AppID(), "SNOWGATE_WECHAT__APP_SECRET=" + w.WeChat.AppSecret(),
		"SNOWGATE_ERP__ORIGIN=" + w.outside[0].URL, "SNOWGATE_ERP__SNOWBEASTS__APP_ID=" + w.ERP.AppID(),
		"SNOWGATE_SEAL__KEYS=bench:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
	}, more...)
	return w, w.Start()
}

// Start starts the program, also again after Kill.
func (w *World) Start() error {
	w.cmd = exec.Command(w.binary) //nolint:gosec // built a moment ago
	w.cmd.Env = w.environ
	stderr, err := w.cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := w.cmd.Start(); err != nil {
		return err
	}
	told := ""
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		told = lines.Text()
		if m := listening.FindStringSubmatch(lines.Text()); m != nil {
			w.URL = "http://" + m[1]
			go func() { _, _ = io.Copy(io.Discard, stderr) }()
			return nil
		}
	}
	return fmt.Errorf("the program does not listen: %s", told)
}

// Kill ends the program with SIGKILL.
func (w *World) Kill() error {
	err := w.cmd.Process.Kill()
	_ = w.cmd.Wait() // killed
	return err
}

// Login logs a user of the WeChat stand-in in and returns the token.
func (w *World) Login(user string) (string, error) {
	var data struct{ Token string }
	err := w.Post("/api/auth/wx-login", "", fmt.Sprintf(`{"code":"test-%s-%d"}`, user, rand.Uint64()), &data) //nolint:gosec // a name, no secret
	if err == nil && data.Token == "" {
		err = errors.New("no token")
	}
	return data.Token, err
}

// Post posts JSON and reads the data of an answer of success. Headers come in pairs.
func (w *World) Post(path, token, body string, data any, headers ...string) error {
	return w.Ask(http.DefaultClient, http.MethodPost, path, token, body, data, headers...)
}

// Ask asks and reads the data of an answer of success; data nil leaves it unread.
func (w *World) Ask(client *http.Client, method, path, token, body string, data any, headers ...string) error {
	req, err := http.NewRequest(method, w.URL+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		return errors.Join(err, fmt.Errorf("%s answers %d: %s", path, res.StatusCode, raw))
	}
	return json.Unmarshal(raw, &struct{ Data any }{data})
}

// Database opens the log's database.
func (w *World) Database() (*sqlx.DB, error) {
	user, rest, _ := strings.Cut(strings.TrimPrefix(w.MariaDB.URL(), "mysql://"), "@")
	host, name, _ := strings.Cut(rest, "/")
	return sqlx.Open("mysql", fmt.Sprintf("%s@tcp(%s)/%s?parseTime=true", user, host, name))
}

// Close ends everything and removes what was written.
func (w *World) Close() error {
	var errs []error
	if w.cmd != nil && w.cmd.Process != nil {
		errs = append(errs, w.Kill())
	}
	_ = errors.Join(w.ERP.Close(), w.WeChat.Close())
	for _, s := range w.outside {
		s.Close()
	}
	for _, p := range []*servertest.Process{w.Redis, w.MariaDB} {
		if p != nil {
			errs = append(errs, p.Close())
		}
	}
	return errors.Join(append(errs, os.RemoveAll(w.dir))...)
}

// Sample is what one stretch of load saw. Times count from the moment at which a request was due.
type Sample struct {
	Answered, Failed int

	mu   sync.Mutex
	took []time.Duration
}

// Quantile is a quantile of the times, q from 0 to 1.
func (s *Sample) Quantile(q float64) time.Duration {
	if len(s.took) == 0 {
		return 0
	}
	slices.Sort(s.took)
	return s.took[int(q*float64(len(s.took)-1))].Round(10 * time.Microsecond)
}

// Load has ask called at random moments, rate times a second on average.
func Load(rate int, during time.Duration, ask func(client *http.Client, n int) error) *Sample {
	s := &Sample{}
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	var all sync.WaitGroup
	due := time.Now()
	until := due.Add(during)
	for n := 0; due.Before(until); n++ {
		<-time.After(time.Until(due))
		at := due
		all.Go(func() {
			err := ask(client, n)
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.took = append(s.took, time.Since(at)); err == nil {
				s.Answered++
			} else {
				s.Failed++
			}
		})
		due = due.Add(time.Duration(rand.ExpFloat64() * float64(time.Second) / float64(rate))) //nolint:gosec // arrivals, no secret
	}
	all.Wait()
	return s
}
