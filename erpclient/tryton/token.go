package tryton

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"

	"snowgate/erpclient"
)

// token is what a session keeps: who asks, and the context that their calls need.
type token struct {
	User     string `json:"user"`
	ID       int64  `json:"id"`
	Key      string `json:"key"`
	Company  int64  `json:"company,omitempty"`
	Language string `json:"language,omitempty"`
	// Stamp is when the user's record was last written, as of the login. An administrator who changes the password, the
	// groups or the companies changes it.
	Stamp string `json:"stamp"`
}

// String hides the key from every log and error text.
func (t token) String() string { return t.User + ":***" }

// GoString hides the key from %#v.
func (t token) GoString() string { return t.String() }

func tokenOf(s erpclient.Session, op string) (t token, err error) {
	if json.Unmarshal([]byte(s.Token), &t) != nil || t.Key == "" || t.ID == 0 {
		return t, erpclient.Errorf(op, erpclient.KindSessionExpired, "there is no session")
	}
	return t, nil
}

func (t token) encode() (string, error) {
	text, err := json.Marshal(t)
	return string(text), err
}

// header is the session's credential. The name in it is for Tryton's log only, and a colon in it would hide the rest.
func (t token) header() string {
	name := strings.ReplaceAll(t.User, ":", "_")
	return "Session " + base64.StdEncoding.EncodeToString([]byte(name+":"+strconv.FormatInt(t.ID, 10)+":"+t.Key))
}
