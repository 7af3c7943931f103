package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

const controlPrefix = "/__sandbox/"

// controlMux is the part of the control API that all stand-ins share.
func (b *faultBoard) controlMux() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+controlPrefix+"faults", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, b.Faults())
	})
	mux.HandleFunc("POST "+controlPrefix+"faults", b.postFaults)
	mux.HandleFunc("DELETE "+controlPrefix+"faults", func(w http.ResponseWriter, _ *http.Request) {
		b.ClearFaults()
		writeJSON(w, http.StatusOK, b.Faults())
	})
	return mux
}

func (b *faultBoard) postFaults(w http.ResponseWriter, r *http.Request) {
	faults, err := readFaults(r.Body)
	if err != nil {
		refuse(w, err)
		return
	}
	b.AddFaults(faults...)
	writeJSON(w, http.StatusOK, b.Faults())
}

// readFaults reads one fault or a list of them.
func readFaults(body io.Reader) ([]Fault, error) {
	data, err := io.ReadAll(io.LimitReader(body, maxBodyBytes))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFault, err)
	}
	data = bytes.TrimSpace(data)
	if !bytes.HasPrefix(data, []byte("[")) {
		data = append(append([]byte("["), data...), ']')
	}
	var faults []Fault
	if err := json.Unmarshal(data, &faults); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFault, err)
	}
	for _, f := range faults {
		if err := f.check(); err != nil {
			return nil, err
		}
	}
	return faults, nil
}

// readControl decodes a control request's JSON object into v, or refuses it.
func readControl(w http.ResponseWriter, r *http.Request, v any) bool {
	err := json.NewDecoder(io.LimitReader(r.Body, maxBodyBytes)).Decode(v)
	if err != nil {
		refuse(w, err)
	}
	return err == nil
}

func refuse(w http.ResponseWriter, err error) {
	writeJSON(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false) // "&" of attachments stays readable
	if err := enc.Encode(v); err != nil {
		http.Error(w, "sandbox: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes())
}
