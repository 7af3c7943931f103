package spool

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
)

// Hash is a SHA-256.
type Hash [sha256.Size]byte

// chainID is 32 hex digits.
type chainID [32]byte

// link is a record's place in the chain: what the next one builds on. The zero link is the beginning.
type link struct {
	seq  uint64
	hash Hash
}

// VerifyLink returns the hash of the chained record number seq that follows one with hash prev: SHA-256 of the chain
// id's 32 digits, prev, seq as 8 bytes big endian, and digest, which is what the caller says the record means. Append
// computed the same.
func VerifyLink(chainID string, prev Hash, seq uint64, digest Hash) Hash {
	text := append(make([]byte, 0, 128), chainID...)
	text = append(text, prev[:]...)
	text = binary.BigEndian.AppendUint64(text, seq)
	text = append(text, digest[:]...)
	return sha256.Sum256(text)
}

// follow returns the link of the record after l.
func (l link) follow(id chainID, digest Hash) link {
	seq := l.seq + 1
	return link{seq: seq, hash: VerifyLink(string(id[:]), l.hash, seq, digest)}
}

func chainPath(dir string) string { return filepath.Join(dir, "chain") }

// loadChain returns the spool's chain id: the one on file, else the one its own segments name, else a new one.
func loadChain(dir string, heads []header) (chainID, error) {
	id, known, err := readChain(dir)
	if err != nil {
		return id, err
	}
	for _, h := range heads {
		if h.intact && !known {
			id, known = h.chain, true
			err = writeChain(dir, id)
		}
		if h.intact && h.chain != id {
			return id, fmt.Errorf("%w: %s", ErrForeign, segmentName(h.number))
		}
	}
	if known {
		return id, err
	}
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails: it would end the program
	hex.Encode(id[:], random[:])
	return id, writeChain(dir, id)
}

// readChain reads the chain file: the digits, a space, their CRC-32C. One that is damaged counts as missing.
func readChain(dir string) (id chainID, known bool, err error) {
	text, err := os.ReadFile(chainPath(dir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return id, false, err
	}
	copy(id[:], text)
	return id, string(text) == chainText(id), nil
}

func chainText(id chainID) string {
	return fmt.Sprintf("%s %08x\n", id[:], crc32.Checksum(id[:], castagnoli))
}

// writeChain makes the id durable before anything is built on it.
func writeChain(dir string, id chainID) error {
	draft := chainPath(dir) + ".new"
	if err := writeSynced(draft, chainText(id)); err != nil {
		return err
	}
	if err := os.Rename(draft, chainPath(dir)); err != nil {
		return err
	}
	return syncDir(dir)
}

func writeSynced(path, text string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	return errors.Join(err, file.Sync(), file.Close())
}
