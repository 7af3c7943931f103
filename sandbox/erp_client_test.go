package sandbox

import (
	"crypto/sha1" //nolint:gosec // as the ERP's login page does
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
)

// erpClient talks to an ERP as the known client does: cookies by hand.
type erpClient struct {
	t                *testing.T
	http             *http.Client
	url              string
	sid, portal, app string
}

func newERPClient(t *testing.T, url string) *erpClient {
	t.Helper()
	return &erpClient{t: t, http: plainClient(t), url: url}
}

// loggedIn goes through both steps as user.
func loggedIn(t *testing.T, e *ERP, url, user string) *erpClient {
	t.Helper()
	account, known := accountOf(user)
	if !known {
		t.Fatalf("no account %s", user)
	}
	c := newERPClient(t, url)
	if got := c.login(user, account.Password); got.cookies["sid"] == "" {
		t.Fatalf("login of %s refused: %s", user, got.body)
	}
	c.openApp(e.AppID())
	if c.app == "" {
		t.Fatal("open-app gave no JSESSIONID")
	}
	return c
}

func (c *erpClient) login(user, password string) reply {
	c.t.Helper()
	sum := sha1.Sum([]byte(password)) //nolint:gosec // see the import
	got := ask(c.t, c.http, "POST", c.url+"/apps/service/login", map[string]any{
		"state": true, "account": user, "token": "", "password": hex.EncodeToString(sum[:]),
	})
	c.sid, c.portal = got.cookies["sid"], got.cookies["JSESSIONID"]
	return got
}

// openApp follows the redirects with the sid cookie and returns all answers.
func (c *erpClient) openApp(appID string) (answers []reply) {
	c.t.Helper()
	where := "/apps/user/open-app/" + appID
	for range 5 {
		got := ask(c.t, c.http, "GET", c.url+where, nil, "Cookie", "sid="+c.sid)
		answers = append(answers, got)
		if id := got.cookies["JSESSIONID"]; id != "" {
			c.app = id
		}
		if got.status != http.StatusFound {
			return answers
		}
		where = got.header.Get("Location")
	}
	c.t.Fatal("too many redirects")
	return nil
}

func (c *erpClient) raw(op string, body map[string]any) reply {
	c.t.Helper()
	if body["appName"] == nil {
		body["appName"] = "SnowInventory-10001"
	}
	return ask(c.t, c.http, "POST", c.url+"/business/"+op, body,
		"Cookie", "JSESSIONID="+c.app+"; sid="+c.sid, "X-Request-Id", "req-"+op)
}

// refused expects a failed call and returns its message.
func (c *erpClient) refused(op string, body map[string]any) string {
	c.t.Helper()
	got := c.raw(op, body)
	out := got.object(c.t)
	if got.status != http.StatusOK || out["success"] != false {
		c.t.Fatalf("%s should be refused with 200, got %d %s", op, got.status, got.body)
	}
	return text(out["message"])
}

// data expects success.
func (c *erpClient) data(op string, body map[string]any) map[string]any {
	c.t.Helper()
	got := c.raw(op, body).object(c.t)
	if got["success"] != true {
		c.t.Fatalf("%s refused: %v", op, got)
	}
	return object(got["data"])
}

// page returns the rows of a list and the total.
func (c *erpClient) page(form string, body map[string]any) (rows []map[string]any, total string) {
	c.t.Helper()
	body["formId"] = form
	data := c.data("getBusinessPageList", body)
	list, ok := data["_dataList"].([]any)
	if !ok {
		c.t.Fatalf("_dataList is %T", data["_dataList"])
	}
	for _, item := range list {
		rows = append(rows, object(item))
	}
	return rows, text(data["_count"])
}

func codes(rows []map[string]any, column string) string {
	var out []string
	for _, r := range rows {
		out = append(out, text(r[column]))
	}
	return strings.Join(out, " ")
}

type m = map[string]any
