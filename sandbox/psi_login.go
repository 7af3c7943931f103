package sandbox

import (
	"encoding/json"
	"net/http"
	"strings"
)

// PSIUser is somebody who can log in to the PSI.
type PSIUser struct {
	User     string `json:"user"`
	Password string `json:"password"`
	Name     string `json:"name"`
}

var psiUsers = []PSIUser{{"wu.cang", "psi-wu-1", "吴仓管"}, {"zhou.dian", "psi-zhou-1", "周店长"}}

// Users returns everybody who can log in.
func (p *PSI) Users() []PSIUser { return append([]PSIUser(nil), psiUsers...) }

// ExpireTokens ends all logins: calls with their tokens are answered with code 401.
func (p *PSI) ExpireTokens() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.tokens)
}

func (p *PSI) serveLogin(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Username string `json:"username"`
		Password string `json:"password"`
	}
	if json.NewDecoder(r.Body).Decode(&in) != nil || in.Username == "" {
		psiFail(w, http.StatusUnprocessableEntity, "用户名不能为空")
		return
	}
	for _, u := range psiUsers {
		if u.User == in.Username && u.Password == in.Password {
			psiOK(w, map[string]any{"token": p.newToken(u.User), "name": u.Name})
			return
		}
	}
	psiFail(w, http.StatusUnauthorized, "用户名或密码错误")
}

func (p *PSI) newToken(user string) string {
	token := "psi_" + newCookieValue()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tokens[token] = user
	return token
}

// caller is who asks: the user of a token, "api-key" for the key, "" for anybody else.
func (p *PSI) caller(r *http.Request) string {
	bearer, isBearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !isBearer {
		bearer = ""
	}
	key := r.Header.Get(p.opts.Header)
	if p.opts.Header == "Authorization" {
		key = bearer
	}
	if key == p.opts.APIKey {
		return "api-key"
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.tokens[bearer]
}

// known lets only those through who have the key or a token.
func (p *PSI) known(handle http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if p.caller(r) == "" {
			psiFail(w, http.StatusUnauthorized, "未登录或登录已过期")
			return
		}
		handle(w, r)
	}
}
