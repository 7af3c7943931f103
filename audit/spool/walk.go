package spool

import (
	"encoding/binary"
	"io"
)

// walker reads the frames of a segment one after the other. Where it meets damage it searches for the next frame that
// is whole; the frames' seeded checksums make sure that it does not find one that was never written.
type walker struct {
	source io.ReaderAt
	seed   uint32 // the segment's
	off    int64  // where the next frame should begin
	end    int64  // nothing is read behind it
	chunk  int64  // how much is read ahead

	window []byte // a part of the segment; payloads point into it, so it is replaced and never reused
	start  int64  // the window's offset
	budget int64  // bytes that may still be spent on wrong guesses

	damage []int64 // where stretches of damage begin
	good   int64   // end of the last whole frame
}

// A search gives the rest of the segment up after checking this many bytes in vain: payloads made for the purpose could
// otherwise make it take hours.
const searchBudget = 64 << 20

func newWalker(source io.ReaderAt, seed uint32, off, end, chunk int64) *walker {
	return &walker{source: source, seed: seed, off: off, good: off, end: end, chunk: chunk, budget: searchBudget}
}

// next returns the next whole frame; false at the end. The error is that of reading the file.
func (w *walker) next() (frame, bool, error) {
	f, ok, err := w.frameAt(w.off)
	if err == nil && !ok && w.off < w.end {
		w.damage = append(w.damage, w.off)
		f, ok, err = w.search()
	}
	if err != nil || !ok {
		return frame{}, false, err
	}
	w.off, w.good = f.end, f.end
	return f, true, nil
}

func (w *walker) search() (frame, bool, error) {
	for off := w.off + 1; off < w.end && w.budget > 0; off++ {
		f, ok, err := w.frameAt(off)
		if ok || err != nil {
			return f, ok, err
		}
	}
	w.off = w.end
	return frame{}, false, nil
}

func (w *walker) frameAt(off int64) (frame, bool, error) {
	head, err := w.bytes(off, frameHead+plainBody)
	if err != nil || len(head) < frameHead+plainBody {
		return frame{}, false, err
	}
	size, ok := bodySize(head)
	if !ok || off+frameHead+size > w.end {
		return frame{}, false, nil
	}
	whole, err := w.bytes(off, frameHead+size)
	if err != nil || int64(len(whole)) < frameHead+size {
		return frame{}, false, err
	}
	body := whole[frameHead:]
	if !w.sumAt(off, body, binary.BigEndian.Uint32(whole[4:])) {
		w.budget -= size
		return frame{}, false, nil
	}
	f, ok := parseFrame(body)
	f.end = off + frameHead + size
	return f, ok, nil
}

func (w *walker) sumAt(off int64, body []byte, sum uint32) bool {
	return checksum(seedAt(w.seed, off), body) == sum
}

// bytes returns n bytes at off, fewer if the segment ends before.
func (w *walker) bytes(off, n int64) ([]byte, error) {
	if n = min(n, w.end-off); n <= 0 {
		return nil, nil
	}
	at := off - w.start
	if at >= 0 && at+n <= int64(len(w.window)) {
		return w.window[at : at+n : at+n], nil
	}
	window := make([]byte, min(max(n, w.chunk), w.end-off))
	read, err := w.source.ReadAt(window, off)
	if err == io.EOF { // a ReaderAt returns it bare
		w.end = off + int64(read) // somebody cut the file
		n, err = min(n, int64(read)), nil
	}
	if err != nil {
		return nil, err
	}
	w.window, w.start = window[:read], off
	return window[:n:n], nil
}

// torn tells whether what is left behind the last whole frame is the beginning of a frame, as an interrupted write
// leaves it. Anything else was a record once, and its loss must show in the chain. Call it after the last next.
func (w *walker) torn() (bool, error) {
	rest, err := w.bytes(w.good, w.end-w.good)
	if err != nil || len(rest) < frameHead {
		return true, err
	}
	body := rest[frameHead:]
	size := int64(binary.BigEndian.Uint32(rest))
	if size < plainBody || size > chainBody+maxPayload || size <= int64(len(body)) {
		return false, nil
	}
	return !w.sumAt(w.good, body, binary.BigEndian.Uint32(rest[4:])), nil // a whole body behind a damaged length
}
