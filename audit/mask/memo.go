package mask

import (
	"hash/maphash"
	"strings"
	"sync/atomic"
)

// memo remembers what was made of texts that came lately. A text has a few places, one of which a new text for them takes
// over: it never grows, whoever sends what. Safe for concurrent use.
type memo[V any] struct {
	places []atomic.Pointer[remembered[V]]
}

// together is how many places a text has: with one, two names of the same answer would take it from each other for ever.
const together = 4

// newMemo makes one of so many places, a power of two.
func newMemo[V any](places int) memo[V] {
	return memo[V]{make([]atomic.Pointer[remembered[V]], places)}
}

type remembered[V any] struct {
	text string
	made V
}

// longestRemembered is beyond any field's name and any openid.
const longestRemembered = 64

var memoSeed = maphash.MakeSeed()

// of gives what was made of text, or makes it. Two that ask at once may both make it.
func (m *memo[V]) of(text string, from func(string) V) V {
	if len(text) > longestRemembered {
		return from(text)
	}
	hash := maphash.String(memoSeed, text)
	// Places are a power of two: a division would cost more than all the rest.
	first := hash & uint64(len(m.places)-1) &^ (together - 1) //nolint:gosec // there are some
	set := m.places[first:][:together]
	place := &set[hash>>32%together]
	for i := range set {
		switch known := set[i].Load(); {
		case known == nil:
			place = &set[i]
		case known.text == text:
			return known.made
		}
	}
	made := from(text)
	place.Store(&remembered[V]{strings.Clone(text), made})
	return made
}
