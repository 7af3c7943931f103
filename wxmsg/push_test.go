package wxmsg

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha1" //nolint:gosec // WeChat's scheme
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// The vectors were computed apart from this code.
const (
	pushToken     = "snowgate_token"
	pushKey       = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
	pushAppID     = "wx0123456789abcdef"
	pushSignature = "df0ca9586b404dd27ec2efe271cedb5d80c2f4b6"
	sealedA       = "4j/AuRx71kQlxVlzbpsMWM9asHd69sygVYM2Z6jo6cfgj1iCafZOVKJuU9sr7bgWux/ZlDcpiWCl5Hy9jfiRQA=="
	signatureA    = "f2ce2201906e2a63f17346cc2537e2dc1f215391"
	sealedB       = "4j/AuRx71kQlxVlzbpsMWBbtb6q6oxcZMUVg2G1RSYgcht2I/5G+1f2W1Z77jz8Wwfg9uICMq5jRvdSrT6WQeAkBN0f7bQZaBNik+Izl7Vppp/JWWmEjhmhqZHHyQums"
	signatureB    = "25aa422879a4a2862064968afec8dfda3983b4b4"
)

func newPush(t testing.TB, aesKey string) *Push {
	t.Helper()
	p, err := NewPush(pushToken, aesKey, pushAppID)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func plainQuery() url.Values {
	return url.Values{"signature": {pushSignature}, "timestamp": {"1700000000"}, "nonce": {"n0nce42"}}
}

func sealedQuery(signature string) url.Values {
	q := plainQuery()
	q.Set("encrypt_type", "aes")
	q.Set("msg_signature", signature)
	return q
}

// sha1Of signs as WeChat does.
func sha1Of(parts ...string) string {
	slices.Sort(parts)
	sum := sha1.Sum([]byte(strings.Join(parts, ""))) //nolint:gosec // WeChat's scheme
	return hex.EncodeToString(sum[:])
}

// encrypted encrypts whole blocks and signs them: what only WeChat can make.
func encrypted(t testing.TB, plain []byte) (url.Values, []byte) {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(pushKey + "=")
	if err != nil {
		t.Fatal(err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]byte, len(plain))
	cipher.NewCBCEncrypter(block, key[:16]).CryptBlocks(out, plain)
	sealed := base64.StdEncoding.EncodeToString(out)
	return sealedQuery(sha1Of(pushToken, "1700000000", "n0nce42", sealed)), []byte(`{"ToUserName":"gh_1","Encrypt":"` + sealed + `"}`)
}

// framed lays a message out and pads it.
func framed(length int, message, appID string) []byte {
	plain := append([]byte("0123456789abcdef"), 0, 0, 0, 0)
	binary.BigEndian.PutUint32(plain[16:], uint32(length)) //nolint:gosec // small, or wrong on purpose
	plain = append(plain, message+appID...)
	pad := 32 - len(plain)%32
	return append(plain, bytes.Repeat([]byte{byte(pad)}, pad)...)
}

func TestPushVerifiesTheURL(t *testing.T) {
	for _, key := range []string{"", pushKey} {
		p := newPush(t, key)
		if !p.VerifyURL(pushSignature, "1700000000", "n0nce42") {
			t.Error("WeChat's own signature was refused")
		}
		for _, row := range [][3]string{
			{"", "1700000000", "n0nce42"}, {pushSignature, "1700000001", "n0nce42"}, {pushSignature, "1700000000", "n0nce43"},
			{strings.ToUpper(pushSignature), "1700000000", "n0nce42"}, {pushSignature[:39], "1700000000", "n0nce42"},
			{pushSignature + "0", "1700000000", "n0nce42"}, {pushSignature, "", ""},
		} {
			if p.VerifyURL(row[0], row[1], row[2]) {
				t.Errorf("%v was taken", row)
			}
		}
	}
}

func TestPushOpensTheVectors(t *testing.T) {
	p := newPush(t, pushKey)
	for name, v := range map[string]struct{ sealed, signature, message string }{
		"padded by 4":  {sealedA, signatureA, `{"Event":"debug_demo"}`},
		"padded by 26": {sealedB, signatureB, `{"Event":"debug_demo","n":12345}`},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := p.decrypt(v.sealed); err != nil || string(got) != v.message {
				t.Errorf("decrypted %q, %v; want %q", got, err, v.message)
			}
			for _, body := range []string{
				`{"ToUserName":"gh_1","Encrypt":"` + v.sealed + `"}`,
				"<xml>\n <ToUserName><![CDATA[gh_1]]></ToUserName>\n <Encrypt><![CDATA[" + v.sealed + "]]></Encrypt>\n</xml>\n",
			} {
				events, err := p.Open(sealedQuery(v.signature), []byte(body))
				if want := []Event{{Name: "debug_demo"}}; err != nil || !reflect.DeepEqual(events, want) {
					t.Errorf("got %+v, %v; want %+v", events, err, want)
				}
			}
		})
	}
	events, err := newPush(t, "").Open(plainQuery(), []byte(`{"Event":"debug_demo"}`))
	if want := []Event{{Name: "debug_demo"}}; err != nil || !reflect.DeepEqual(events, want) {
		t.Errorf("plain: got %+v, %v; want %+v", events, err, want)
	}
}

