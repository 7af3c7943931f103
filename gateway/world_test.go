package gateway

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/prometheus/client_golang/prometheus"

	"snowgate/audit"
	"snowgate/audit/mask"
	"snowgate/erpclient"
	"snowgate/health"
	"snowgate/session"
	"snowgate/wxmsg"
)

const (
	alice      = "oAlice5xJk2mQ9vTnB7cWd3eRf1g"
	bob        = "oBobbie8yHs4nZ6uLpK1wXa2qVtM"
	adminToken = "admin-token-of-the-tests-0001"
	password   = "Passw0rd-of-alice!"
)

// world is a gateway with the real session store on an in-process Redis and the outside played by doubles. Every answer
// is held against openapi.yaml, and when the test ends everything that was written down is searched for secrets.
type world struct {
	t       *testing.T
	server  *Server
	redis   *miniredis.Miniredis
	store   *session.Store
	wechat  *fakeWeChat
	erp     *fakeERP
	log     *fakeLog
	archive *fakeArchive
	monitor *fakeMonitor
	output  *buffer   // what slog wrote
	now     time.Time // Redis' clock

	mu      sync.Mutex
	secrets []string // must be in no answer and nowhere else
	private []string // may be in an answer, and nowhere else
	answers []string
}

func newWorld(t *testing.T, change ...func(*Config, *Deps)) *world {
	t.Helper()
	w := &world{
		t: t, redis: miniredis.RunT(t), wechat: &fakeWeChat{}, erp: newFakeERP(), log: &fakeLog{}, archive: &fakeArchive{},
		monitor: &fakeMonitor{results: healthy()}, output: &buffer{}, now: time.Now(),
		secrets: []string{password, adminToken, serviceKey}, private: []string{alice, bob},
	}
	w.redis.SetTime(w.now) // and from here on it stands still but for forward
	w.store = newStore(t, w.redis.Addr())
	cfg := Config{
		AdminTokens: []string{"an-older-admin-token-0000", adminToken}, ServiceKeys: []string{"an-older-service-key-0000", serviceKey},
		EventMessages: map[string]EventMessage{EventShipped: {
			TemplateID: otherTmpl, Page: "pages/order/detail?id={orderId}", Fields: map[string]string{"character_string1": "{orderNo}", "thing2": "{what}"},
		}},
		slack:  20 * time.Second,
		Logger: slog.New(slog.NewJSONHandler(w.output, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	masker := mask.New(mask.Keyed([]byte("key of the tests")))
	deps := Deps{
		Sessions: w.store, Arrivals: w.store, Bindings: w.store, Attempts: w.store, WeChat: w.wechat, Push: newPush(t, ""), Once: w.store,
		ERP: w.erp, Stock: w.erp, Sales: w.erp, Approvals: w.erp, Intents: w.store, Log: w.log, Archive: w.archive,
		Messages: newMessages(t, w.redis.Addr(), masker.Pseudonym), Templates: fakeTemplates{}, Customers: w.store,
		Masker: masker, Monitor: w.monitor,
		Registry: prometheus.NewRegistry(),
	}.watched().at(w.store)
	for _, f := range change {
		f(&cfg, &deps)
	}
	w.server = New(cfg, deps)
	t.Cleanup(w.searchForSecrets)
	return w
}

func newStore(t *testing.T, addr string) *session.Store {
	t.Helper()
	rdb, err := session.DialWithin("redis://"+addr, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rdb.Close() })
	return session.NewStore(rdb, newSealer(t), session.Config{Timeout: 5 * time.Second}) // a busy machine is no outage
}

func newSealer(t *testing.T) *session.Sealer {
	t.Helper()
	keys, err := session.ParseKeys([]string{"t1:" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))})
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := session.NewSealer(keys)
	if err != nil {
		t.Fatal(err)
	}
	return sealer
}

// forward winds Redis' clock.
func (w *world) forward(d time.Duration) {
	w.now = w.now.Add(d)
	w.redis.SetTime(w.now)
	w.redis.FastForward(d)
}

// searchForSecrets is the promise of every test: no secret in an answer, a log row or a log line.
func (w *world) searchForSecrets() {
	w.mu.Lock()
	defer w.mu.Unlock()
	written := w.output.String() + "\n" + w.log.String()
	for _, secret := range append(w.secrets, w.private...) {
		if strings.Contains(written, secret) {
			w.t.Errorf("%q was written down:\n%s", secret, around(written, secret))
		}
	}
	for _, secret := range append(w.secrets, w.wechat.sessionKeys()...) {
		for _, body := range append(w.answers, written) {
			if strings.Contains(body, secret) {
				w.t.Errorf("%q was given away:\n%s", secret, around(body, secret))
			}
		}
	}
}

