package format

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// readAll reads an input to its end in batches and returns the number of rows.
func readAll[T any](b *testing.B, f StreamFormat[T], input []byte) (n int) {
	r, err := f.NewReader(Input{Bytes: bytes.NewReader(input), Path: "input"})
	require.NoError(b, err)
	rows := make([]T, 0, 8192)
	for {
		rows, err = r.Read(rows[:0], 8192)
		n += len(rows)
		if err == io.EOF {
			return n
		}
		require.NoError(b, err)
	}
}

func perRecord(b *testing.B, records int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(records), "ns/record")
}

func BenchmarkText(b *testing.B) {
	const lines = 1 << 20
	input := []byte(strings.Repeat(strings.Repeat("word ", 11)+"last\n", lines))
	b.Run("leat", func(b *testing.B) {
		b.SetBytes(int64(len(input)))
		for b.Loop() {
			require.Equal(b, lines, readAll(b, Text{}, input))
		}
		perRecord(b, lines)
	})
	b.Run("bufio.Scanner", func(b *testing.B) {
		b.SetBytes(int64(len(input)))
		for b.Loop() {
			n, s := 0, bufio.NewScanner(bytes.NewReader(input))
			for s.Scan() {
				n += len(s.Text()) & 1
			}
		}
		perRecord(b, lines)
	})
}

type trade struct {
	ID     int64
	Symbol string
	Price  float64
	Amount int32
	Venue  string
}

func BenchmarkCSV(b *testing.B) {
	const records = 1 << 17
	var buf bytes.Buffer
	for i := range records {
		fmt.Fprintf(&buf, "%d,SYM%d,%d.%02d,%d,venue-%d\n", 1000000+i, i%500, i%900, i%100, i%10000, i%7)
	}
	input := buf.Bytes()
	format, err := NewCSV[trade](CSVOptions{})
	require.NoError(b, err)
	b.Run("leat", func(b *testing.B) {
		b.SetBytes(int64(len(input)))
		for b.Loop() {
			require.Equal(b, records, readAll(b, format, input))
		}
		perRecord(b, records)
	})
	b.Run("encoding/csv", func(b *testing.B) {
		b.SetBytes(int64(len(input)))
		for b.Loop() {
			r := csv.NewReader(bytes.NewReader(input))
			r.ReuseRecord = true
			var row trade
			for {
				fields, err := r.Read()
				if err == io.EOF {
					break
				}
				row.ID, _ = strconv.ParseInt(fields[0], 10, 64)
				row.Price, _ = strconv.ParseFloat(fields[2], 64)
				amount, _ := strconv.ParseInt(fields[3], 10, 32)
				row.Symbol, row.Venue, row.Amount = fields[1], fields[4], int32(amount)
			}
		}
		perRecord(b, records)
	})
	b.Run("write", func(b *testing.B) {
		row := trade{1000000, "SYM17", 123.45, 1234, "venue-3"}
		var dst []byte
		for b.Loop() {
			dst, _ = format.Append(dst[:0], &row)
		}
	})
}

var _ = json.Valid
var _ = time.Now