// Whatever is signed is refused with any one of its bytes changed.
func TestPushRefusesATamperedByte(t *testing.T) {
	p := newPush(t, pushKey)
	changed := func(s string, i int) string { return s[:i] + string(rune(s[i]^1)) + s[i+1:] }
	open := func(q url.Values, sealed string) error {
		body, err := json.Marshal(map[string]string{"ToUserName": "gh_1", "Encrypt": sealed})
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.Open(q, body)
		return err
	}
	if err := open(sealedQuery(signatureB), sealedB); err != nil {
		t.Fatal(err)
	}
	for i := range sealedB {
		if err := open(sealedQuery(signatureB), changed(sealedB, i)); !errors.Is(err, ErrSignature) {
			t.Errorf("Encrypt[%d]: %v", i, err)
		}
	}
	plain := newPush(t, "")
	for _, name := range []string{"msg_signature", "signature", "timestamp", "nonce"} {
		for i := range sealedQuery(signatureB).Get(name) {
			q := sealedQuery(signatureB)
			q.Set(name, changed(q.Get(name), i))
			if err := open(q, sealedB); name != "signature" && !errors.Is(err, ErrSignature) {
				t.Errorf("%s[%d]: %v", name, i, err)
			}
			q.Del("encrypt_type")
			if _, err := plain.Open(q, []byte(`{"Event":"x"}`)); name != "msg_signature" && !errors.Is(err, ErrSignature) {
				t.Errorf("plain, %s[%d]: %v", name, i, err)
			}
		}
	}
}

// A good signature is no reason to believe what is inside.
func TestPushRefusesWhatIsSealedWrong(t *testing.T) {
	const message = `{"Event":"e"}`
	good := framed(len(message), message, pushAppID)
	at := func(i int, b byte) []byte { c := bytes.Clone(good); c[i] = b; return c }
	for name, plain := range map[string][]byte{
		"nothing":                  {},
		"half of 32 bytes":         good[:16],
		"padded by 0":              at(len(good)-1, 0),
		"padded by 33":             at(len(good)-1, 33),
		"padded unevenly":          at(len(good)-2, 1),
		"padding only":             bytes.Repeat([]byte{32}, 32),
		"no room for a length":     append(bytes.Repeat([]byte{'x'}, 14), bytes.Repeat([]byte{18}, 18)...),
		"longer than it is":        framed(1000, message, pushAppID),
		"longer than 31 bits":      framed(1<<32-1, message, pushAppID),
		"shorter than it is":       framed(len(message)-1, message, pushAppID),
		"for another mini-program": framed(len(message), message, "wx0123456789abcdee"),
		"for nobody":               framed(len(message), message, ""),
		"not JSON inside":          framed(3, "xyz", pushAppID),
	} {
		t.Run(name, func(t *testing.T) {
			query, body := encrypted(t, plain)
			if events, err := newPush(t, pushKey).Open(query, body); !errors.Is(err, ErrMalformed) || events != nil {
				t.Errorf("got %+v, %v", events, err)
			}
		})
	}
	query, body := encrypted(t, good)
	if _, err := newPush(t, pushKey).Open(query, body); err != nil {
		t.Errorf("the good one: %v", err)
	}
}