func around(text, piece string) string {
	at := strings.Index(text, piece)
	return text[max(0, at-200):min(len(text), at+len(piece)+100)]
}

// answer is a response as a client reads it.
type answer struct {
	status int
	header http.Header
	raw    string
	envelope
	data map[string]any
}

// do sends a request through the house and checks what holds for every answer.
func (w *world) do(r *http.Request) answer {
	w.t.Helper()
	a := w.send(r)
	checkContract(w.t, w.server, r, a)
	return a
}

// send is do without the route's page of openapi.yaml, for problems that no route of today can have.
func (w *world) send(r *http.Request) answer {
	w.t.Helper()
	rows := w.log.count()
	rec := httptest.NewRecorder()
	w.server.ServeHTTP(rec, r)
	a := answer{status: rec.Code, header: rec.Header(), raw: rec.Body.String()}
	w.mu.Lock()
	w.answers = append(w.answers, a.raw)
	w.mu.Unlock()
	if strings.HasPrefix(a.header.Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(rec.Body.Bytes(), &a.envelope); err != nil {
			w.t.Fatalf("%s %s: %v in %s", r.Method, r.URL, err, a.raw)
		}
		a.data, _ = a.Data.(map[string]any)
		if a.RequestID == "" || a.RequestID != a.header.Get("X-Request-Id") {
			w.t.Errorf("%s %s: requestId %q, X-Request-Id %q", r.Method, r.URL, a.RequestID, a.header.Get("X-Request-Id"))
		}
	}
	w.checkRow(r, a, rows)
	return a
}

// checkRow holds the call log to one row per call under /api and per login or logout at the console, none for the rest.
func (w *world) checkRow(r *http.Request, a answer, before int) {
	w.t.Helper()
	want := 0
	act := r.Method == http.MethodPost && (r.URL.Path == consoleLoginPath || r.URL.Path == consoleOutPath)
	if act || r.URL.Path == "/api" || strings.HasPrefix(r.URL.Path, "/api/") {
		want = 1
	}
	if w.log.frozen() {
		return // parallel calls cannot be told apart
	}
	if got := w.log.count() - before; got != want {
		w.t.Fatalf("%s %s: %d rows in the call log, want %d", r.Method, r.URL, got, want)
	}
	if want == 0 {
		return
	}
	row := w.log.last()
	code := a.Code
	if code == 0 {
		code = http.StatusOK
	}
	if row.Status != code || row.Error != a.Error || row.RequestID != a.header.Get("X-Request-Id") {
		w.t.Errorf("%s %s: row %+v does not fit the answer %s", r.Method, r.URL, row, a.raw)
	}
}

// is checks a problem by code, name and HTTP status.
func (a answer) is(t *testing.T, code int, name string) {
	t.Helper()
	if a.Code != code || a.Error != name || a.status != code {
		t.Errorf("answered %d %s with status %d, want %d %s: %s", a.Code, a.Error, a.status, code, name, a.raw)
	}
}

func (a answer) ok(t *testing.T) answer {
	t.Helper()
	if a.Code != 0 || a.status != http.StatusOK {
		t.Fatalf("no success: %d %s", a.status, a.raw)
	}
	return a
}

// sameAs reports whether two answers tell the same, their ids apart.
func (a answer) sameAs(b answer) bool {
	return a.status == b.status && strings.ReplaceAll(a.raw, a.RequestID, "") == strings.ReplaceAll(b.raw, b.RequestID, "")
}

