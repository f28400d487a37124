package pebble

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"sort"
)

// A page holds records in the order of their keys:
//
//	checksum  4 bytes, CRC32C of what follows
//	n         2 bytes, records
//	hashes    8 bytes each
//	starts    2 bytes each, of all records but the first: where they begin in the payload
//	payload   for each record the length of what follows the hash in its key, twice, plus 1 if it is a removal (uvarint), that rest,
//	          and the value
//
// Integers are little endian. A page is closed before it becomes larger than sizes.page; a record that is larger has one of its own.
const (
	pageHeader = 6
	hashBytes  = 8
	maxRecords = 1<<16 - 1
)

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	errDamaged = errors.New("a page is damaged")
)

// entry is a record, or the removal of one. rest is its key without the hash.
type entry struct {
	hash    uint64
	rest    []byte
	value   []byte
	removed bool
}

// before orders entries by their keys.
func (e *entry) before(f *entry) bool {
	if e.hash != f.hash {
		return e.hash < f.hash
	}
	return bytes.Compare(e.rest, f.rest) < 0
}

func (e *entry) same(f *entry) bool { return e.hash == f.hash && bytes.Equal(e.rest, f.rest) }

// split splits a key.
func split(key []byte) (hash uint64, rest []byte) {
	return binary.BigEndian.Uint64(key), key[hashBytes:]
}

// pageBuilder collects the records of one page.
type pageBuilder struct {
	most    int // bytes
	hashes  []uint64
	starts  []int
	payload []byte
}

// room tells whether a record fits.
func (b *pageBuilder) room(e *entry) bool {
	n := len(b.hashes)
	size := pageHeader + (n+1)*(hashBytes+2) + len(b.payload) + len(e.rest) + len(e.value) + 5
	return n == 0 || size <= b.most && n < maxRecords
}

func (b *pageBuilder) add(e *entry) {
	b.hashes = append(b.hashes, e.hash)
	b.starts = append(b.starts, len(b.payload))
	head := uint64(len(e.rest)) << 1
	if e.removed {
		head |= 1
	}
	b.payload = binary.AppendUvarint(b.payload, head)
	b.payload = append(b.payload, e.rest...)
	b.payload = append(b.payload, e.value...)
}

// finish appends the page to dst and empties the builder.
func (b *pageBuilder) finish(dst []byte) []byte {
	from := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(len(b.hashes)))
	for _, h := range b.hashes {
		dst = binary.LittleEndian.AppendUint64(dst, h)
	}
	for _, s := range b.starts[1:] {
		dst = binary.LittleEndian.AppendUint16(dst, uint16(s))
	}
	dst = append(dst, b.payload...)
	binary.LittleEndian.PutUint32(dst[from:], crc32.Checksum(dst[from+4:], castagnoli))
	b.hashes, b.starts, b.payload = b.hashes[:0], b.starts[:0], b.payload[:0]
	return dst
}

// page is a page that was read.
type page struct {
	n                       int
	hashes, starts, payload []byte
}

func openPage(data []byte) (p page, err error) {
	if len(data) < pageHeader || crc32.Checksum(data[4:], castagnoli) != binary.LittleEndian.Uint32(data) {
		return p, errDamaged
	}
	p.n = int(binary.LittleEndian.Uint16(data[4:]))
	data = data[pageHeader:]
	if p.n == 0 || len(data) < p.n*(hashBytes+2)-2 {
		return p, errDamaged
	}
	p.hashes, data = data[:p.n*hashBytes], data[p.n*hashBytes:]
	p.starts, p.payload = data[:2*(p.n-1)], data[2*(p.n-1):]
	return p, nil
}

func (p *page) hash(i int) uint64 { return binary.LittleEndian.Uint64(p.hashes[hashBytes*i:]) }

func (p *page) start(i int) int {
	switch i {
	case 0:
		return 0
	case p.n:
		return len(p.payload)
	}
	return int(binary.LittleEndian.Uint16(p.starts[2*(i-1):]))
}

// entry reads a record. It is a view of the page.
func (p *page) entry(i int, e *entry) error {
	from, to := p.start(i), p.start(i+1)
	if from > to || to > len(p.payload) {
		return errDamaged
	}
	body := p.payload[from:to:to]
	head, n := binary.Uvarint(body)
	if n <= 0 || uint64(len(body)-n) < head>>1 {
		return errDamaged
	}
	body = body[n:]
	e.hash, e.removed = p.hash(i), head&1 != 0
	e.rest, e.value = body[:head>>1], body[head>>1:]
	return nil
}

// from is the first record whose hash is not less than one.
func (p *page) from(hash uint64) int {
	return sort.Search(p.n, func(i int) bool { return p.hash(i) >= hash })
}

// find reads the record of a key.
func (p *page) find(hash uint64, rest []byte, e *entry) (found bool, err error) {
	for i := p.from(hash); i < p.n && p.hash(i) == hash; i++ {
		if err := p.entry(i, e); err != nil {
			return false, err
		}
		if bytes.Equal(e.rest, rest) {
			return true, nil
		}
	}
	return false, nil
}