func TestPushModeIsFixed(t *testing.T) {
	if _, err := newPush(t, pushKey).Open(plainQuery(), []byte(`{"Event":"e"}`)); !errors.Is(err, ErrSignature) {
		t.Errorf("plain, with a key configured: %v", err)
	}
	sealed := sealedQuery(signatureA)
	sealed.Del("encrypt_type")
	if _, err := newPush(t, pushKey).Open(sealed, []byte(`{"Encrypt":"`+sealedA+`"}`)); !errors.Is(err, ErrSignature) {
		t.Errorf("encrypted, and said to be plain: %v", err)
	}
	if _, err := newPush(t, "").Open(sealedQuery(signatureA), []byte(`{"Encrypt":"`+sealedA+`"}`)); !errors.Is(err, ErrMalformed) {
		t.Errorf("encrypted, without a key: %v", err)
	}
}

func TestPushReadsBothForms(t *testing.T) {
	cancelled := Event{Name: EventCancellation, OpenID: "oAlice", FromUser: "gh_platform", CreateTime: 1700000000}
	for name, row := range map[string]struct {
		body string
		want Event
	}{
		"JSON with a number": {`{"ToUserName":"gh_1","FromUserName":"gh_platform","CreateTime":1700000000,"MsgType":"event",` +
			`"Event":"user_authorization_cancellation","OpenID":"oAlice","AppID":"wx0123456789abcdef"}`, cancelled},
		"JSON with strings and strange company": {` {"List":[{"a":{}}],"CreateTime":"1700000000","FromUserName":"gh_platform",` +
			`"Event":"user_authorization_cancellation","OpenID":"oAlice","MsgId":null,"RevokeInfo":""}` + "\n", cancelled},
		"XML": {`<?xml version="1.0" encoding="UTF-8"?><!-- c --><xml><FromUserName><![CDATA[gh_platform]]></FromUserName><CreateTime>1700000000</CreateTime>` +
			`<Event><![CDATA[user_authorization_cancellation]]></Event><OpenID> oAlice </OpenID><X><Event>y</Event></X></xml>`, cancelled},
		"a revocation": {`{"Event":"user_authorization_revoke","OpenID":"oAlice","RevokeInfo":8}`,
			Event{Name: EventRevoke, OpenID: "oAlice", Revoke: "8"}},
		"a message's 64 bit id": {`{"MsgType":"text","MsgId":23637352235060880,"FromUserName":"oAlice"}`,
			Event{FromUser: "oAlice", MsgID: "23637352235060880"}},
		"an XML message": {`<xml><MsgId>23637352235060880</MsgId></xml>`, Event{MsgID: "23637352235060880"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := newPush(t, "").Open(plainQuery(), []byte(row.body))
			if err != nil || !reflect.DeepEqual(got, []Event{row.want}) {
				t.Errorf("got %+v, %v; want %+v", got, err, row.want)
			}
		})
	}
}

