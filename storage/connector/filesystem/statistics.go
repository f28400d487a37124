package filesystem

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/leatproject/leat/storage/connector/file"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/filesystem"
	"github.com/leatproject/leat/storage/format"
	"github.com/leatproject/leat/storage/format/columnar/parquet"
	"github.com/leatproject/leat/storage/vector"
)

// Statistics are what is known of the rows of a table without reading them.
type Statistics struct {
	Files int
	Bytes int64 // of the files
	Rows  int64
	// Exact says that Rows was counted; otherwise it is an estimate from the beginning of a file.
	Exact   bool
	Columns []ColumnStatistics // by column of the table
}

// ColumnStatistics are what is known of a column.
type ColumnStatistics struct {
	// Bounds are the least and the greatest value, two rows of the column's type; nil where they are not known.
	Bounds *vector.Vector
	Nulls  int64 // -1: not known
	Bytes  int64 // of its values, without compression; 0: not known
}

// Distinct is how many different values a column has at most by its bounds: one of whole numbers, of days, or of what seems to be codes of one
// character; false for others.
func (c *ColumnStatistics) Distinct() (float64, bool) {
	if c.Bounds == nil {
		return 0, false
	}
	switch c.Bounds.Type.Kind {
	case datatype.KindTinyInt:
		return within[int8](c.Bounds), true
	case datatype.KindSmallInt:
		return within[int16](c.Bounds), true
	case datatype.KindInt, datatype.KindDate:
		return within[int32](c.Bounds), true
	case datatype.KindBigInt:
		return within[int64](c.Bounds), true
	case datatype.KindChar, datatype.KindVarChar:
		if low, high := c.Bounds.Bytes(0), c.Bounds.Bytes(1); len(low) == 1 && len(high) == 1 {
			return float64(high[0]) - float64(low[0]) + 1, true
		}
	}
	return 0, false
}

func within[T int8 | int16 | int32 | int64](bounds *vector.Vector) float64 {
	v := vector.Values[T](bounds)
	return float64(v[1]) - float64(v[0]) + 1
}

// maxFooters is of how many files the footers are read; others are taken to be like them.
const maxFooters = 64

// Statistics looks at the files that filters on partitions leave.
func (t *Table) Statistics(ctx context.Context, filters ...Filter) (*Statistics, error) {
	found, err := filesystem.Glob(ctx, t.settings.path)
	if err != nil {
		return nil, err
	}
	source := &Source{table: t, filters: filters}
	s := &Statistics{Columns: make([]ColumnStatistics, len(t.fields))}
	for i := range s.Columns {
		s.Columns[i].Nulls = -1
	}
	var files []filesystem.FileInfo
	for _, f := range found {
		if len(t.partitions) == 0 || source.keep(f.Path) {
			files = append(files, f)
			s.Bytes += f.Size
		}
	}
	if s.Files = len(files); s.Files == 0 {
		s.Exact = true
		return s, nil
	}
	if t.settings.format == "parquet" {
		return s, t.footers(ctx, s, files)
	}
	if t.settings.format == "avro" {
		s.Rows, err = avroRows(ctx, files[0], s.Bytes)
		return s, err
	}
	if t.settings.format == "arrow" {
		s.Rows = max(1, s.Bytes/typicalRecord)
		return s, nil
	}
	s.Rows, err = estimateRows(ctx, files[0], s.Bytes)
	return s, err
}

// footers adds what the footers of files say.
func (t *Table) footers(ctx context.Context, s *Statistics, files []filesystem.FileInfo) error {
	step := (len(files) + maxFooters - 1) / maxFooters
	var read int64
	for i := 0; i < len(files); i += step {
		p, f, err := openParquet(ctx, files[i].Path)
		if err != nil {
			return err
		}
		read += files[i].Size
		t.addFooter(s, p, i == 0)
		if err := f.Close(); err != nil {
			return err
		}
	}
	if s.Exact = step == 1; s.Exact || read == 0 {
		return nil
	}
	factor := float64(s.Bytes) / float64(read)
	s.Rows = int64(float64(s.Rows) * factor)
	for i := range s.Columns {
		s.Columns[i].Bytes = int64(float64(s.Columns[i].Bytes) * factor)
		s.Columns[i].Nulls, s.Columns[i].Bounds = -1, nil
	}
	return nil
}