// request builds a request; headers come in pairs.
func request(method, target, body string, headers ...string) *http.Request {
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	r := httptest.NewRequest(method, target, content)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

func (w *world) get(target, token string, headers ...string) answer {
	w.t.Helper()
	return w.do(authorized(request(http.MethodGet, target, "", headers...), token))
}

func (w *world) post(target, token, body string, headers ...string) answer {
	w.t.Helper()
	return w.do(authorized(request(http.MethodPost, target, body, headers...), token))
}

func authorized(r *http.Request, token string) *http.Request {
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return r
}

// login logs an openid in and returns the session's token.
func (w *world) login(openid string) string {
	w.t.Helper()
	a := w.post("/api/auth/wx-login", "", `{"code":"code-of-`+openid+`"}`).ok(w.t)
	token, _ := a.data["sessionKey"].(string)
	w.mu.Lock()
	w.private = append(w.private, token)
	w.mu.Unlock()
	return token
}

// loginBound logs in and binds by ERP account.
func (w *world) loginBound(openid string) string {
	w.t.Helper()
	token := w.login(openid)
	w.post("/api/auth/erp-bind", token, `{"erpUsername":"user-`+openid[:5]+`","erpPassword":"`+password+`"}`).ok(w.t)
	return token
}

// pseudonym is what the log has for an openid.
func (w *world) pseudonym(openid string) string {
	return w.server.deps.Masker.Pseudonym("openid", openid)
}

// fakeWeChat knows every code of the form code-of-OPENID.
type fakeWeChat struct {
	mu    sync.Mutex
	fault error
	calls int
	keys  []string
}

func (f *fakeWeChat) Code2Session(_ context.Context, code string) (wxmsg.Login, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	openid, ok := strings.CutPrefix(code, "code-of-")
	switch {
	case f.fault != nil:
		return wxmsg.Login{}, f.fault
	case !ok:
		return wxmsg.Login{}, &wxmsg.Error{Op: "code2session", Kind: wxmsg.KindCodeInvalid, ErrCode: 40029}
	}
	key := base64.StdEncoding.EncodeToString([]byte("key of " + openid[:9]))
	f.keys = append(f.keys, key)
	return wxmsg.Login{OpenID: openid, UnionID: "union-" + openid, SessionKey: key}, nil
}

func (f *fakeWeChat) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault = err
}

func (f *fakeWeChat) sessionKeys() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.keys...)
}

// fakeERP has one order, of customer C1, for everybody it knows.
type fakeERP struct {
	mu     sync.Mutex
	fault  error
	panics any
	calls  []erpCall
	stock  fakeStock
}

type erpCall struct {
	op        string
	id        erpclient.Identity
	requestID string
	about     any
}

const (
	anOrder    = "88001"
	foreign    = "88002" // another customer's
	aMaterial  = "990011"
	inviteCode = "SNOW-2026-ABCD"
)

func newFakeERP() *fakeERP { return &fakeERP{} }

func (f *fakeERP) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault = err
}

func (f *fakeERP) asked() []erpCall {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]erpCall(nil), f.calls...)
}

func (f *fakeERP) ask(ctx context.Context, op string, id erpclient.Identity, about any) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, erpCall{op, id, erpclient.RequestID(ctx), about})
	if f.panics != nil {
		panic(f.panics)
	}
	switch {
	case f.fault != nil:
		return f.fault
	case about == foreign:
		return erpclient.Errorf(op, erpclient.KindNotFound, "belongs to customer C2 of 10.1.2.3")
	case op != "search" && op != "bind" && about != anOrder && about != aMaterial:
		return erpclient.Errorf(op, erpclient.KindNotFound, "no such row")
	}
	return nil
}

func (f *fakeERP) BindAccount(ctx context.Context, account, secret string) (erpclient.Bound, error) {
	if err := f.ask(ctx, "bind", erpclient.Identity{Account: account}, account); err != nil {
		return erpclient.Bound{}, err
	}
	if secret != password {
		return erpclient.Bound{}, erpclient.Errorf("login", erpclient.KindBadCredentials, "用户 %s 密码错误", account)
	}
	return erpclient.Bound{Account: account, Secret: "sha1 of it", Proof: "a fingerprint", Profile: erpclient.Profile{CompanyID: "CO1", CompanyName: "示例公司", Permissions: allPermissions}}, nil
}

func (f *fakeERP) BindInvite(ctx context.Context, code string) (erpclient.Bound, error) {
	if err := f.ask(ctx, "bind", erpclient.Identity{}, code); err != nil {
		return erpclient.Bound{}, err
	}
	if code != inviteCode {
		return erpclient.Bound{}, erpclient.Errorf("bind_invite", erpclient.KindNotFound, "no customer has this code")
	}
	return erpclient.Bound{CustomerID: "C1", Profile: erpclient.Profile{
		CompanyID: "C1", CompanyName: "示例客户", CustomerID: "C1", Permissions: erpclient.ReadPermissions,
	}}, nil
}

