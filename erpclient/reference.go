package erpclient

// maxReference is how long the reference of a write may be: every ERP seen has a text field with room for it.
const maxReference = 40

// validReference reports whether a text can be put into any ERP and searched for there as it is: no character of it is a
// wildcard, a separator or a space.
func validReference(text string) bool {
	for _, r := range text {
		if (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
			return false
		}
	}
	return text != "" && len(text) <= maxReference
}
