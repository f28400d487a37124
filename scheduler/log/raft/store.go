package raft

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"
	"github.com/leatproject/leat/scheduler/log"
	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// store keeps Raft's entries in a bbolt file. Every write is synced.
type store struct {
	db   *bbolt.DB
	full atomic.Bool // whether the last entries were not stored
}

var (
	bucketEntries = []byte("entries")
	bucketProbe   = []byte("probe")
)

func openStore(path string) (*store, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second, NoFreelistSync: true, FreelistType: bbolt.FreelistMapType})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, fmt.Errorf("open %s: another JobManager uses it: stop it or give this one its own directory", path)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	s := &store{db: db}
	err = db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(bucketEntries)
		return err
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), db.Close())
	}
	return s, nil
}

// Close closes the file.
func (s *store) Close() error { return s.db.Close() }

func key(index uint64) []byte { return binary.BigEndian.AppendUint64(nil, index) }

// FirstIndex implements raft.LogStore.
func (s *store) FirstIndex() (index uint64, err error) {
	err = s.db.View(func(tx *bbolt.Tx) error {
		if k, _ := tx.Bucket(bucketEntries).Cursor().First(); k != nil {
			index = binary.BigEndian.Uint64(k)
		}
		return nil
	})
	return index, err
}

// LastIndex implements raft.LogStore.
func (s *store) LastIndex() (index uint64, err error) {
	err = s.db.View(func(tx *bbolt.Tx) error {
		if k, _ := tx.Bucket(bucketEntries).Cursor().Last(); k != nil {
			index = binary.BigEndian.Uint64(k)
		}
		return nil
	})
	return index, err
}

// GetLog implements raft.LogStore.
func (s *store) GetLog(index uint64, l *raft.Log) error {
	return s.db.View(func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucketEntries).Get(key(index))
		if b == nil {
			return raft.ErrLogNotFound
		}
		return decodeLog(index, b, l)
	})
}

// StoreLog implements raft.LogStore.
func (s *store) StoreLog(l *raft.Log) error { return s.StoreLogs([]*raft.Log{l}) }

// StoreLogs implements raft.LogStore.
func (s *store) StoreLogs(all []*raft.Log) error {
	err := s.db.Update(func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucketEntries)
		b.FillPercent = 0.9 // entries come in order
		for _, l := range all {
			if err := b.Put(key(l.Index), encodeLog(l)); err != nil {
				return err
			}
		}
		return nil
	})
	s.full.Store(err != nil)
	return err
}

// DeleteRange implements raft.LogStore.
func (s *store) DeleteRange(first, last uint64) error {
	return s.db.Update(func(tx *bbolt.Tx) error {
		c := tx.Bucket(bucketEntries).Cursor()
		for k, _ := c.Seek(key(first)); k != nil && binary.BigEndian.Uint64(k) <= last; k, _ = c.Next() {
			if err := c.Delete(); err != nil {
				return err
			}
		}
		return nil
	})
}

// An entry is: term (8 bytes), time (8, nanoseconds since the epoch, 0 for none), type (1), length of the extensions (4),
// extensions, data; little endian.
const logHeader = 21

func encodeLog(l *raft.Log) []byte {
	b := make([]byte, logHeader, logHeader+len(l.Extensions)+len(l.Data))
	binary.LittleEndian.PutUint64(b, l.Term)
	if !l.AppendedAt.IsZero() {
		binary.LittleEndian.PutUint64(b[8:], uint64(l.AppendedAt.UnixNano()))
	}
	b[16] = byte(l.Type)
	binary.LittleEndian.PutUint32(b[17:], uint32(len(l.Extensions)))
	return append(append(b, l.Extensions...), l.Data...)
}

// decodeLog copies: the bytes belong to the transaction.
func decodeLog(index uint64, b []byte, l *raft.Log) error {
	if len(b) < logHeader || len(b)-logHeader < int(binary.LittleEndian.Uint32(b[17:])) {
		return errors.New("raft entry is damaged: remove this member, empty its directory and add it again")
	}
	*l = raft.Log{Index: index, Term: binary.LittleEndian.Uint64(b), Type: raft.LogType(b[16])}
	if at := int64(binary.LittleEndian.Uint64(b[8:])); at != 0 {
		l.AppendedAt = time.Unix(0, at)
	}
	data := append([]byte(nil), b[logHeader:]...)
	n := binary.LittleEndian.Uint32(b[17:])
	l.Extensions, l.Data = data[:n:n], data[n:]
	if n == 0 {
		l.Extensions = nil
	}
	return nil
}

// probe tells whether there is space for the largest entry. It is cheap unless an entry was refused before.
func (s *store) probe() error {
	if !s.full.Load() {
		return nil
	}
	err := s.db.Update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists(bucketProbe)
		if err != nil {
			return err
		}
		return b.Put(bucketProbe, make([]byte, log.MaxEntry))
	})
	if err == nil {
		err = s.db.Update(func(tx *bbolt.Tx) error { return tx.DeleteBucket(bucketProbe) })
	}
	if err == nil {
		s.full.Store(false)
	}
	return err
}