func (f *fakeERP) SearchOrders(ctx context.Context, id erpclient.Identity, q erpclient.OrderQuery) (erpclient.OrderPage, error) {
	total := 1
	return erpclient.OrderPage{Orders: []erpclient.Order{order()}, Total: &total}, f.ask(ctx, "search", id, q)
}

func (f *fakeERP) OrderStatus(ctx context.Context, id erpclient.Identity, orderID string) (erpclient.OrderStatus, error) {
	return orderStatus(), f.ask(ctx, "status", id, orderID)
}

func (f *fakeERP) OrderDetail(ctx context.Context, id erpclient.Identity, orderID string) (erpclient.OrderDetail, error) {
	return erpclient.OrderDetail{OrderStatus: orderStatus(), Materials: []erpclient.Material{material()}}, f.ask(ctx, "detail", id, orderID)
}

func (f *fakeERP) OrderMaterials(ctx context.Context, id erpclient.Identity, orderID string) ([]erpclient.Material, error) {
	return []erpclient.Material{material()}, f.ask(ctx, "materials", id, orderID)
}

func (f *fakeERP) MaterialProgress(ctx context.Context, id erpclient.Identity, materialID string) (erpclient.Progress, error) {
	return erpclient.Progress{
		Material: material(), Progress: "0.6", Stages: []erpclient.ProgressStage{{Name: "produced", Quantity: "600.000"}},
	}, f.ask(ctx, "progress", id, materialID)
}

func (f *fakeERP) Forget(context.Context, string) error { return nil }

func (f *fakeERP) Status() erpclient.Status {
	return erpclient.Status{Channels: []erpclient.ChannelStatus{{
		Name: "primary", Breakers: map[string]string{"read": "closed"}, InUse: true, Capabilities: []string{"orders"},
	}}, Contract: []erpclient.DriftStatus{{Op: "order", Path: "amount", Want: "number", Got: "array", Count: 2, LastSeen: time.Now()}}}
}

func order() erpclient.Order {
	return erpclient.Order{
		ID: anOrder, OrderNo: "SO2026011502", CustomerID: "C1", CustomerName: "示例客户", OrderDate: "2026-01-15",
		Status: erpclient.StateInProgress, StatusText: "进行中", RawStatus: "2", Amount: "12800.50", Currency: "CNY", ShippedRate: "0.25",
	}
}

func orderStatus() erpclient.OrderStatus {
	at := erpclient.Moment{Time: time.Date(2026, 1, 28, 14, 0, 0, 0, time.FixedZone("CST", 8*60*60))}
	return erpclient.OrderStatus{
		Order:    order(),
		Timeline: []erpclient.Stage{{Stage: "ordered", State: erpclient.StateDone, At: at}, {Stage: "shipped", State: erpclient.StateUnknown}},
		Deliveries: []erpclient.Delivery{{
			DeliveryNo: "DN1", Shipped: true, ShippedAt: at, LogisticsCompany: "顺丰速运", TrackingNo: "SF1",
			Attachments: []erpclient.Attachment{{Name: "装箱单.pdf", URL: "https://erp.example/file/1", Size: 12}},
		}},
	}
}

func material() erpclient.Material {
	return erpclient.Material{
		ID: aMaterial, OrderID: anOrder, Code: "M-100", Name: "面料", Quantity: "1000", ProducedQuantity: "600.000", Status: erpclient.StateInProgress,
	}
}

// fakeLog keeps what it is told.
type fakeLog struct {
	mu       sync.Mutex
	parallel bool
	calls    []audit.Call
	sessions []audit.SessionChange
	bindings []audit.BindingChange
	writes   []audit.WriteChange
	forgot   []string
	full     error // why no records are taken
}

func (f *fakeLog) Forget(pseudonym string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.forgot = append(f.forgot, pseudonym)
	return nil
}

func (f *fakeLog) Ready() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.full
}

// fill has the log take no records, or take them again with nil.
func (f *fakeLog) fill(why error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.full = why
}

func (f *fakeLog) Stats() audit.Stats { return audit.Stats{Pending: 3, Bytes: 4096, Fill: 0.25} }

func (f *fakeLog) forgotten() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.forgot...)
}

func (f *fakeLog) Call(c audit.Call) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, c)
}

func (f *fakeLog) Session(c audit.SessionChange) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sessions = append(f.sessions, c)
}

func (f *fakeLog) Binding(c audit.BindingChange) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.bindings = append(f.bindings, c)
}

func (f *fakeLog) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.calls)
}

