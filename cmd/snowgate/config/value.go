package config

import (
	"errors"
	"slices"
)

// value is one place in a Config together with the way its text is read and shown. A list is read from several texts,
// everything else from exactly one.
type value interface {
	// set reads the texts; the error says which form is expected and never repeats a text.
	set(texts []string) error
	// show gives the texts in force, masked where they are secret.
	show() []string
	list() bool
	// raw is the value itself, for comparing.
	raw() any
	// secret values are never repeated in a complaint and may be given as <key>_file.
	secret() bool
}

// scalar is a value read from one text.
type scalar[T any] struct {
	at     *T
	parse  func(string) (T, error)
	format func(T) string
	masked bool
}

var errOneValue = errors.New("must be one value, not a list")

func (s scalar[T]) set(texts []string) error {
	if len(texts) != 1 {
		return errOneValue
	}
	parsed, err := s.parse(texts[0])
	if err != nil {
		return err
	}
	*s.at = parsed
	return nil
}

func (s scalar[T]) show() []string { return []string{s.format(*s.at)} }
func (s scalar[T]) list() bool     { return false }
func (s scalar[T]) raw() any       { return *s.at }
func (s scalar[T]) secret() bool   { return s.masked }

// sequence is a value read from any number of texts.
type sequence[T any] struct {
	at     *[]T
	parse  func(string) (T, error)
	format func(T) string
	masked bool
}

func (s sequence[T]) set(texts []string) error {
	parsed := make([]T, 0, len(texts))
	for _, t := range texts {
		item, err := s.parse(t)
		if err != nil {
			return err
		}
		parsed = append(parsed, item)
	}
	*s.at = parsed
	return nil
}

func (s sequence[T]) show() []string {
	shown := make([]string, len(*s.at))
	for i, item := range *s.at {
		shown[i] = s.format(item)
	}
	return shown
}

func (s sequence[T]) list() bool   { return true }
func (s sequence[T]) raw() any     { return slices.Clone(*s.at) }
func (s sequence[T]) secret() bool { return s.masked }
