package spool

import (
	"crypto/sha256"
	"encoding/binary"
	"hash/crc32"
)

// Kind says what a record is, 1 to 255; what the numbers mean is the caller's business.
type Kind byte

// Record is what Append was given. Seq, Prev and Hash are zero for a record outside the chain.
type Record struct {
	Kind       Kind
	Payload    []byte
	Seq        uint64 // its number in the chain, from 1
	Prev, Hash Hash   // the hash of the chained record before it, and its own: see VerifyLink
}

// A frame is a record on disk, all numbers big endian:
//
//	length u32 | CRC-32C u32 | kind u8 | flags u8 | time i64, Unix ms | [seq u64 | prev 32 | hash 32] | payload
//
// The length is that of everything behind the checksum, and so is the checksum's reach. The part in brackets is there
// if the record is chained.
type frame struct {
	Record
	at  int64 // when it was appended, Unix ms
	end int64 // offset of what is behind it; set by reading
}

const (
	frameHead  = 4 + 4
	plainBody  = 1 + 1 + 8
	chainBody  = plainBody + 8 + 2*sha256.Size
	maxPayload = 16 << 20 // bounds what a damaged length can ask for

	flagChained = 1
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func frameSize(payload int, chained bool) int64 {
	if chained {
		return int64(frameHead + chainBody + payload)
	}
	return int64(frameHead + plainBody + payload)
}

// appendTo appends the frame to buf, as it is to lie at the offset that seed was made for.
func (f *frame) appendTo(buf []byte, seed uint32) []byte {
	start := len(buf)
	chained := f.Seq > 0
	size := frameSize(len(f.Payload), chained) - frameHead
	buf = binary.BigEndian.AppendUint32(buf, uint32(size)) //nolint:gosec // bounded by maxPayload
	buf = append(buf, 0, 0, 0, 0, byte(f.Kind), 0)
	buf = binary.BigEndian.AppendUint64(buf, uint64(f.at)) //nolint:gosec // read back the same way
	if chained {
		buf[start+frameHead+1] = flagChained
		buf = binary.BigEndian.AppendUint64(buf, f.Seq)
		buf = append(buf, f.Prev[:]...)
		buf = append(buf, f.Hash[:]...)
	}
	buf = append(buf, f.Payload...)
	binary.BigEndian.PutUint32(buf[start+4:], checksum(seed, buf[start+frameHead:]))
	return buf
}

// checksum is a CRC-32C that starts from seed. The seed is made of the chain id, the segment and the offset, so bytes
// that look like a frame are one only where they were written as one: a payload that quotes a frame cannot pass for it
// when damage sends the reader searching.
func checksum(seed uint32, body []byte) uint32 { return crc32.Update(seed, castagnoli, body) }

// bodySize reads the length from the first frameHead+plainBody bytes of a frame, and says whether they can be such.
func bodySize(head []byte) (int64, bool) {
	size := int64(binary.BigEndian.Uint32(head))
	lowest := int64(plainBody)
	kind, flags := head[frameHead], head[frameHead+1]
	if flags == flagChained {
		lowest = chainBody
	}
	return size, kind != 0 && flags <= flagChained && size >= lowest && size <= chainBody+maxPayload
}

// parseFrame reads a frame whose checksum was found right.
func parseFrame(body []byte) (f frame, ok bool) {
	f.Kind = Kind(body[0])
	chained := body[1] == flagChained
	f.at = int64(binary.BigEndian.Uint64(body[2:])) //nolint:gosec // written the same way
	body = body[plainBody:]
	if chained {
		f.Seq = binary.BigEndian.Uint64(body)
		body = body[8:]
		body = body[copy(f.Prev[:], body):]
		body = body[copy(f.Hash[:], body):]
	}
	f.Payload = body
	return f, chained == (f.Seq > 0)
}
