package snowbeasts

import (
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"snowgate/erpclient"
)

// attachments reads "path#size=…&name=…", several separated by commas. A path that climbs out of the app's files is
// left out: its address would lead elsewhere on the ERP.
func (d *Driver) attachments(text string) []erpclient.Attachment {
	out := []erpclient.Attachment{}
	for item := range strings.SplitSeq(text, ",") {
		file, meta, _ := strings.Cut(strings.TrimSpace(item), "#")
		segments := strings.Split(strings.Trim(file, "/"), "/")
		if slices.ContainsFunc(segments, func(s string) bool { return s == "" || s == "." || s == ".." }) {
			continue
		}
		name, size := attachmentMeta(meta)
		out = append(out, erpclient.Attachment{
			Name: firstOf(name, path.Base(file)), URL: d.fileURL(segments), Size: size,
		})
	}
	return out
}

// fileURL escapes each segment by itself, so that nothing in a name can end the path.
func (d *Driver) fileURL(segments []string) string {
	escaped := make([]string, len(segments))
	for i, s := range segments {
		escaped[i] = url.PathEscape(s)
	}
	return d.http.Origin().String() + "/business/file/" + d.appName + "/" + strings.Join(escaped, "/")
}

// attachmentMeta reads name and size; a name that is not properly escaped is taken as it stands.
func attachmentMeta(meta string) (name string, size int64) {
	for pair := range strings.SplitSeq(meta, "&") {
		key, text, _ := strings.Cut(pair, "=")
		switch key {
		case "name":
			name = text
			if plain, err := url.QueryUnescape(text); err == nil {
				name = plain
			}
		case "size":
			if n, err := strconv.ParseInt(text, 10, 64); err == nil && n > 0 {
				size = n
			}
		}
	}
	return name, size
}
