package queue

import (
	"crypto/sha256"
	"encoding/hex"
)

// The whole key space stands behind one hash tag, and so in one slot of a Redis Cluster, because nearly every change
// touches a record, a mailbox and the indexes at once. The scripts get the common beginning as KEYS[1] and append:
//
//	m:<mid>         a message's record (hash); mid is the hash of its msgid
//	box:<person>    the mailbox: mids, the head first (list)
//	turns           person -> number of the turn that is open (hash); a mailbox with content always has one
//	turn            the last number given
//	open            persons with an open turn, by when somebody should look after it (zset, ms)
//	later           person -> before when their mailbox rests (hash, ms)
//	st:<state>      mids queued and sending (by the time they were queued), failed and unknown (of the change) (zset, ms)
//	of:<person>     mids sending, failed and unknown, by the time of that change (zset, ms)
//	unnoted         mids whose last change was not noted yet, by its time (zset, ms)
//	no:<call>       an Accept whose caller was told that it failed
//	wx:<hash>       WeChat's msgid -> mid
//	cr:<person>     template id -> credits (hash)
//	mk:<person>     credits of the last minutes that were reported once (zset, ms)
//	pace            when the next send may begin (µs)
//	pause, brake    why and until when nobody sends (hashes)
//	sweeper         which replica sweeps, and until when (hash)
//
// asynq's own keys start with asynq:{…} whatever the prefix; its queue is named after the prefix.

func (q *Queue) base() string     { return q.cfg.Prefix + "{msg}:" }
func (q *Queue) taskName() string { return q.cfg.Prefix + "msg" }

func (q *Queue) recordKey(msgID string) string { return q.base() + "m:" + hash(msgID) }

// person is the pseudonym under which all of a user's keys stand.
func (q *Queue) person(openid string) string { return q.cfg.Pseudonym("openid", openid) }

// hash is the form in which ids enter key names: fixed length, and nothing to read or to inject.
func hash(value string) string {
	sum := sha256.Sum256([]byte(value))
	return hex.EncodeToString(sum[:])
}
