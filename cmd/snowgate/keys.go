package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"time"

	"snowgate/cmd/snowgate/config"
	"snowgate/session"
)

// printNewKey is "keys new": a sealing key for seal.keys, with the month as its id.
func printNewKey(stdout io.Writer) error {
	var secret [32]byte
	_, _ = rand.Read(secret[:]) // fills or ends the process; it returns no error
	_, err := fmt.Fprintf(stdout, "%s:%s\n", time.Now().UTC().Format("200601"), base64.StdEncoding.EncodeToString(secret[:]))
	return err
}

// resealTold is after how many values the progress is told.
const resealTold = 1000

// resealKeys is "keys reseal": what was sealed by an older key of seal.keys is sealed by the first one, while everything
// runs. It may be interrupted and repeated.
func resealKeys(ctx context.Context, cfg *config.Config, stdout, _ io.Writer) error {
	sealer, err := newSealer(cfg)
	if err != nil {
		return err
	}
	rdb, err := session.Dial(string(cfg.Redis.URL))
	if err != nil {
		return err
	}
	defer func() { _ = rdb.Close() }()
	store := session.NewStore(rdb, sealer, session.Config{Timeout: 5 * time.Second}) // no user waits
	told := 0
	resealed, err := store.Reseal(ctx, func(done int) {
		if done-told >= resealTold {
			told = done
			_, _ = fmt.Fprintf(stdout, "%d values looked at\n", done)
		}
	})
	_, _ = fmt.Fprintf(stdout, "%d values resealed\n", resealed)
	if errors.Is(err, session.ErrUnreadable) {
		return fmt.Errorf("some values open with none of seal.keys; their owners have to log in or bind again: %w", err)
	}
	return err
}
