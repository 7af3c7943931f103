package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"

	"snowgate/audit/spool"
)

// Link is a call's place in the chain of its replica: each hash covers the one before it, so a row cannot be changed or
// taken out without breaking the rows behind it. Hashes are hexadecimal.
type Link struct {
	ChainID    string
	Seq        uint64
	Prev, Hash string
}

// links writes the links of one chain's records. Each record's hash comes again as the next one's Prev, in the same text.
type links struct {
	chainID string
	hash    spool.Hash
	text    string // of hash; "" at the beginning
}

func (l *links) of(r spool.Record) Link {
	if r.Seq == 0 {
		return Link{}
	}
	link := Link{ChainID: l.chainID, Seq: r.Seq, Prev: l.text}
	if l.text == "" || l.hash != r.Prev {
		link.Prev = hexOf(r.Prev)
	}
	l.hash, l.text = r.Hash, hexOf(r.Hash)
	link.Hash = l.text
	return link
}

func hexOf(h spool.Hash) string {
	var text [2 * len(h)]byte
	hex.Encode(text[:], h[:])
	return string(text[:])
}

// digest covers every field of a call but the openid's pseudonym (a person may ask to be forgotten) and its own link.
// Each field is preceded by its length, so that no two calls are written the same way.
func (c Call) digest() spool.Hash { return sha256.Sum256(c.appendCovered(nil)) }

// texts are those that the digest covers, in its order.
func (c *Call) texts() [10]*string {
	return [...]*string{
		&c.LogID, &c.SessionID, &c.Endpoint, &c.Method, &c.Params, &c.Response, &c.Error, &c.RequestID, &c.Replica, &c.Source,
	}
}

// appendCovered appends what the digest covers. It is also how a call is written into the spool: see readCall.
func (c *Call) appendCovered(b []byte) []byte {
	for _, field := range c.texts() {
		b = binary.BigEndian.AppendUint32(b, uint32(len(*field))) //nolint:gosec // texts are cut to a few KiB before
		b = append(b, *field...)
	}
	for _, n := range [...]int64{
		int64(c.Status), c.Duration.Milliseconds(), c.CalledAt.UnixMilli(), int64(c.Attempts), c.ERPTime.Milliseconds(),
	} {
		b = binary.BigEndian.AppendUint64(b, uint64(n)) //nolint:gosec // as it is, sign and all
	}
	return b
}

// Verifier walks one chain, call by call in the order of their sequence numbers.
type Verifier struct {
	chainID string
	seq     uint64
	hash    string
	began   bool
}

// NewVerifier starts behind an anchor: the last link that retention removed. Without one, seq 0, the chain has to start
// at 1, where its first link points to nothing.
func NewVerifier(chainID string, seq uint64, hash string) *Verifier {
	if seq == 0 {
		hash = hex.EncodeToString(make([]byte, sha256.Size))
	}
	return &Verifier{chainID: chainID, seq: seq, hash: hash, began: true}
}

// NewVerifierFrom starts at whatever call comes first: for a walk over a part of a chain.
func NewVerifierFrom(chainID string) *Verifier { return &Verifier{chainID: chainID} }

// Broken says which call does not fit and why.
type Broken struct {
	Seq    uint64
	LogID  string
	Reason string
}

func (b *Broken) Error() string {
	return fmt.Sprintf("audit: chain broken at link %d (log_id %s): %s", b.Seq, b.LogID, b.Reason)
}

// Next checks the next call. The error is a *Broken.
func (v *Verifier) Next(c Call) error {
	fault := func(reason string) error { return &Broken{Seq: c.Link.Seq, LogID: c.LogID, Reason: reason} }
	if !v.began {
		v.seq, v.hash, v.began = c.Link.Seq-1, c.Link.Prev, true
	}
	switch want, err := v.expected(c); {
	case c.Link.Seq > v.seq+1:
		return fault(fmt.Sprintf("links %d to %d are missing", v.seq+1, c.Link.Seq-1))
	case c.Link.Seq <= v.seq:
		return fault("the link is there twice")
	case c.Link.Prev != v.hash:
		return fault("it does not follow the link before it")
	case err != nil || c.Link.Hash != want:
		return fault("the row was changed")
	}
	v.seq, v.hash = c.Link.Seq, c.Link.Hash
	return nil
}

var errNoHash = errors.New("audit: a link points to what is no hash")

// expected is the hash that the row, as it is now, should have.
func (v *Verifier) expected(c Call) (string, error) {
	prev, err := hex.DecodeString(c.Link.Prev)
	if err != nil || len(prev) != sha256.Size {
		return "", errNoHash
	}
	hash := spool.VerifyLink(v.chainID, spool.Hash(prev), c.Link.Seq, c.digest())
	return hex.EncodeToString(hash[:]), nil
}
