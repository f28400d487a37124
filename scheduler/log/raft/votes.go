package raft

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// votes keeps the few values that Raft must never forget, its term and its vote, in a file of a fixed size that is written in
// place: it needs no space when the disk is full, and Raft cannot go on without. Two copies are written in turn, so that one of
// them is whole after a crash. It implements raft.StableStore.
type votes struct {
	own      string       // address
	campaign func() error // tells why this member must not vote for itself, or nil
	closing  <-chan struct{}
	logger   *slog.Logger

	mu     sync.Mutex
	file   *os.File
	serial uint64
	values map[string][]byte
}

// A copy is: CRC32C of the rest (4 bytes), serial (8), then length (2) and bytes of each key and value, and zeros; little endian.
const (
	voteCopy   = 4096
	voteHeader = 12
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errNotFound is what raft.StableStore wants for a missing key: it compares the text.
var errNotFound = errors.New("not found")

func openVotes(path string, closing <-chan struct{}, logger *slog.Logger) (*votes, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("raft votes: %w", err)
	}
	v := &votes{closing: closing, logger: logger, file: f, values: map[string][]byte{}}
	if err := v.load(filepath.Dir(path)); err != nil {
		return nil, errors.Join(fmt.Errorf("raft votes in %s: %w", path, err), f.Close())
	}
	return v, nil
}

// load reads the newer copy, or makes both of a new file.
func (v *votes) load(dir string) error {
	all := make([]byte, 2*voteCopy)
	n, err := v.file.ReadAt(all, 0)
	if n < len(all) { // it was never whole, so nobody has voted by it
		if err := v.write(); err != nil {
			return err
		}
		if err := v.write(); err != nil {
			return err
		}
		d, err := os.Open(dir)
		if err != nil {
			return err
		}
		return errors.Join(d.Sync(), d.Close())
	}
	if err != nil {
		return err
	}
	found := false
	for _, b := range [][]byte{all[:voteCopy], all[voteCopy:]} {
		serial := binary.LittleEndian.Uint64(b[4:])
		if crc32.Checksum(b[4:], castagnoli) == binary.LittleEndian.Uint32(b) && (!found || serial > v.serial) {
			found, v.serial, v.values = true, serial, decodeVotes(b[voteHeader:])
		}
	}
	if !found {
		return errors.New("it is damaged: remove this member from the cluster, empty its directory and add it again")
	}
	return nil
}

func decodeVotes(b []byte) map[string][]byte {
	values := map[string][]byte{}
	next := func() []byte {
		n := int(binary.LittleEndian.Uint16(b))
		x := b[2 : 2+n]
		b = b[2+n:]
		return x
	}
	for len(b) > 2 && binary.LittleEndian.Uint16(b) > 0 {
		key := next()
		values[string(key)] = bytes.Clone(next())
	}
	return values
}

// write makes the values durable.
func (v *votes) write() error {
	b := binary.LittleEndian.AppendUint64(make([]byte, 4, voteCopy), v.serial+1)
	for key, value := range v.values {
		b = append(binary.LittleEndian.AppendUint16(b, uint16(len(key))), key...)
		b = append(binary.LittleEndian.AppendUint16(b, uint16(len(value))), value...)
	}
	if len(b) > voteCopy {
		return fmt.Errorf("votes of %d bytes do not fit", len(b))
	}
	b = append(b, make([]byte, voteCopy-len(b))...)
	binary.LittleEndian.PutUint32(b, crc32.Checksum(b[4:], castagnoli))
	if _, err := v.file.WriteAt(b, int64((v.serial+1)%2)*voteCopy); err != nil {
		return err
	}
	if err := v.file.Sync(); err != nil {
		return err
	}
	v.serial++
	return nil
}

// keyVotedFor is the key under which Raft stores who has its vote, by address.
const keyVotedFor = "LastVoteCand"

// Set implements raft.StableStore.
func (v *votes) Set(key, value []byte) error {
	if string(key) == keyVotedFor && string(value) == v.own {
		if err := v.campaign(); err != nil {
			return err
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	old := v.values[string(key)]
	v.values[string(key)] = bytes.Clone(value)
	err := v.write()
	if err != nil {
		v.values[string(key)] = old
	}
	return err
}

// Get implements raft.StableStore.
func (v *votes) Get(key []byte) ([]byte, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	value, ok := v.values[string(key)]
	if !ok {
		return nil, errNotFound
	}
	return bytes.Clone(value), nil
}

// voteRetry is how long to wait before a term is written again.
const voteRetry = 200 * time.Millisecond

// SetUint64 implements raft.StableStore. Raft panics when a term cannot be stored, so it waits until it can: a member that
// answers nobody does no harm.
func (v *votes) SetUint64(key []byte, value uint64) error {
	encoded := binary.LittleEndian.AppendUint64(nil, value)
	for {
		err := v.Set(key, encoded)
		if err == nil {
			return nil
		}
		v.logger.Error("this JobManager cannot take part: its term is not stored", "file", v.file.Name(), "error", err)
		select {
		case <-time.After(voteRetry):
		case <-v.closing:
			return nil // no vote and no entry is stored any more, so nobody can count on the term
		}
	}
}

// GetUint64 implements raft.StableStore.
func (v *votes) GetUint64(key []byte) (uint64, error) {
	b, err := v.Get(key)
	if err != nil || len(b) != 8 {
		return 0, err
	}
	return binary.LittleEndian.Uint64(b), nil
}

// Close closes the file.
func (v *votes) Close() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.file.Close()
}
