package spool

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
)

// place is a point between two frames, with the chain's state there.
type place struct {
	segment uint64
	offset  int64
	link    link
}

func (p place) before(q place) bool {
	return p.segment < q.segment || p.segment == q.segment && p.offset < q.offset
}

// in returns where reading segment number begins, given that everything before p is done with.
func (p place) in(number uint64) int64 {
	if p.segment == number {
		return max(p.offset, headerSize)
	}
	return headerSize
}

// placeFile remembers up to where records are committed. It holds two slots that are written in turn, so that one is
// always whole; and it never grows, so that a full disk cannot keep a commit from making room.
type placeFile struct {
	*os.File
	chain      chainID
	generation uint64
}

const (
	slotText   = 8 + len(chainID{}) + 8 + 8 + 8 + sha256.Size
	slotStride = 512 // a disk sector
)

// openPlace returns the file and the last place in it. Without one, that is the zero place: then everything there is
// will be handed out again.
func openPlace(dir string, chain chainID) (*placeFile, place, error) {
	file, err := os.OpenFile(filepath.Join(dir, "place"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, place{}, err
	}
	f := &placeFile{File: file, chain: chain}
	p, err := f.load()
	if err != nil {
		_ = file.Close() // nothing was written
		return nil, place{}, fmt.Errorf("place: %w", err)
	}
	return f, p, nil
}

func (f *placeFile) load() (last place, err error) {
	slots := make([]byte, 2*slotStride)
	n, _ := f.ReadAt(slots, 0) // what cannot be read is no slot, and then records come again
	for _, slot := range [][]byte{slots[:slotStride], slots[slotStride:]} {
		if p, generation, ok := parseSlot(slot, f.chain); ok && generation > f.generation {
			f.generation, last = generation, p
		}
	}
	if n < len(slots) {
		_, err = f.WriteAt(make([]byte, len(slots)-n), int64(n)) // takes its room while there is some
	}
	return last, err
}

func (f *placeFile) save(p place) error {
	slot := binary.BigEndian.AppendUint64(make([]byte, 0, slotText+4), f.generation+1)
	slot = append(slot, f.chain[:]...)
	slot = binary.BigEndian.AppendUint64(slot, p.segment)
	slot = binary.BigEndian.AppendUint64(slot, uint64(p.offset)) //nolint:gosec // never negative
	slot = binary.BigEndian.AppendUint64(slot, p.link.seq)
	slot = append(slot, p.link.hash[:]...)
	slot = binary.BigEndian.AppendUint32(slot, crc32.Checksum(slot, castagnoli))
	if _, err := f.WriteAt(slot, int64((f.generation+1)%2)*slotStride); err != nil {
		return err
	}
	f.generation++
	return nil
}

func parseSlot(slot []byte, chain chainID) (p place, generation uint64, ok bool) {
	text := slot[:slotText]
	if crc32.Checksum(text, castagnoli) != binary.BigEndian.Uint32(slot[slotText:]) {
		return p, 0, false
	}
	generation = binary.BigEndian.Uint64(text)
	text = text[8:]
	ok = string(text[:len(chain)]) == string(chain[:])
	text = text[len(chain):]
	p.segment = binary.BigEndian.Uint64(text)
	p.offset = int64(binary.BigEndian.Uint64(text[8:])) //nolint:gosec // written the same way
	p.link.seq = binary.BigEndian.Uint64(text[16:])
	copy(p.link.hash[:], text[24:])
	return p, generation, ok
}