func (t *Table) addFooter(s *Statistics, p *parquet.File, first bool) {
	s.Rows += p.Rows()
	for _, c := range t.stored {
		column, f := &s.Columns[c], t.fields[c]
		column.Bytes += p.ColumnBytes(f.Name)
		for g := range p.RowGroups() {
			least, greatest, nulls := p.Bounds(g, f.Name, f.Type)
			begin := first && g == 0
			switch {
			case nulls < 0 || column.Nulls < 0 && !begin:
				column.Nulls = -1
			case begin:
				column.Nulls = nulls
			default:
				column.Nulls += nulls
			}
			switch {
			case nulls == p.GroupRows(g) && !begin: // only NULLs: nothing to widen by
			case least == nil || column.Bounds == nil && !begin:
				column.Bounds = nil
			case begin:
				column.Bounds = pair(least, 0, greatest, 0)
			default:
				column.Bounds = widened(column.Bounds, least, greatest)
			}
		}
	}
}

func pair(a *vector.Vector, i int, b *vector.Vector, k int) *vector.Vector {
	v := vector.New(a.Type, 2)
	v.Copy(0, a, i)
	v.Copy(1, b, k)
	v.Finish()
	return v
}

func widened(b, least, greatest *vector.Vector) *vector.Vector {
	low, at := b, 0
	if compare(least, 0, b, 0) < 0 {
		low = least
	}
	high, end := b, 1
	if compare(greatest, 0, b, 1) > 0 {
		high, end = greatest, 0
	}
	return pair(low, at, high, end)
}

// avroRows guesses the number of records in files of so many bytes from the first block of one.
func avroRows(ctx context.Context, f filesystem.FileInfo, total int64) (int64, error) {
	a, in, err := openAvro(ctx, f.Path)
	if err != nil {
		return 0, err
	}
	records, size, err := a.FirstBlock()
	_ = in.Close() // only read; a decompressor that was not read to its end complains
	if err != nil || records <= 0 || size <= 0 {
		return 0, err
	}
	return max(1, int64(float64(total)/float64(size)*float64(records))), nil
}

// sampleBytes is how much of a text is looked at, typicalRatio what compression saves, typicalRecord the bytes of a record of a format that
// nothing is known of.
const (
	sampleBytes   = 1 << 20
	typicalRatio  = 4
	typicalRecord = 50
)

// estimateRows guesses the number of lines in files of so many bytes from the beginning of one.
func estimateRows(ctx context.Context, f filesystem.FileInfo, total int64) (int64, error) {
	head, whole, err := readHead(ctx, f.Path)
	if err != nil || len(head) == 0 {
		return 0, err
	}
	if format.CompressionOf(f.Path) != format.None {
		if total *= typicalRatio; whole && f.Size > 0 {
			total = total / typicalRatio * int64(len(head)) / f.Size
		}
	}
	lines := max(1, int64(bytes.Count(head, []byte{'\n'})))
	return max(1, total*lines/int64(len(head))), nil
}

// readHead is the beginning of the content of a file; whole says that it is all of it.
func readHead(ctx context.Context, path string) (head []byte, whole bool, err error) {
	in, err := file.Open(ctx, path, 0)
	if err != nil {
		return nil, false, err
	}
	head, err = io.ReadAll(io.LimitReader(in, sampleBytes+1))
	if err != nil {
		_ = in.Close() // it would only say the same again
		if format.CompressionOf(path) != format.None {
			err = fmt.Errorf("it is damaged or cut off (%w); write it again, or leave it out", err)
		}
		return nil, false, fmt.Errorf("read %s: %w", path, err)
	}
	whole = len(head) <= sampleBytes
	if !whole {
		head = head[:sampleBytes]
	}
	_ = in.Close() // only read; a decompressor that was not read to its end complains
	return head, whole, nil
}
