package console

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

// indexFile is what the folder itself answers with.
const indexFile = "index.html"

// file is one file as it is sent.
type file struct {
	kind    string // content type
	caching string
	tag     string // ETag of both forms: weak, since they differ byte by byte
	plain   []byte
	packed  []byte // gzip; nil where that saves nothing
}

// kinds are the content types by name's end. The table is ours because the system's differs from machine to machine.
var kinds = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".json": "application/json; charset=utf-8",
	".svg":  "image/svg+xml",
	"":      "text/plain; charset=utf-8", // licences
}

// files are all files by their path below Prefix; the index is also "". They are packed once, at the first question.
var files = sync.OnceValue(func() handler {
	all := handler{}
	err := fs.WalkDir(static, "static", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := static.ReadFile(name)
		if err != nil {
			return err
		}
		all[strings.TrimPrefix(name, "static/")] = newFile(name, body)
		return nil
	})
	if err != nil {
		panic(fmt.Sprintf("console: read what was compiled in: %v", err)) // cannot happen: it is in memory
	}
	all[""] = all[indexFile]
	return all
})

func newFile(name string, body []byte) *file {
	sum := sha256.Sum256(body)
	f := &file{
		kind: kinds[path.Ext(name)], plain: body,
		tag: `W/"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`,
		// Asked again at each use, answered with 304 as a rule: files of two versions never meet on one page.
		caching: "no-cache",
	}
	if path.Base(name) == indexFile {
		f.caching = "no-store"
	}
	if packed := pack(body); len(packed) < len(body) {
		f.packed = packed
	}
	return f
}

func pack(body []byte) []byte {
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // the level is a valid one
	_, _ = w.Write(body)                                    // into memory
	_ = w.Close()
	return out.Bytes()
}

func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", f.caching)
	h.Set("ETag", f.tag)
	h.Set("Vary", "Accept-Encoding")
	if r.Header.Get("If-None-Match") == f.tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", f.kind)
	body := f.plain
	if f.packed != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = f.packed
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the browser has gone, if it fails
	}
}