func (f *fakeLog) last() audit.Call {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[len(f.calls)-1]
}

func (f *fakeLog) frozen() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.parallel
}

// inParallel says that calls run side by side from now on.
func (f *fakeLog) inParallel() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.parallel = true
}

// String is everything that was written down, as JSON.
func (f *fakeLog) String() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := errors.Join(encoder.Encode(f.calls), encoder.Encode(f.sessions), encoder.Encode(f.bindings), encoder.Encode(f.writes), encoder.Encode(f.forgot)); err != nil {
		return err.Error()
	}
	return text.String()
}

// fakeArchive answers every search with the same page and every export with the same rows.
type fakeArchive struct {
	mu             sync.Mutex
	fault          error
	calls          []LoggedCall
	more           bool
	messages       []UserMessage
	logged         []LoggedMessage
	messageQueries []MessageQuery
	queries        []CallQuery
	exported       []exported
}

// exported is what an export asked for.
type exported struct {
	pseudonym  string
	sessionIDs []string
}

func (f *fakeArchive) FindCalls(_ context.Context, q CallQuery) ([]LoggedCall, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.queries = append(f.queries, q)
	return f.calls, f.more, f.fault
}

func (f *fakeArchive) FindMessages(_ context.Context, q MessageQuery) ([]LoggedMessage, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.messageQueries = append(f.messageQueries, q)
	return f.logged, f.more, f.fault
}

func (f *fakeArchive) ExportUser(_ context.Context, pseudonym string, sessionIDs []string) (UserRows, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.exported = append(f.exported, exported{pseudonym, sessionIDs})
	return UserRows{
		Sessions: []UserSession{{SessionID: strings.Repeat("0a", 32), OpenID: pseudonym, Active: true}},
		Bindings: []UserBinding{{BindingID: newID(), SessionID: strings.Repeat("0a", 32), Valid: true}},
		Calls:    []LoggedCall{}, Messages: append([]UserMessage{}, f.messages...),
		Writes: []UserWrite{{Op: "record_stock", Params: "{}", State: "done", ERPRecordID: "R1", RequestID: newID()}},
	}, f.fault
}

func (f *fakeArchive) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault = err
}

func (f *fakeArchive) asked() []CallQuery {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]CallQuery(nil), f.queries...)
}

// fakeMonitor finds the same again and again. Its verdicts are the probes' unless a test says otherwise.
type fakeMonitor struct {
	results []health.Result
	words   map[string]health.Verdict
	past    map[string][]health.Outcome
	shares  map[string]health.Availability
	mu      sync.Mutex
	looked  []string
}

func (f *fakeMonitor) Snapshot() []health.Result { return f.results }

func (f *fakeMonitor) Verdicts() (all []health.Verdict) {
	for _, r := range f.results {
		v, _ := f.Verdict(r.Name)
		all = append(all, v)
	}
	return all
}

func (f *fakeMonitor) Verdict(probe string) (health.Verdict, bool) {
	if v, ok := f.words[probe]; ok {
		return v, true
	}
	for _, r := range f.results {
		if r.Name == probe {
			return health.Verdict{Name: probe, State: r.State, Since: r.Since}, true
		}
	}
	return health.Verdict{Name: probe, State: health.Unknown}, false
}

func (f *fakeMonitor) History(probe string) []health.Outcome { return f.past[probe] }

func (f *fakeMonitor) Availability(probe string) (health.Availability, bool) {
	a, ok := f.shares[probe]
	return a, ok
}

func (f *fakeMonitor) Look(_ context.Context, probe string) (health.Result, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.looked = append(f.looked, probe)
	for _, r := range f.results {
		if r.Name == probe {
			return r, nil
		}
	}
	return health.Result{}, health.ErrUnknownProbe
}

// set changes one probe's state.
func (f *fakeMonitor) set(name string, state health.State) {
	for i := range f.results {
		if f.results[i].Name == name {
			f.results[i].State = state
		}
	}
}

func healthy() (results []health.Result) {
	for _, name := range []string{ProbeRedis, ProbeSQL, ProbeAudit, ProbeERP, ProbeWeChat} {
		results = append(results, health.Result{
			Name: name, State: health.Up, Age: 12 * time.Second, Latency: 3 * time.Millisecond,
			CheckedAt: time.Unix(1_800_000_000, 0), Since: time.Unix(1_799_000_000, 0),
		})
	}
	return results
}

// buffer is a bytes.Buffer for several writers.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
