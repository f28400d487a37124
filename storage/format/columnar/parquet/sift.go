package parquet

import (
	"io"

	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/vector"
)

// Sift chooses rows by some of the wanted columns. These are read first; of the others, if few rows are chosen, only their values.
type Sift struct {
	Columns []int // places in the wanted columns
	// Keep says which rows of a batch are wanted, of which it sees these columns alone; nil: all.
	Keep func(b *vector.Batch) []int32
}

const (
	// siftSparse is the part of the rows, one of so many, up to which values are read one by one.
	siftSparse = 24
	// siftRows is how many rows are looked at for one batch.
	siftRows = 128 << 10
)

// SiftedReader is NewPrunedReader with rows that are chosen while they are read. Columns that are nested are read as if there were no
// sift.
func SiftedReader(f *File, wanted []columnar.Field, groups []int, after int64, kept func(group int) ([]Range, error), sift Sift) (columnar.Reader, error) {
	made, err := NewPrunedReader(f, wanted, groups, after, kept)
	r, ok := made.(*reader)
	if !ok || err != nil || len(sift.Columns) == 0 {
		return made, err
	}
	for _, a := range r.columns {
		if leaf := &f.leaves[a.leaf.leaf]; leaf.nested || leaf.repeated {
			return made, nil
		}
	}
	r.sift, r.sifted = sift, make([]bool, len(wanted))
	for range wanted {
		r.keys.Columns = append(r.keys.Columns, new(vector.Vector))
	}
	for _, c := range sift.Columns {
		r.sifted[c] = true
	}
	return r, nil
}

// readSifted is Read where there is a sift: it puts rows of which few are wanted together, or reads some of which many are.
func (r *reader) readSifted(b *vector.Batch, limit int) error {
	columnar.Prepare(b, r.wanted, limit)
	filled := 0
	for seen := 0; filled <= limit/2 && seen < siftRows; {
		more, err := r.ready()
		if err != nil {
			columnar.Truncate(b, filled)
			return err
		}
		if !more {
			if filled > 0 {
				break
			}
			columnar.Truncate(b, 0)
			return io.EOF
		}
		n := int(min(r.ranges[0].To-r.row, int64(limit-filled)))
		chosen, err := r.choose(n)
		many := filled == 0 && (chosen == nil || len(chosen) > n/siftSparse)
		switch {
		case err != nil:
		case many:
			err = r.readRest(b, n)
		default:
			if chosen == nil {
				chosen = rowsTo(n)
			}
			err = r.readChosen(b, filled, n, chosen)
		}
		if err != nil {
			columnar.Truncate(b, filled)
			return err
		}
		r.advance(n)
		seen += n
		if many {
			if filled = n; len(chosen) < n {
				b.Selection = chosen
			}
			break
		}
		filled += len(chosen)
	}
	for _, v := range b.Columns {
		v.Finish()
	}
	columnar.Truncate(b, filled)
	return r.checkNulls(b)
}

// choose reads the columns of the sift of the next n rows.
func (r *reader) choose(n int) ([]int32, error) {
	r.keys.Length = n
	for _, c := range r.sift.Columns {
		v := r.keys.Columns[c]
		v.Reset(r.wanted[c].Type, n)
		if err := r.columns[c].read(v, n); err != nil {
			return nil, err
		}
		v.Finish()
	}
	return r.sift.Keep(&r.keys), nil
}

// readRest reads the other columns of the next n rows; those of the sift change places with those of the batch.
func (r *reader) readRest(b *vector.Batch, n int) error {
	for i, v := range b.Columns {
		if r.sifted[i] {
			*v, *r.keys.Columns[i] = *r.keys.Columns[i], *v
			continue
		}
		v.Reset(r.wanted[i].Type, n)
		if err := r.columns[i].read(v, n); err != nil {
			return err
		}
	}
	return nil
}

// readChosen sets rows of the batch from one on to those that are chosen of the next n.
func (r *reader) readChosen(b *vector.Batch, at, n int, chosen []int32) error {
	for i, v := range b.Columns {
		if r.sifted[i] {
			for k, row := range chosen {
				v.Copy(at+k, r.keys.Columns[i], int(row))
			}
			continue
		}
		c := r.columns[i].leaf.chunk
		next := 0
		for k := 0; k < len(chosen); {
			from, run := int(chosen[k]), 1
			for k+run < len(chosen) && int(chosen[k+run]) == from+run {
				run++
			}
			if err := c.skip(from - next); err != nil {
				return err
			}
			if err := c.read(v, at+k, run); err != nil {
				return err
			}
			next, k = from+run, k+run
		}
		if err := c.skip(n - next); err != nil {
			return err
		}
	}
	return nil
}

func rowsTo(n int) []int32 {
	out := make([]int32, n)
	for i := range out {
		out[i] = int32(i)
	}
	return out
}
