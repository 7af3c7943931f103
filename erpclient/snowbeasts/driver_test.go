package snowbeasts

import (
	"net/http"
	"strings"
	"testing"

	"snowgate/erpclient"
	"snowgate/erpclient/erphttp"
)

func TestSecretIsWhatTheLoginAccepts(t *testing.T) {
	for digest, want := range map[string]string{
		"":          "a94a8fe5ccb19ba61c4c0873d391e987982fbbd3",
		DigestSHA1:  "a94a8fe5ccb19ba61c4c0873d391e987982fbbd3",
		DigestPlain: "test",
	} {
		d := newDriver(t, "http://127.0.0.1:1", func(c *Config) { c.PasswordDigest = digest })
		if got := d.Secret("test"); got != want {
			t.Errorf("digest %q: got %q, want %q", digest, got, want)
		}
	}
}

func TestNewNamesAllComplaintsAtOnce(t *testing.T) {
	_, err := New(Config{AppID: "12a", PasswordDigest: "md5", Forms: Forms{
		Orders: Form{Fields: map[string]string{"ordrNo": "x", "id": ""}},
	}})
	if err == nil {
		t.Fatal("a wrong configuration was accepted")
	}
	for _, part := range []string{"HTTP client", `"12a"`, `"md5"`, `"ordrNo"`, `"id"`} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the complaint does not name %s: %v", part, err)
		}
	}
}

func TestProbe(t *testing.T) {
	status := func(n int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(n) }
	}
	none := erpclient.Session{}
	for _, tc := range []struct {
		name    string
		session erpclient.Session
		answer  http.HandlerFunc
		path    string
		want    erpclient.Kind
	}{
		{"front page", none, status(200), "/", ""},
		{"front page redirects", none, status(302), "/", ""},
		{"front page is missing", none, status(404), "/", ""},
		{"ERP is down", none, status(503), "/", erpclient.KindUnavailable},
		{"with a session", session(), answering(page1("")), "/business/getBusinessPageList", ""},
		{"session was lost", session(), status(401), "/business/getBusinessPageList", erpclient.KindSessionExpired},
		{"session was lost, by redirect", session(), status(302), "/business/getBusinessPageList", erpclient.KindSessionExpired},
		{"ERP is down, with a session", session(), status(500), "/business/getBusinessPageList", erpclient.KindUnavailable},
	} {
		t.Run(tc.name, func(t *testing.T) {
			erp := newScripted(t, tc.answer)
			if got := erpclient.KindOf(erp.Probe(t.Context(), tc.session)); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
			got := erp.requests()
			if len(got) != 1 || got[0].path != tc.path {
				t.Fatalf("asked %+v, want one request to %s", got, tc.path)
			}
			if size := got[0].body["pageSize"]; tc.session.Token != "" && size != 1.0 {
				t.Errorf("asked for %v rows, want 1", size)
			}
		})
	}
}

func TestUnreachableIsUnavailable(t *testing.T) {
	d := newDriver(t, "http://127.0.0.1:1")
	wantKind(t, d.Probe(t.Context(), erpclient.Session{}), erpclient.KindUnavailable, "")
	_, err := d.Login(t.Context(), erpclient.Credentials{Account: "a", Secret: "s"})
	wantKind(t, err, erpclient.KindUnavailable, "")
	_, err = d.SearchOrders(t.Context(), everybody(), erpclient.OrderQuery{})
	wantKind(t, err, erpclient.KindUnavailable, "")
}

func TestBodyOverTheLimitIsBadAnswer(t *testing.T) {
	erp := newScripted(t, answering(page1(`{"id":1,"code":"`+strings.Repeat("x", 5000)+`"}`)), func(c *Config) {
		client, err := erphttp.New(erphttp.Config{Origin: c.HTTP.Origin().String(), MaxBodyBytes: 1000})
		if err != nil {
			t.Fatal(err)
		}
		c.HTTP = client
	})
	_, err := erp.SearchOrders(t.Context(), everybody(), erpclient.OrderQuery{})
	wantKind(t, err, erpclient.KindBadAnswer, "")
}