// What cannot be read is malformed, and the error does not repeat it.
func TestPushRefusesWhatIsNoEvent(t *testing.T) {
	for _, body := range []string{
		"", " ", "quoted", `["quoted"]`, `"quoted"`, `{"Event":"quoted"`, `{"Event":"quoted"}{}`, `{"Event":{"quoted":1}}`, `{"OpenID":true}`,
		`{"CreateTime":"quoted"}`, `{"CreateTime":1.5}`, `{"CreateTime":1e99}`, `{"Event":"quoted\u0000"}`, "{\"Event\":\"quoted\xff\"}",
		`{"OpenID":"` + strings.Repeat("quoted", 50) + `"}`,
		"<xml>", "<xml><Event>quoted</xml>", "<quoted><Event>e</Event></quoted>", "<xml/><xml/>", "<xml></xml>quoted", "<!-- quoted -->",
		`<!DOCTYPE x [<!ENTITY e "quoted">]><xml><Event>&e;</Event></xml>`, `<?xml version="1.0" encoding="gbk"?><xml><Event>quoted</Event></xml>`,
	} {
		events, err := newPush(t, "").Open(plainQuery(), []byte(body))
		if !errors.Is(err, ErrMalformed) || events != nil {
			t.Errorf("%q: got %+v, %v", body, events, err)
		} else if strings.Contains(err.Error(), "quoted") {
			t.Errorf("%q is quoted: %v", body, err)
		}
	}
}

func TestNewPushRefusesWithoutQuoting(t *testing.T) {
	for _, row := range [][3]string{
		{"", pushKey, pushAppID}, {pushToken, pushKey, ""}, {pushToken, pushKey[:42], pushAppID}, {pushToken, pushKey + "=", pushAppID},
		{pushToken, pushKey[:42] + "!", pushAppID}, {pushToken, pushKey[:42] + "\n", pushAppID},
	} {
		p, err := NewPush(row[0], row[1], row[2])
		if err == nil || p != nil {
			t.Errorf("%q was taken", row)
		} else if strings.Contains(err.Error(), pushKey[:20]) || strings.Contains(err.Error(), pushToken) {
			t.Errorf("quoted: %v", err)
		}
	}
	if _, err := NewPush(pushToken, strings.Repeat("9", 43), pushAppID); err != nil {
		t.Errorf("a key whose last character has loose bits: %v", err)
	}
}

// Nothing that comes in panics, gets past a wrong signature, or fails without saying which of the two it is.
func FuzzPushOpen(f *testing.F) {
	f.Add("", "", []byte(`{"Event":"e","CreateTime":"1"}`))
	f.Add("aes", signatureA, []byte(`{"Encrypt":"`+sealedA+`"}`))
	f.Add("aes", signatureB, []byte(`<xml><Encrypt>`+sealedB+`</Encrypt></xml>`))
	f.Add("aes", "", []byte(`{"Event":"e"}`))
	f.Add("", "", []byte(`{"Event":"subscribe_msg_sent_event","List":{"TemplateId":"T","MsgID":1,"ErrorCode":"0"}}`))
	f.Add("", "", []byte(`<xml><Event>subscribe_msg_popup_event</Event><SubscribeMsgPopupEvent><List><TemplateId>T</TemplateId></List></SubscribeMsgPopupEvent></xml>`))
	f.Fuzz(func(t *testing.T, mode, signature string, body []byte) {
		plain, sealed := newPush(t, ""), newPush(t, pushKey)
		query := sealedQuery(signature)
		query.Set("encrypt_type", mode)
		if _, err := plain.Open(query, body); err != nil && !errors.Is(err, ErrMalformed) {
			t.Errorf("plain: %v", err)
		}
		if _, err := sealed.Open(query, body); err == nil && signature != signatureA && signature != signatureB {
			t.Errorf("opened %q", body)
		} else if err != nil && !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrSignature) {
			t.Errorf("sealed: %v", err)
		}
		query, outer := encrypted(t, framed(len(body), string(body), pushAppID)) // as if WeChat had sent it
		inner, errInner := sealed.Open(query, outer)
		direct, errDirect := plain.Open(plainQuery(), body)
		if !reflect.DeepEqual(inner, direct) || (errInner == nil) != (errDirect == nil) {
			t.Errorf("sealed %+v, %v; plain %+v, %v", inner, errInner, direct, errDirect)
		}
	})
}
