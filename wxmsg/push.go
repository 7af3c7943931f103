package wxmsg

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha1" //nolint:gosec // WeChat's scheme; there is no other
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

var (
	// ErrSignature says that a push is not WeChat's, or not in the mode the mini-program is set to.
	ErrSignature = errors.New("wechat push: signature")
	// ErrMalformed says that a push carries a good signature and cannot be read: another AES key, another mini-program, or
	// a form nobody documented. Its text never quotes the push.
	ErrMalformed = errors.New("wechat push: malformed")
)

// The events that say what becomes of a person's data (WeChat: data security, 用户信息变更通知).
const (
	EventCancellation = "user_authorization_cancellation" // the account is closed: delete what is held of the person
	EventRevoke       = "user_authorization_revoke"       // consent to some data was taken back: delete that data
)

// Event is what WeChat tells about one thing that happened. Fields that an event does not have are empty.
type Event struct {
	Name       string // such as EventRevoke
	OpenID     string // whom it is about, where the event names a person apart from the sender
	FromUser   string // the sender: a person's openid, or for news about persons a name of the platform's own
	CreateTime int64  // Unix time, s
	MsgID      string // of messages; events have none, and items their own
	Revoke     string // RevokeInfo: the code of the data whose use was revoked
	Items      []SubscribeItem
}

// Push reads what WeChat sends to the callback of one mini-program (WeChat: message push, 消息推送). It is safe for
// concurrent use.
//
// It does not know the time: whether a push is old, or was there before, is for the caller to decide.
type Push struct {
	token, appID string
	block        cipher.Block // nil: plain mode
	iv           []byte
}

// encodedKeyLength is that of an EncodingAESKey, which is the base64 of 32 bytes without its padding.
const encodedKeyLength = 43

// NewPush takes the token, the EncodingAESKey and the AppID of the mini-program. Without an aesKey pushes are read in
// plain mode only, with one in secure mode only. Errors quote nothing.
func NewPush(token, aesKey, appID string) (*Push, error) {
	if token == "" || appID == "" {
		return nil, errors.New("wechat push: token and appid are required")
	}
	p := &Push{token: token, appID: appID}
	if aesKey == "" {
		return p, nil
	}
	key, err := base64.StdEncoding.DecodeString(aesKey + "=")
	if err != nil || len(aesKey) != encodedKeyLength || len(key) != 32 {
		return nil, errors.New("wechat push: the EncodingAESKey is not 43 characters of base64")
	}
	if p.block, err = aes.NewCipher(key); err != nil {
		return nil, fmt.Errorf("wechat push: %w", err)
	}
	p.iv = key[:aes.BlockSize]
	return p, nil
}

// VerifyURL reports whether WeChat asks, in the question with which it checks the callback's address.
func (p *Push) VerifyURL(signature, timestamp, nonce string) bool {
	return p.signed(signature, timestamp, nonce)
}

// signed compares in constant time with the SHA-1 of the token and the parts, sorted and joined.
func (p *Push) signed(signature string, parts ...string) bool {
	parts = append(parts, p.token)
	slices.Sort(parts)
	sum := sha1.Sum([]byte(strings.Join(parts, ""))) //nolint:gosec // WeChat's scheme
	return subtle.ConstantTimeCompare([]byte(signature), []byte(hex.EncodeToString(sum[:]))) == 1
}

// Open verifies a push and returns its events. Whether it is JSON or XML is seen from its first character: the console
// decides it, and the Content-Type does not always agree. Returns ErrSignature or ErrMalformed.
//
// In plain mode the signature does not cover the body: who has seen one push can write others for as long as its
// timestamp is accepted. Secure mode has no such gap.
func (p *Push) Open(query url.Values, body []byte) ([]Event, error) {
	message, err := p.verified(query, body)
	if err != nil {
		return nil, err
	}
	return eventsOf(message)
}

// verified is the message that a push carries, once it is known to be WeChat's.
func (p *Push) verified(query url.Values, body []byte) ([]byte, error) {
	switch encrypted := query.Get("encrypt_type") == "aes"; {
	case p.block != nil && !encrypted:
		return nil, ErrSignature // nobody has signed its body
	case p.block != nil:
		return p.unseal(query, body)
	case !p.signed(query.Get("signature"), query.Get("timestamp"), query.Get("nonce")):
		return nil, ErrSignature
	case encrypted:
		return nil, malformed("it is encrypted, and no AES key is configured")
	default:
		return body, nil
	}
}

// unseal returns the message inside an encrypted push. Nothing is decrypted before the signature has been verified.
func (p *Push) unseal(query url.Values, body []byte) ([]byte, error) {
	var outer struct {
		Encrypt text `xml:"Encrypt"`
	}
	if err := decode(body, &outer); err != nil {
		return nil, err
	}
	sealed := string(outer.Encrypt)
	if !p.signed(query.Get("msg_signature"), query.Get("timestamp"), query.Get("nonce"), sealed) {
		return nil, ErrSignature
	}
	return p.decrypt(sealed)
}

