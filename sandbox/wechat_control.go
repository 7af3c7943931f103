package sandbox

import "net/http"

func (w *WeChat) controlRoutes() *http.ServeMux {
	mux := w.controlMux()
	mux.HandleFunc("POST "+controlPrefix+"fail", w.controlFail)
	mux.HandleFunc("GET "+controlPrefix+"sent", func(rw http.ResponseWriter, _ *http.Request) {
		writeJSON(rw, http.StatusOK, w.Sent())
	})
	mux.HandleFunc("GET "+controlPrefix+"calls", func(rw http.ResponseWriter, _ *http.Request) {
		writeJSON(rw, http.StatusOK, w.Calls())
	})
	mux.HandleFunc("GET "+controlPrefix+"pushes", func(rw http.ResponseWriter, _ *http.Request) {
		writeJSON(rw, http.StatusOK, w.Pushes())
	})
	mux.HandleFunc("POST "+controlPrefix+"push-to", w.controlPushTo)
	mux.HandleFunc("POST "+controlPrefix+"popup", w.controlAnswer(w.Popup))
	mux.HandleFunc("POST "+controlPrefix+"change", w.controlAnswer(w.Change))
	return mux
}

func (w *WeChat) controlFail(rw http.ResponseWriter, r *http.Request) {
	in := struct {
		API     string `json:"api"`
		Errcode int    `json:"errcode"`
		Times   int    `json:"times"`
	}{Times: 1}
	if !readControl(rw, r, &in) {
		return
	}
	w.FailNext(in.API, in.Errcode, in.Times)
	writeJSON(rw, http.StatusOK, in)
}

func (w *WeChat) controlPushTo(rw http.ResponseWriter, r *http.Request) {
	var in struct {
		URL    string `json:"url"`
		Token  string `json:"token"`
		AESKey string `json:"aesKey"`
	}
	if !readControl(rw, r, &in) {
		return
	}
	if err := w.PushTo(in.URL, in.Token, in.AESKey); err != nil {
		refuse(rw, err)
		return
	}
	writeJSON(rw, http.StatusOK, map[string]string{"url": in.URL})
}

// controlAnswer lets a user answer a request for a subscription.
func (w *WeChat) controlAnswer(say func(openid, templateID string, accept bool)) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		var in struct {
			OpenID     string `json:"openid"`
			TemplateID string `json:"templateId"`
			Accept     bool   `json:"accept"`
		}
		if !readControl(rw, r, &in) {
			return
		}
		say(in.OpenID, in.TemplateID, in.Accept)
		writeJSON(rw, http.StatusOK, in)
	}
}
