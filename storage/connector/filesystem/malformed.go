package filesystem

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"unicode/utf8"

	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/source"
)

// malformed does what a table says about records that cannot be read. Dead letters are written as lines of JSON into a file for each
// reader, which appears when the reader ends: after a failure and a restart a record may be there twice.
type malformed struct {
	settings *settings
	env      source.Env
	letters  *filesystem.AtomicWriter
}

// handler is what a format calls, nil where such a record is an error.
func (m *malformed) handler() onMalformed {
	if m.settings.onError == "fail" && !m.settings.ignoreErrors {
		return nil
	}
	return func(raw []byte, err *format.RecordError) error {
		if m.env.Counters != nil {
			m.env.Counters.Add("numRecordsInErrors", max(1, err.Records))
		}
		if m.settings.onError == "dead-letter" {
			return m.write(raw, err)
		}
		if m.env.Malformed != nil {
			m.env.Malformed(bytes.Clone(raw), err)
		}
		return nil
	}
}

// letter is a record that could not be read.
type letter struct {
	Path   string `json:"path"`
	Offset int64  `json:"offset"`
	Column int    `json:"column,omitempty"`
	Field  string `json:"field,omitempty"`
	Error  string `json:"error"`
	Record string `json:"record,omitempty"`
	Base64 []byte `json:"base64,omitempty"` // of a record that is no UTF-8
	// Of formats that store records in blocks.
	Block   string `json:"block,omitempty"`
	Number  int64  `json:"number,omitempty"`
	Records int64  `json:"records,omitempty"`
}

func (m *malformed) write(raw []byte, err *format.RecordError) error {
	if m.letters == nil {
		if err := m.create(); err != nil {
			return fmt.Errorf("dead letters: %w", err)
		}
	}
	l := letter{Path: err.Path, Offset: err.Offset, Column: err.Column, Field: err.Field, Error: err.Err.Error(), Record: string(raw),
		Block: err.Block, Number: err.Number, Records: err.Records}
	if err.Block != "" || !utf8.Valid(raw) {
		l.Record, l.Base64 = "", raw
	}
	line, jsonErr := json.Marshal(l)
	if jsonErr != nil {
		return jsonErr
	}
	if _, err := m.letters.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("dead letters: %w", err)
	}
	return nil
}

func (m *malformed) create() error {
	ctx := context.Background()
	fs, within, err := filesystem.For(ctx, m.settings.deadLetter)
	if err != nil {
		return err
	}
	var id [8]byte
	rand.Read(id[:]) // never fails
	name := fmt.Sprintf("dead-%d-%s.json", m.env.Subtask, hex.EncodeToString(id[:]))
	m.letters, err = filesystem.CreateAtomic(ctx, fs, path.Join(within, name))
	return err
}

func (m *malformed) close() error {
	if m.letters == nil {
		return nil
	}
	err := m.letters.Close()
	if err != nil {
		err = errors.Join(fmt.Errorf("dead letters: %w", err), m.letters.Abort())
	}
	m.letters = nil
	return err
}
