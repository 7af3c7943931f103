package mask

import (
	"strconv"
	"strings"
	"sync"
	"testing"
)

func TestAMemoGivesEachTextItsOwn(t *testing.T) {
	m := newMemo[string](512)
	double := func(s string) string { return s + s }
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := range 3000 {
				text := strings.Repeat("x", i%70) + strconv.Itoa(i%1500)
				if got := m.of(text, double); got != text+text {
					t.Errorf("%s: %s", text, got)
				}
			}
		})
	}
	all.Wait()
}

func TestAMemoMakesAgainOnlyWhatItForgot(t *testing.T) {
	m := newMemo[int](512)
	made := 0
	count := func(string) int { made++; return made }
	m.of("a", count)
	if m.of("a", count); made != 1 {
		t.Errorf("made %d times", made)
	}
	long := strings.Repeat("x", longestRemembered+1)
	m.of(long, count)
	if m.of(long, count); made != 3 {
		t.Errorf("a long text is remembered: made %d times", made)
	}
}

// Names of one answer that share their places do not make way for each other, or each answer would look them up anew.
func TestAMemoKeepsTextsThatShareTheirPlaces(t *testing.T) {
	m := newMemo[int](together)
	made := 0
	for range 10 {
		for i := range together {
			m.of("field"+strconv.Itoa(i), func(string) int { made++; return i })
		}
	}
	if made != together {
		t.Errorf("made %d times for %d names", made, together)
	}
}

func BenchmarkPseudonym(b *testing.B) {
	m := New(Keyed([]byte("key")))
	b.ReportAllocs()
	for b.Loop() {
		m.Pseudonym(OpenID, "oABCdefGHI_jklMNO-pqrSTU1234")
	}
}
