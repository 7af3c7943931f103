package sandbox

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// bendJSON returns the answer with other JSON types where a client counts on them:
// lists become objects, amounts, quantities and WeChat's fields become objects. An
// answer without any of these is wrapped into a list; what is no JSON becomes one too.
func bendJSON(answer []byte) []byte {
	dec := json.NewDecoder(bytes.NewReader(answer))
	dec.UseNumber()
	var value any
	if dec.Decode(&value) != nil {
		value = string(answer)
	}
	bent, changed := bend("", value)
	if !changed {
		bent = []any{value}
	}
	out, err := json.Marshal(bent)
	if err != nil { // cannot happen to a decoded value
		return []byte("[]")
	}
	return out
}

func bend(key string, value any) (any, bool) {
	switch v := value.(type) {
	case []any:
		out := map[string]any{}
		for i, item := range v {
			out[strconv.Itoa(i)], _ = bend("", item)
		}
		return out, true
	case map[string]any:
		changed := false
		for name, item := range v {
			bent, did := bend(name, item)
			v[name], changed = bent, changed || did
		}
		return v, changed
	}
	if bendable(key) {
		return map[string]any{"value": value}, true
	}
	return value, false
}

func bendable(key string) bool {
	switch key {
	case "openid", "session_key", "access_token", "expires_in", "msgid":
		return true
	}
	key = strings.ToLower(key)
	return strings.Contains(key, "amount") || strings.Contains(key, "quantity")
}
