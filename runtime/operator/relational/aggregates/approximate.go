package aggregates

import (
	"encoding/binary"
	"math"
	"math/bits"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// approximate is APPROX_COUNT_DISTINCT: HyperLogLog with 2^14 registers (Flajolet and others, 2007; the standard error is 0.8 %). Up to
// 512 different values of a group are kept as their hashes, which is exact.
type approximate struct {
	groups []sketch
	memory int64
	hashes []uint64
}

// sketch is what is known of a group: hashes in order of arrival without doubles, or registers.
type sketch struct {
	hashes    []uint64
	registers []uint8
}

const (
	registerBits = 14
	exactHashes  = 512
)

func newApproximate(Spec) (Accumulator, error) { return new(approximate), nil }

// Nulls implements Accumulator.
func (a *approximate) Nulls() bool { return false }

// Grow implements Accumulator.
func (a *approximate) Grow(n int) { a.groups = extend(a.groups, n) }

// Reset implements Accumulator.
func (a *approximate) Reset() {
	clear(a.groups)
	a.groups, a.memory = a.groups[:0], 0
}

// Bytes implements Accumulator.
func (a *approximate) Bytes() int64 { return int64(cap(a.groups))*48 + a.memory }

// States implements Accumulator.
func (a *approximate) States() []datatype.Type { return []datatype.Type{datatype.Bytes} }

// Add implements Accumulator.
func (a *approximate) Add(groups []uint32, args []*vector.Vector, rows []int32) error {
	a.hashes = extend(a.hashes[:0], len(groups))
	vector.Hash(args, len(groups), rows, a.hashes)
	for i, g := range groups {
		a.add(g, a.hashes[i])
	}
	return nil
}

func (a *approximate) add(g uint32, hash uint64) {
	s := &a.groups[g]
	if s.registers != nil {
		s.set(hash)
		return
	}
	for _, h := range s.hashes {
		if h == hash {
			return
		}
	}
	before := cap(s.hashes)
	s.hashes = append(s.hashes, hash)
	a.memory += int64(cap(s.hashes)-before) * 8
	if len(s.hashes) > exactHashes {
		a.memory += 1<<registerBits - int64(cap(s.hashes))*8
		s.registers = make([]uint8, 1<<registerBits)
		for _, h := range s.hashes {
			s.set(h)
		}
		s.hashes = nil
	}
}

// set notes how many zeros a hash begins with behind the bits that choose its register.
func (s *sketch) set(hash uint64) {
	r := &s.registers[hash>>(64-registerBits)]
	*r = max(*r, uint8(bits.LeadingZeros64(hash<<registerBits|1<<(registerBits-1))+1))
}

// Save implements Accumulator.
func (a *approximate) Save(from, to int, out []*vector.Vector) error {
	out[0].Reset(datatype.Bytes, to-from)
	var b []byte
	for i, s := range a.groups[from:to] {
		b = b[:0]
		if s.registers != nil {
			b = s.registers
		}
		for _, h := range s.hashes {
			b = binary.LittleEndian.AppendUint64(b, h)
		}
		out[0].PutBytes(i, b)
	}
	return finish(out[0])
}

// Merge implements Accumulator.
func (a *approximate) Merge(groups []uint32, states []*vector.Vector, rows []int32) (err error) {
	each(groups, rows, func(g uint32, row int) {
		b := states[0].Bytes(row)
		switch {
		case len(b) == 1<<registerBits:
			a.mergeRegisters(g, b)
		case len(b)%8 != 0 || len(b) > 8*exactHashes:
			err = errBag
		default:
			for ; len(b) > 0; b = b[8:] {
				a.add(g, binary.LittleEndian.Uint64(b))
			}
		}
	})
	return err
}

func (a *approximate) mergeRegisters(g uint32, b []byte) {
	s := &a.groups[g]
	if s.registers == nil {
		a.memory += 1<<registerBits - int64(cap(s.hashes))*8
		s.registers = make([]uint8, 1<<registerBits)
		for _, h := range s.hashes {
			s.set(h)
		}
		s.hashes = nil
	}
	for i, r := range b {
		s.registers[i] = max(s.registers[i], r)
	}
}

// Result implements Accumulator.
func (a *approximate) Result(from, to int, out *vector.Vector) error {
	out.Reset(datatype.BigInt.Required(), to-from)
	n := vector.Values[int64](out)
	for i, s := range a.groups[from:to] {
		if n[i] = int64(len(s.hashes)); s.registers != nil {
			n[i] = s.estimate()
		}
	}
	return nil
}

func (s *sketch) estimate() int64 {
	const m = 1 << registerBits
	sum, zeros := 0.0, 0
	for _, r := range s.registers {
		sum += math.Ldexp(1, -int(r))
		if r == 0 {
			zeros++
		}
	}
	n := 0.7213 / (1 + 1.079/m) * m * m / sum
	if n <= 2.5*m && zeros > 0 {
		n = m * math.Log(float64(m)/float64(zeros))
	}
	return int64(math.Round(n))
}
