package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The values that are what they look like: text, numbers, yes and no, one of several words, an address, a zone.

func same(s string) string { return s }

func text(at *string) value {
	return scalar[string]{at: at, parse: func(s string) (string, error) { return s, nil }, format: same}
}

var wordForm = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,128}$`)

func parseWord(s string) (string, error) {
	if !wordForm.MatchString(s) {
		return "", errors.New("must be 1 to 128 letters, digits, '_', '-' or '.'")
	}
	return s, nil
}

func word(at *string) value    { return scalar[string]{at: at, parse: parseWord, format: same} }
func words(at *[]string) value { return sequence[string]{at: at, parse: parseWord, format: same} }

// names are texts that a person gave something.
func names(at *[]string) value {
	return sequence[string]{at: at, parse: func(s string) (string, error) { return s, nil }, format: same}
}

var keywordForm = regexp.MustCompile(`^[a-z_]{1,32}[0-9]{1,3}=.`)

// keywordTexts are what stands behind each keyword of a subscribe message.
func keywordTexts(at *[]string) value {
	parse := func(s string) (string, error) {
		if !keywordForm.MatchString(s) {
			return "", errors.New("must be keyword=text, such as thing1={orderNo}")
		}
		return s, nil
	}
	return sequence[string]{at: at, parse: parse, format: same}
}

func oneOf(at *string, choices ...string) value {
	parse := func(s string) (string, error) {
		if slices.Contains(choices, s) {
			return s, nil
		}
		return "", fmt.Errorf("must be %s", orList(choices))
	}
	return scalar[string]{at: at, parse: parse, format: same}
}

// orList reads "a, b or c"; the empty choice is spelled out.
func orList(choices []string) string {
	named := make([]string, len(choices))
	for i, c := range choices {
		named[i] = c
		if c == "" {
			named[i] = "empty"
		}
	}
	last := len(named) - 1
	if last == 0 {
		return named[0]
	}
	return strings.Join(named[:last], ", ") + " or " + named[last]
}

func boolean(at *bool) value {
	parse := func(s string) (bool, error) {
		b, err := strconv.ParseBool(s)
		if err != nil {
			return false, errors.New("must be true or false")
		}
		return b, nil
	}
	return scalar[bool]{at: at, parse: parse, format: strconv.FormatBool}
}

func number(at *int, lowest, highest int) value {
	parse := func(s string) (int, error) {
		n, err := strconv.Atoi(s)
		if err != nil || n < lowest || n > highest {
			return 0, fmt.Errorf("must be a whole number from %d to %d", lowest, highest)
		}
		return n, nil
	}
	return scalar[int]{at: at, parse: parse, format: strconv.Itoa}
}

// share is a part of a whole.
func share(at *float64) value {
	parse := func(s string) (float64, error) {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil || !(f >= 0 && f <= 1) { // NaN is neither
			return 0, errors.New("must be a number from 0 to 1, such as 0.05")
		}
		return f, nil
	}
	return scalar[float64]{at: at, parse: parse, format: func(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }}
}

func level(at *slog.Level) value {
	names := map[string]slog.Level{
		"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
	}
	parse := func(s string) (slog.Level, error) {
		l, known := names[strings.ToLower(s)]
		if !known {
			return 0, errors.New("must be debug, info, warn or error")
		}
		return l, nil
	}
	return scalar[slog.Level]{at: at, parse: parse, format: func(l slog.Level) string { return strings.ToLower(l.String()) }}
}

func zone(at **time.Location) value {
	parse := func(s string) (*time.Location, error) {
		z, err := time.LoadLocation(s)
		if err != nil || s == "" || s == "Local" {
			return nil, errors.New("must be the name of a time zone such as Asia/Shanghai")
		}
		return z, nil
	}
	return scalar[*time.Location]{at: at, parse: parse, format: (*time.Location).String}
}

func address(at *string) value {
	parse := func(s string) (string, error) {
		_, port, err := net.SplitHostPort(s)
		n, numberErr := strconv.ParseUint(port, 10, 16)
		if err != nil || numberErr != nil || strconv.FormatUint(n, 10) != port {
			return "", errors.New("must be host:port such as 127.0.0.1:8080 or :8080")
		}
		return s, nil
	}
	return scalar[string]{at: at, parse: parse, format: same}
}

func networks(at *[]netip.Prefix) value {
	parse := func(s string) (netip.Prefix, error) {
		if addr, err := netip.ParseAddr(s); err == nil {
			return netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return netip.Prefix{}, errors.New("must be networks such as 10.0.0.0/8 or single addresses")
		}
		return p.Masked(), nil
	}
	return sequence[netip.Prefix]{at: at, parse: parse, format: netip.Prefix.String}
}
