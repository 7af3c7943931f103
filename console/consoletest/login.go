package consoletest

import (
	"encoding/json"
	"net/http"
)

func (s *Server) login(w http.ResponseWriter, r *http.Request) {
	var form struct {
		Token string `json:"token"`
	}
	if err := json.NewDecoder(r.Body).Decode(&form); err != nil || form.Token != Token {
		refuse(w, http.StatusForbidden, "forbidden", "无权访问")
		return
	}
	http.SetCookie(w, sessionCookie(cookie, 0))
	answer(w, obj{"csrf": csrf})
}

func (s *Server) logout(w http.ResponseWriter, _ *http.Request) {
	http.SetCookie(w, sessionCookie("", -1))
	answer(w, obj{})
}

func (s *Server) session(w http.ResponseWriter, r *http.Request) {
	if !signedIn(r) {
		refuse(w, http.StatusUnauthorized, "session_expired", "登录已过期，请重新登录")
		return
	}
	answer(w, obj{"csrf": csrf})
}

func sessionCookie(value string, age int) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // not Secure: tests reach it by plain http
		Name: cookieName, Value: value, MaxAge: age, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode,
	}
}

func signedIn(r *http.Request) bool {
	c, err := r.Cookie(cookieName)
	return err == nil && c.Value == cookie
}