// Layout of what is encrypted: 16 random bytes, the message's length, the message, the AppID, PKCS#7 padding up to a
// multiple of 32: two of AES' blocks, which is why ready-made code refuses half of all pushes.
const (
	randomBytes = 16
	headBytes   = randomBytes + 4
	padTo       = 32
)

func (p *Push) decrypt(sealed string) ([]byte, error) {
	plain, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil || len(plain) == 0 || len(plain)%padTo != 0 {
		return nil, malformed("not whole blocks in base64")
	}
	cipher.NewCBCDecrypter(p.block, p.iv).CryptBlocks(plain, plain)
	pad := int(plain[len(plain)-1])
	if pad < 1 || pad > padTo || !bytes.Equal(plain[len(plain)-pad:], bytes.Repeat([]byte{byte(pad)}, pad)) {
		return nil, malformed("padding")
	}
	plain = plain[:len(plain)-pad]
	if len(plain) < headBytes {
		return nil, malformed("too short")
	}
	length, rest := uint64(binary.BigEndian.Uint32(plain[randomBytes:])), plain[headBytes:]
	if length > uint64(len(rest)) {
		return nil, malformed("length")
	}
	if string(rest[length:]) != p.appID {
		return nil, malformed("another mini-program's appid")
	}
	return rest[:length], nil
}

// message is a push as it is written, in JSON and in XML. Case does not matter in JSON, where WeChat writes MsgId and MsgID.
type message struct {
	Event        text `xml:"Event"`
	OpenID       text `xml:"OpenID"`
	FromUserName text `xml:"FromUserName"`
	CreateTime   text `xml:"CreateTime"`
	MsgID        text `xml:"MsgId"`
	RevokeInfo   text `xml:"RevokeInfo"`

	subscribeLists
}

// eventsOf reads a message that is known to be WeChat's.
func eventsOf(body []byte) ([]Event, error) {
	var m message
	if err := decode(body, &m); err != nil {
		return nil, err
	}
	for _, field := range []text{m.Event, m.OpenID, m.FromUserName, m.CreateTime, m.MsgID, m.RevokeInfo} {
		if !field.short() {
			return nil, malformed("a field that is no name, number or code")
		}
	}
	e := Event{
		Name: string(m.Event), OpenID: string(m.OpenID), FromUser: string(m.FromUserName), MsgID: string(m.MsgID),
		Revoke: string(m.RevokeInfo),
	}
	var err error
	if m.CreateTime != "" {
		if e.CreateTime, err = strconv.ParseInt(string(m.CreateTime), 10, 64); err != nil {
			return nil, malformed("CreateTime")
		}
	}
	if e.Items, err = m.itemsOf(e.Name); err != nil {
		return nil, err
	}
	return []Event{e}, nil
}

// text is a value that WeChat writes as a string here and as a number there.
type text string

// maxFieldBytes is far above an openid, an id or an event's name.
const maxFieldBytes = 256

func (t text) short() bool {
	return len(t) <= maxFieldBytes && !strings.ContainsFunc(string(t), unicode.IsControl)
}

// UnmarshalJSON takes a string, a number with its digits, or null.
func (t *text) UnmarshalJSON(raw []byte) error {
	switch c := raw[0]; {
	case c == '"':
		var s string
		err := json.Unmarshal(raw, &s)
		*t = text(strings.TrimSpace(s))
		return err
	case c == '-' || c >= '0' && c <= '9':
		*t = text(raw)
	case c != 'n':
		return errors.New("not a string or number")
	}
	return nil
}

// UnmarshalXML takes an element's text. XML is often written with white space around it.
func (t *text) UnmarshalXML(d *xml.Decoder, start xml.StartElement) error {
	var s string
	err := d.DecodeElement(&s, &start)
	*t = text(strings.TrimSpace(s))
	return err
}

// decode reads one JSON object, or one XML element of the name xml.
func decode(body []byte, into any) error {
	body = bytes.TrimSpace(body)
	switch {
	case !utf8.Valid(body):
		return malformed("not UTF-8")
	case bytes.HasPrefix(body, []byte("{")):
		if json.Unmarshal(body, into) != nil {
			return malformed("JSON")
		}
		return nil
	case bytes.HasPrefix(body, []byte("<")):
		return decodeXML(body, into)
	default:
		return malformed("neither JSON nor XML")
	}
}

func decodeXML(body []byte, into any) error {
	d := xml.NewDecoder(bytes.NewReader(body))
	for {
		token, err := d.Token()
		if err != nil {
			return malformed("XML")
		}
		root, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if root.Name.Local != "xml" || d.DecodeElement(into, &root) != nil {
			return malformed("XML")
		}
		if _, err := d.Token(); !errors.Is(err, io.EOF) {
			return malformed("data behind the XML")
		}
		return nil
	}
}

func malformed(what string) error { return fmt.Errorf("%w: %s", ErrMalformed, what) }
